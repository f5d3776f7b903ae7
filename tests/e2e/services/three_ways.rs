//! The same calls, three ways, with the same numbers: those that the services counted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;

use super::namespace::Namespaces;
use super::setting::{Server, call, door, road, service, yaml};
use crate::harness::exposition::Exposition;
use crate::harness::installed;
use crate::harness::road::Road;
use crate::harness::wait;

/// What is called, in order: answers of all kinds, among them what breaks off and what takes too long.
const CALLS: [&str; 15] = [
    "/a/status/200",
    "/b/status/200",
    "/a/status/200",
    "/a/status/404",
    "/b/status/500",
    "/a/reset",
    "/a/status/200",
    "/b/half",
    "/b/status/503",
    "/a/status/429",
    "/b/hang",
    "/a/slow/300",
    "/b/status/500",
    "/b/status/200",
    "/a/status/200",
];

/// Five failures in a row open the breaker of `b`; it only tells.
const BREAKER: &str = ", circuit_breaker: { consecutive_failures: 4, min_requests: 100 }";

/// Every number that must be the same.
fn numbers(metrics: &Exposition) -> BTreeMap<String, f64> {
    let families = [
        "service_requests_total",
        "service_request_duration_seconds_count",
        "circuit_breaker_requests_total",
        "circuit_breaker_state",
        "circuit_breaker_transitions_total",
    ];
    families.iter().flat_map(|family| metrics.moved(family)).collect()
}

/// What they must be, by what the calls are.
fn expected() -> BTreeMap<String, f64> {
    let count = |service: &str, status: u16, count: f64| {
        (format!("service_requests_total{{service=\"{service}\",status_code=\"{status}\"}}"), count)
    };
    let outcome = |service: &str, outcome: &str, count: f64| {
        (format!("circuit_breaker_requests_total{{outcome=\"{outcome}\",service=\"{service}\"}}"), count)
    };
    let state =
        |service: &str, state: &str| (format!("circuit_breaker_state{{service=\"{service}\",state=\"{state}\"}}"), 1.0);
    BTreeMap::from([
        count("a", 200, 5.0),
        count("a", 404, 1.0),
        count("a", 429, 1.0),
        count("a", 0, 1.0),
        // 200 and half of one.
        count("b", 200, 3.0),
        count("b", 500, 2.0),
        count("b", 503, 1.0),
        count("b", 0, 1.0),
        ("service_request_duration_seconds_count{service=\"a\"}".to_owned(), 7.0),
        ("service_request_duration_seconds_count{service=\"b\"}".to_owned(), 5.0),
        outcome("a", "success", 6.0),
        outcome("a", "failure", 2.0),
        outcome("b", "success", 2.0),
        outcome("b", "failure", 4.0),
        outcome("b", "timeout", 1.0),
        state("a", "closed"),
        state("b", "open"),
        ("circuit_breaker_transitions_total{service=\"b\",to=\"open\"}".to_owned(), 1.0),
    ])
}

#[track_caller]
fn check(way: &str, metrics: impl Fn() -> Exposition) {
    wait::until_equal(&format!("the numbers of calls {way}"), &expected(), || numbers(&metrics()));
}

/// The services themselves have counted the same.
#[track_caller]
fn check_services(asked: impl Fn(&str, &str) -> u64) {
    let counts =
        [("a", "200", 5), ("a", "404", 1), ("a", "429", 1), ("a", "reset", 1), ("b", "200", 2), ("b", "half", 1)];
    for (service, what, count) in counts.into_iter().chain([("b", "500", 2), ("b", "503", 1), ("b", "hang", 1)]) {
        assert_eq!(asked(service, what), count, "{service} counted {what}");
    }
}

fn services(a: SocketAddr, b: SocketAddr, listen: &str) -> String {
    format!("[{}, {}]", service("a", a, &format!("{listen}{BREAKER}")), service("b", b, &format!("{listen}{BREAKER}")))
}

fn call_all(gateway: SocketAddr) {
    for path in CALLS {
        call(gateway, path);
    }
}

#[test]
fn calls_through_a_port_of_each_service() {
    let (a, b) = (Server::service("127.0.0.1:0"), Server::service("127.0.0.1:0"));
    let road = road(a.address, &services(a.address, b.address, ", listen: '127.0.0.1:0'"), "{}");
    let at = |service| format!("http://{}", door(&road, "service", Some(service)));
    let gateway = Server::gateway(&[("SERVICE_A", at("a")), ("SERVICE_B", at("b"))]);
    call_all(gateway.address);
    check("through ports", || road.metrics());
    check_services(|service, what| if service == "a" { a.asked(what) } else { b.asked(what) });
}

