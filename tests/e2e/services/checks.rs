//! Checks of the gateway and of services that speak TLS and gRPC, and what a stop leaves open for how long.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use super::setting::{Server, door, road, service, yaml};
use crate::harness::gateway::Gateway;
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::raw::{self, Connection};
use crate::harness::road::Road;
use crate::harness::wait;
use crate::tls::certificate;

/// A road whose gateway is checked.
fn checked(gateway: SocketAddr, path: &str) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let check = format!("drain: 5s, health_check: {{ path: {path}, interval: 200ms, healthy: 1, unhealthy: 2 }}");
    let text = yaml(&gateway.to_string(), "[]", "{}", folder.path()).replace("drain: 5s", &check);
    std::fs::write(&config, text).expect("the folder takes a file");
    Road::run(folder, config)
}

fn ready(road: &Road) -> (u16, String) {
    let answer = raw::get(road.admin(), "/readyz");
    (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
}

#[test]
fn a_gateway_that_is_checked_is_up_or_not_and_readiness_follows() {
    let gateway = Server::service("127.0.0.1:0");
    let address = gateway.address;
    let road = checked(address, "/status/200");
    wait::until_equal("the gateway to be up", &Some(1.0), || road.metrics().get("gateway_up"));
    assert_eq!(ready(&road).0, 200);
    drop(gateway);
    wait::until_equal("the gateway to be down", &Some(0.0), || road.metrics().get("gateway_up"));
    let (status, why) = ready(&road);
    assert!(status == 503 && why.contains("does not pass its health checks"), "{why}");
    let _gateway = Server::service(&address.to_string());
    wait::until_equal("the gateway to be up again", &Some(1.0), || road.metrics().get("gateway_up"));
    assert_eq!(ready(&road).0, 200);
    assert_eq!(road.metrics().moved("http_requests_total").len(), 0, "a check is no request of a client");
}

#[test]
fn a_gateway_that_takes_connections_and_fails_its_check_is_not_ready() {
    let gateway = Server::service("127.0.0.1:0");
    let road = checked(gateway.address, "/status/500");
    wait::until_equal("the gateway to be down", &Some(0.0), || road.metrics().get("gateway_up"));
    assert_eq!(ready(&road).0, 503);
    assert_eq!(raw::get(road.ingress, "/status/200").status, 200, "traffic goes on all the same");
}

#[test]
fn a_grpc_service_is_as_healthy_as_it_says() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/grpc_serving.py");
    let server = Process::start("grpcio's health service", Command::new(installed::python()).arg(script));
    let address: SocketAddr =
        server.wait_for_line("its address", |line| line.strip_prefix("listening on ").and_then(|at| at.parse().ok()));
    let check = |asked: &str| {
        format!(", health_check: {{ type: grpc{asked}, interval: 500ms, timeout: 500ms, healthy: 1, unhealthy: 1 }}")
    };
    let services = [
        service("pay", address, &check(", service: shop.Pay")),
        service("server", address, &check("")),
        service("nobody", address, &check(", service: shop.Nobody")),
    ];
    let road = road(address, &format!("[{}]", services.join(", ")), "{}");
    let healthy = |name: &str| {
        let of = |health: &str| format!("service_instances_total{{service=\"{name}\",health=\"{health}\"}}");
        let metrics = road.metrics();
        (metrics.get(&of("healthy")).unwrap_or(0.0), metrics.get(&of("unhealthy")).unwrap_or(0.0))
    };
    wait::until_equal("SERVING", &(1.0, 0.0), || healthy("pay"));
    wait::until_equal("a server that serves", &(1.0, 0.0), || healthy("server"));
    wait::until_equal("a service that the server does not know", &(0.0, 1.0), || healthy("nobody"));
    server.signal("USR1");
    wait::until_equal("NOT_SERVING", &(0.0, 1.0), || healthy("pay"));
    assert_eq!(healthy("server"), (1.0, 0.0));
    server.signal("USR2");
    wait::until_equal("SERVING again", &(1.0, 0.0), || healthy("pay"));
}

#[test]
fn a_service_of_tls_is_reached_and_checked_over_tls_and_one_that_is_not_trusted_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
    for part in [&ours, &other] {
        std::fs::create_dir(part).expect("made");
        certificate(part, 2040);
    }
    let server = Gateway::start_tls(&ours.join("cert.pem"), &ours.join("key.pem"));
    let port = server.address.port();
    let service = |name: &str, ca: &std::path::Path| {
        format!(
            "{{ name: {name}, address: 'https://localhost:{port}', ca: '{}', listen: '127.0.0.1:0', \
             health_check: {{ path: /items/7, interval: 500ms, timeout: 500ms, healthy: 1, unhealthy: 1 }} }}",
            ca.join("cert.pem").display()
        )
    };
    let services = format!("[{}, {}]", service("trusted", &ours), service("stranger", &other));
    let road = road(server.address, &services, "{}");
    let answer = raw::get(door(&road, "service", Some("trusted")), "/items/7");
    assert_eq!(answer.status, 200);
    let calls = "service_requests_total{service=\"trusted\",status_code=\"200\"}";
    wait::until_equal("the call over TLS", &Some(1.0), || road.metrics().get(calls));
    let health = |name: &str, health: &str| {
        let series = format!("service_instances_total{{service=\"{name}\",health=\"{health}\"}}");
        road.metrics().get(&series).unwrap_or(0.0) > 0.0
    };
    wait::until("a check over TLS", || health("trusted", "healthy").then_some(()));
    wait::until("a check that trusts nobody there", || health("stranger", "unhealthy").then_some(()));
    let mut refused = Connection::open(door(&road, "service", Some("stranger")));
    refused.send("GET /items/7 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(refused.rest_or_reset().0.len(), 0, "nothing is said to a stranger");
    let failed = "circuit_breaker_requests_total{service=\"stranger\",outcome=\"failure\"}";
    wait::until("the call that failed", || (road.metrics().get(failed) >= Some(1.0)).then_some(()));
}

#[test]
fn at_a_stop_the_ports_of_services_close_last() {
    let (gateway, shop) = (Gateway::start(), Server::service("127.0.0.1:0"));
    let services = format!("[{}]", service("shop", shop.address, ", listen: '127.0.0.1:0'"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let text = yaml(&gateway.address.to_string(), &services, "{}", folder.path()).replace("drain: 5s", "drain: 300s");
    std::fs::write(&config, text).expect("the folder takes a file");
    let mut road = Road::run(folder, config);
    let shop_door = door(&road, "service", Some("shop"));
    let mut held = Connection::open(road.ingress);
    held.send("GET /hold/a HTTP/1.1\r\nHost: a\r\n\r\n");
    gateway.wait_until_held("a");
    road.process.signal("TERM");
    wait::until("the end of accepting", || TcpStream::connect(road.ingress).is_err().then_some(()));
    // The gateway still answers somebody, and may call for it.
    assert_eq!(raw::get(shop_door, "/status/200").status, 200);
    gateway.release("a");
    assert_eq!(held.response(false).status, 200);
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
    assert!(TcpStream::connect(shop_door).is_err());
    assert_eq!(shop.asked("200"), 1);
}
