//! Breakers: observe changes no answer, enforce stops calls to what is dead.

use super::setting::{Server, call, door, road, service};
use crate::harness::raw::Connection;
use crate::harness::wait;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

fn gateway_through(road: &crate::harness::road::Road) -> Server {
    Server::gateway(&[("SERVICE_A", format!("http://{}", door(road, "service", Some("a"))))])
}

#[test]
fn an_observing_breaker_changes_no_byte_of_any_answer() {
    let a = Server::service("127.0.0.1:0");
    let breaker =
        ", listen: '127.0.0.1:0', circuit_breaker: { mode: observe, consecutive_failures: 1, min_requests: 1 }";
    let road = road(a.address, &format!("[{}]", service("a", a.address, breaker)), "{}");
    let port = door(&road, "service", Some("a"));
    let raw = |at: SocketAddr, path: &str| {
        let mut connection = Connection::open(at);
        connection.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        let (bytes, end) = connection.rest_or_reset();
        // The clock is the service's own.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines: Vec<_> = text.split("\r\n").filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect();
        (lines, end)
    };
    for path in ["/status/500", "/status/500", "/reset", "/half", "/status/503", "/status/200", "/slow/50", "/half"] {
        assert_eq!(raw(port, path), raw(a.address, path), "{path}");
    }
    let metrics = road.metrics();
    assert_eq!(metrics.get("circuit_breaker_state{service=\"a\",state=\"open\"}"), Some(1.0), "it was open meanwhile");
    assert!(metrics.sum("outrider_circuit_breaker_withheld_total") >= 6.0);
    assert_eq!(metrics.get("circuit_breaker_requests_total{service=\"a\",outcome=\"rejected\"}"), Some(0.0));
}

#[test]
fn an_enforcing_breaker_stops_calls_to_a_dead_service_and_lets_one_probe_find_it_back() {
    let a = Server::service("127.0.0.1:0");
    let address = a.address;
    let breaker = ", listen: '127.0.0.1:0', circuit_breaker: { mode: enforce, consecutive_failures: 5, open_for: 1s }";
    let road = road(address, &format!("[{}]", service("a", address, breaker)), "{}");
    let gateway = gateway_through(&road);
    assert_eq!(call(gateway.address, "/a/status/200").status, 200);
    drop(a);
    wait::until("the end of the service", || TcpStream::connect(address).is_err().then_some(()));
    let reached = || {
        let metrics = road.metrics();
        let of = |outcome: &str| {
            metrics
                .get(&format!("circuit_breaker_requests_total{{service=\"a\",outcome=\"{outcome}\"}}"))
                .unwrap_or(0.0)
        };
        (of("failure"), of("rejected"))
    };
    let began = Instant::now();
    let mut calls = 0;
    // A window's worth of calls, as fast as the gateway makes them: a probe is let through each second.
    while calls < 1000 && began.elapsed() < Duration::from_secs(15) {
        let answer = call(gateway.address, "/a/status/200");
        assert!(matches!(answer.status, 502 | 503), "{answer:?}");
        calls += 1;
    }
    let (failed, rejected) = reached();
    assert_eq!(failed + rejected, f64::from(calls));
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{calls} calls to a dead service in {seconds:.1} s: {failed} went out, {rejected} were rejected");
    // Five open it, and each second one probe goes out.
    assert!(failed <= 5.0 + seconds.ceil(), "{failed} of {calls} calls went out");
    let answer = call(gateway.address, "/a/status/200");
    if answer.status == 503 {
        assert!(answer.head.to_ascii_lowercase().contains("\r\nretry-after: 1\r\n"), "{}", answer.head);
    }
    let back = Server::service(&address.to_string());
    wait::until("the service to be found back", || {
        (call(gateway.address, "/a/status/200").status == 200).then_some(())
    });
    assert_eq!(back.asked("200"), 1, "the first that is answered is the probe, and it closes the breaker");
    assert_eq!(call(gateway.address, "/a/status/200").status, 200);
}

#[test]
fn a_breaker_that_stays_lives_on_over_a_reload() {
    let a = Server::service("127.0.0.1:0");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let text = |more: &str| {
        let breaker = ", listen: '127.0.0.1:0', circuit_breaker: { consecutive_failures: 2 }";
        let services = format!("[{}{more}]", service("a", a.address, breaker));
        super::setting::yaml(&a.address.to_string(), &services, "{}", folder.path())
    };
    std::fs::write(&config, text("")).expect("the folder takes a file");
    let (new, gone) = (text(", { name: b, address: '127.0.0.1:9', listen: '127.0.0.1:0' }"), text(""));
    let path = config.clone();
    let road = crate::harness::road::Road::run(folder, config);
    let port = door(&road, "service", Some("a"));
    (0..2).for_each(|_| assert_eq!(crate::harness::raw::get(port, "/status/500").status, 500));
    let open = "circuit_breaker_state{service=\"a\",state=\"open\"}";
    wait::until_equal("an open breaker", &Some(1.0), || road.metrics().get(open));
    std::fs::write(&path, new).expect("the file can be written");
    let b = door(&road, "service", Some("b"));
    assert_eq!(road.metrics().get(open), Some(1.0));
    assert_eq!(crate::harness::raw::get(port, "/status/200").status, 200, "its port is what it was");
    TcpStream::connect(b).expect("the new port is open");
    std::fs::write(&path, gone).expect("the file can be written");
    wait::until("the port of a service that is gone to close", || TcpStream::connect(b).is_err().then_some(()));
    assert_eq!(road.metrics().get("circuit_breaker_state{service=\"b\",state=\"closed\"}"), None);
    assert_eq!(road.metrics().get(open), Some(1.0));
}

#[test]
fn with_ingress_only_a_service_is_judged_by_its_routes_and_by_what_the_gateway_says_of_its_own_breaker() {
    let gateway = Server::service("127.0.0.1:0");
    let breaker = ", circuit_breaker: { consecutive_failures: 3 }, routes: [ '/status/{code}' ],
        breaker_signature: { status: 503, body: 'status 503' }";
    let services =
        format!("[{}, {{ name: idle, address: 'idle:80' }}]", service("a", super::setting::nowhere(), breaker));
    let road = road(gateway.address, &services, "{}");
    for (code, _) in [(200, "success"), (500, "its own fault"), (503, "failure"), (504, "timeout"), (502, "failure")] {
        assert_eq!(crate::harness::raw::get(road.ingress, &format!("/status/{code}")).status, code);
    }
    let metrics = road.metrics();
    let of =
        |outcome: &str| metrics.get(&format!("circuit_breaker_requests_total{{service=\"a\",outcome=\"{outcome}\"}}"));
    assert_eq!(["success", "failure", "timeout"].map(of), [Some(2.0), Some(2.0), Some(1.0)]);
    assert_eq!(metrics.get("circuit_breaker_state{service=\"a\",state=\"open\"}"), Some(1.0));
    let own = "circuit_breaker_requests_total{service=\"a\",outcome=\"rejected\",source=\"gateway\"}";
    assert_eq!(metrics.get(own), Some(1.0));
    assert_eq!(metrics.get("circuit_breaker_state{service=\"a\",state=\"open\",source=\"gateway\"}"), Some(1.0));
    assert_eq!(
        metrics.get("circuit_breaker_state{service=\"idle\",state=\"closed\"}"),
        None,
        "what is not seen is absent"
    );
    assert_eq!(metrics.sum("service_requests_total"), 0.0);
}
