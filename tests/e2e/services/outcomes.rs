//! Services that do not work, each in its own way, and that nobody else waits for them.

use super::namespace::Namespaces;
use super::setting::{Server, call, door, nowhere, road, service, yaml};
use crate::harness::exposition::Exposition;
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::road::Road;
use crate::harness::wait;
use std::time::{Duration, Instant};

/// The outcomes of service `name`: success, failure, timeout.
fn outcomes(metrics: &Exposition, name: &str) -> [f64; 3] {
    ["success", "failure", "timeout"].map(|outcome| {
        let series = format!("circuit_breaker_requests_total{{service=\"{name}\",outcome=\"{outcome}\"}}");
        metrics.get(&series).unwrap_or(0.0)
    })
}

#[test]
fn each_way_to_fail_has_the_outcome_that_its_name_says_and_others_do_not_wait() {
    let (bad, good) = (Server::service("127.0.0.1:0"), Server::service("127.0.0.1:0"));
    let listen = ", listen: '127.0.0.1:0'";
    let services = [("bad", bad.address), ("good", good.address), ("gone", nowhere())];
    let services: Vec<_> = services.iter().map(|(name, address)| service(name, *address, listen)).collect();
    let road = road(good.address, &format!("[{}]", services.join(", ")), "{}");
    let at = |service| format!("http://{}", door(&road, "service", Some(service)));
    let environment = [
        ("SERVICE_BAD", at("bad")),
        ("SERVICE_GOOD", at("good")),
        ("SERVICE_GONE", at("gone")),
        ("CALL_TIMEOUT", "1.5".to_owned()),
    ];
    let gateway = Server::gateway(&environment);
    let mut slowest = Duration::ZERO;
    let mut seen = [0.0; 3];
    // Path, status that the gateway gives, and which outcome moves.
    let cases = [
        ("/bad/reset", 502, 1),
        ("/bad/half", 502, 1),
        ("/bad/status/500", 500, 1),
        ("/bad/slow/400", 200, 0),
        ("/bad/hang", 504, 2),
    ];
    for (path, status, outcome) in cases {
        std::thread::scope(|scope| {
            let caller = scope.spawn(|| call(gateway.address, path).status);
            // Others are served while it lasts.
            loop {
                let began = Instant::now();
                assert_eq!(call(gateway.address, "/good/status/200").status, 200);
                slowest = slowest.max(began.elapsed());
                if caller.is_finished() {
                    break;
                }
            }
            assert_eq!(caller.join().expect("the call ends"), status, "{path}");
        });
        seen[outcome] += 1.0;
        wait::until_equal(path, &seen, || outcomes(&road.metrics(), "bad"));
    }
    assert_eq!(call(gateway.address, "/gone/status/200").status, 502);
    wait::until_equal("a service that is not there", &[0.0, 1.0, 0.0], || outcomes(&road.metrics(), "gone"));
    assert_eq!(outcomes(&road.metrics(), "good")[1..], [0.0, 0.0]);
    eprintln!("the slowest answer of a good service meanwhile took {slowest:?}");
    assert!(slowest < Duration::from_millis(400), "{slowest:?}: nobody waits for a service that hangs");
}

#[test]
fn a_service_that_flaps_opens_its_breaker_and_closes_it() {
    let a = Server::service("127.0.0.1:0");
    let breaker = ", listen: '127.0.0.1:0', circuit_breaker: { consecutive_failures: 2, open_for: 1s }";
    let road = road(a.address, &format!("[{}]", service("a", a.address, breaker)), "{}");
    let port = door(&road, "service", Some("a"));
    let transitions = |to: &str| {
        road.metrics().get(&format!("circuit_breaker_transitions_total{{service=\"a\",to=\"{to}\"}}")).unwrap_or(0.0)
    };
    for turn in [1.0, 2.0] {
        (0..2).for_each(|_| assert_eq!(crate::harness::raw::get(port, "/status/503").status, 503));
        wait::until_equal("open", &turn, || transitions("open"));
        // Time alone makes it half open, and is seen without a call.
        wait::until_equal("half open", &turn, || transitions("half_open"));
        assert_eq!(crate::harness::raw::get(port, "/status/200").status, 200);
        wait::until_equal("closed", &turn, || transitions("closed"));
    }
}