#[test]
fn calls_through_http_proxy() {
    let (a, b) = (Server::service("127.0.0.1:0"), Server::service("127.0.0.1:0"));
    let road = road(a.address, &services(a.address, b.address, ""), "{ http_proxy: '127.0.0.1:0' }");
    let proxy = format!("http://{}", door(&road, "http_proxy", None));
    let at = |server: &Server| format!("http://{}", server.address);
    let environment = [("SERVICE_A", at(&a)), ("SERVICE_B", at(&b)), ("HTTP_PROXY", proxy)];
    let gateway = Server::gateway(&environment);
    call_all(gateway.address);
    check("through HTTP_PROXY", || road.metrics());
    check_services(|service, what| if service == "a" { a.asked(what) } else { b.asked(what) });
}

/// In namespaces of the test's own: one with the gateway and Outrider, one with the services.
fn redirected(backend: &str, ip: impl Fn(u8) -> String) {
    let namespaces = Namespaces::new();
    let python = installed::python();
    let serve = |host: u8| {
        let mut command = namespaces.services(&python);
        Server::start("service.py", &mut command, &format!("{}:7000", ip(host)), &[])
    };
    let (a, b) = (serve(2), serve(3));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let services = services(a.address, b.address, "");
    let text = yaml("127.0.0.1:9", &services, "{ redirect: '127.0.0.1:15006' }", folder.path());
    std::fs::write(&config, text).expect("the folder takes a file");
    let outrider = env!("CARGO_BIN_EXE_outrider");
    let redirect = |how: &str| {
        let mut command = namespaces.gateway(outrider);
        command.args(["redirect", "--uid", "0", "--backend", backend, how, "--config"]).arg(&config);
        assert!(command.status().is_ok_and(|status| status.success()), "the rules take {how}");
    };
    redirect("--apply");
    // Twice is once.
    redirect("--apply");
    let road = Road::run_by(folder, namespaces.gateway(outrider), &config);
    // The gateway is another user, or its calls would be ours.
    let mut command = namespaces.gateway("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&python);
    let environment = [("SERVICE_A", format!("http://{}", a.address)), ("SERVICE_B", format!("http://{}", b.address))];
    let gateway = Server::start("calling_gateway.py", &mut command, "127.0.0.1:0", &environment);
    let get = |at: SocketAddr, path: &str| namespaces.get(at, path);
    for path in CALLS {
        get(gateway.address, path);
    }
    check("redirected", || Exposition::parse(&get(road.admin(), "/api/v1/metrics")));
    check_services(|service, what| {
        let server = if service == "a" { &a } else { &b };
        let counts: serde_json::Value = serde_json::from_str(&get(server.address, "/count")).expect("JSON");
        counts[what].as_u64().unwrap_or(0)
    });
    redirect("--remove");
    let before = Exposition::parse(&get(road.admin(), "/api/v1/metrics")).sum("service_requests_total");
    get(gateway.address, "/a/status/201");
    let after = Exposition::parse(&get(road.admin(), "/api/v1/metrics")).sum("service_requests_total");
    assert_eq!(before, after, "without rules nothing comes past us");
}

#[test]
fn calls_redirected_by_iptables_over_ipv4() {
    redirected("iptables", |host| format!("10.77.0.{host}"));
}

#[test]
fn calls_redirected_by_iptables_over_ipv6() {
    redirected("iptables", |host| format!("[fd77::{host}]"));
}

#[test]
fn calls_redirected_by_nftables_over_ipv4() {
    redirected("nftables", |host| format!("10.77.0.{host}"));
}

#[test]
fn calls_redirected_by_nftables_over_ipv6() {
    redirected("nftables", |host| format!("[fd77::{host}]"));
}

#[test]
fn a_connection_that_was_not_redirected_goes_nowhere() {
    let road = road("127.0.0.1:9".parse().expect("an address"), "[]", "{ redirect: '127.0.0.1:0' }");
    let mut client = crate::harness::raw::Connection::open(door(&road, "redirect", None));
    let (bytes, end) = client.rest_or_reset();
    assert_eq!((bytes.len(), end), (0, Some(std::io::ErrorKind::ConnectionReset)));
    let refused = "outrider_egress_refused_total{reason=\"not_redirected\"}";
    wait::until_equal("it is counted", &Some(1.0), || road.metrics().get(refused));
}

/// One process to look at from outside: that a command runs in a namespace.
impl Namespaces {
    fn get(&self, at: SocketAddr, path: &str) -> String {
        let mut command: Command = self.gateway("curl");
        command.args(["--silent", "--max-time", "20", "--noproxy", "*"]).arg(format!("http://{at}{path}"));
        let output = command.output().expect("curl starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