#[test]
fn active_checks_tell_what_works() {
    let (good, bad) = (Server::service("127.0.0.1:0"), Server::service("127.0.0.1:0"));
    let check =
        |path: &str| format!(", health_check: {{ path: '{path}', body: 'status', interval: 200ms, unhealthy: 2 }}");
    let services =
        [service("good", good.address, &check("/status/200")), service("bad", bad.address, &check("/status/500"))];
    let road = road(good.address, &format!("[{}]", services.join(", ")), "{}");
    let health = |name: &str, health: &str| {
        road.metrics().get(&format!("service_instances_total{{service=\"{name}\",health=\"{health}\"}}"))
    };
    wait::until_equal("a healthy service", &Some(1.0), || health("good", "healthy"));
    wait::until_equal("an unhealthy service", &Some(1.0), || health("bad", "unhealthy"));
    let checks = road.metrics().get("service_health_checks_total{service=\"bad\",result=\"failure\"}");
    assert!(checks >= Some(2.0), "{checks:?}");
    assert_eq!(road.metrics().moved("service_requests_total").len(), 0, "a check is no call of the gateway's");
}

/// Outrider and a name server in a namespace, whose `/etc/resolv.conf` leads there.
#[test]
fn addresses_follow_dns_and_a_name_that_vanishes_has_none() {
    let namespaces = Namespaces::new();
    let etc = format!("/etc/netns/{}", namespaces.gateway_name());
    std::fs::create_dir_all(&etc).expect("root makes a folder");
    std::fs::write(format!("{etc}/resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        .expect("a file");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let addresses = folder.path().join("addresses");
    std::fs::write(&addresses, "10.77.0.2").expect("the folder takes a file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/name_server.py");
    let mut command = namespaces.gateway(installed::python());
    let names = Process::start("the name server", command.args([script, "api.test"]).arg(&addresses));
    names.wait_for_line("the name server", |line| (line == "ready").then_some(()));
    let config = folder.path().join("agent.yaml");
    let services = "[{ name: dns, address: 'api.test:7000', listen: '127.0.0.1:15101' },
        { name: srv, address: '_http._tcp.api.test:1', discovery: srv }]";
    std::fs::write(&config, yaml("127.0.0.1:9", services, "{}", folder.path())).expect("the folder takes a file");
    let server = |host: u8| {
        let mut command = namespaces.services(installed::python());
        Server::start("service.py", &mut command, &format!("10.77.0.{host}:7000"), &[])
    };
    let (_two, _three) = (server(2), server(3));
    let road = Road::run_by(folder, namespaces.gateway(env!("CARGO_BIN_EXE_outrider")), &config);
    let get = |url: &str| {
        let mut curl = namespaces.gateway("curl");
        let output = curl.args(["--silent", "--max-time", "5", "--noproxy", "*", url]).output().expect("curl starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let metrics = || Exposition::parse(&get(&format!("http://{}/api/v1/metrics", road.admin())));
    let instances = |service: &str| {
        let all = metrics();
        let of = format!("service=\"{service}\"");
        all.moved("service_instances_total")
            .iter()
            .filter(|(key, _)| key.contains(&of))
            .map(|(_, count)| count)
            .sum::<f64>()
    };
    let call = || get("http://127.0.0.1:15101/status/200");
    assert_eq!(call(), "status 200");
    wait::until_equal("one address by SRV", &1.0, || instances("srv"));
    std::fs::write(&addresses, "10.77.0.2 10.77.0.3").expect("the file can be written");
    wait::until_equal("a second address", &2.0, || instances("dns"));
    wait::until_equal("a second address by SRV", &2.0, || instances("srv"));
    std::fs::write(&addresses, "").expect("the file can be written");
    wait::until_equal("no address", &0.0, || instances("dns"));
    let failures = || outcomes(&metrics(), "dns")[1];
    let before = failures();
    assert_eq!(call(), "", "the connection fails, as it would without us");
    assert_eq!(failures(), before + 1.0);
    std::fs::write(&addresses, "10.77.0.3").expect("the file can be written");
    wait::until("the service to be found back", || (call() == "status 200").then_some(()));
    let _ = std::fs::remove_dir_all(etc);
}
