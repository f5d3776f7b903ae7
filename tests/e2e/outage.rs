//! A gateway that is not there, and one that goes away.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection, UPGRADE};
use crate::harness::road::Road;
use crate::harness::wait;

/// An address where nothing listens. Clients' own ports are of another address of the loopback, so it stays free.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.77:0").expect("a free port");
    listener.local_addr().expect("a bound socket")
}

#[test]
fn without_a_gateway_http_gets_a_503_that_names_the_cause_and_then_recovers() {
    let address = nobody();
    let road = Road::to(address);
    assert_eq!(raw::get(road.admin(), "/readyz").status, 503);

    let mut connection = Connection::open(road.ingress);
    connection.send("POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let refused = connection.response(false);
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("\r\ncontent-type: application/problem+json\r\n"), "{}", refused.head);
    let problem: serde_json::Value = serde_json::from_slice(&refused.body).expect("a problem is JSON");
    assert_eq!(problem["status"], 503);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("refuses connections")), "{problem}");
    assert_eq!(connection.rest(), b"", "there is nothing else to say on this connection");

    let mut connection = Connection::open(road.ingress);
    connection.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(connection.response(true).status, 503);
    assert_eq!(connection.rest(), b"", "an answer to HEAD has no body");

    let mut connection = Connection::open(road.ingress);
    connection.send(b"\x00\x01\x02\x03");
    let end = connection.rest_or_reset();
    assert_eq!(end, (Vec::new(), Some(ErrorKind::ConnectionReset)), "what is not HTTP cannot be told, only cut");

    let unavailable = |method: &str, endpoint: &str| {
        (format!(r#"http_requests_total{{endpoint="{endpoint}",method="{method}",status_code="503"}}"#), 1.0)
    };
    let expected = BTreeMap::from([unavailable("POST", "/items"), unavailable("HEAD", "/")]);
    wait::until_equal("refused requests", &expected, || road.metrics().moved("http_requests_total"));
    let refusals = BTreeMap::from([(r#"outrider_gateway_connect_errors_total{reason="refused"}"#.to_owned(), 3.0)]);
    wait::until_equal("refusals", &refusals, || road.metrics().moved("outrider_gateway_connect_errors_total"));

    let _gateway = Gateway::start_at(address);
    assert_eq!(raw::get(road.ingress, "/").status, 200, "the first request after its start is served");
    assert_eq!(raw::get(road.admin(), "/readyz").status, 200);
}

#[test]
fn connections_of_a_restarted_gateway_end_as_they_would_without_us() {
    let mut gateway = Gateway::start_at(nobody());
    let road = Road::to(gateway.address);
    let mut idle = Connection::open(road.ingress);
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(idle.response(false).status, 200);
    gateway.process.signal("TERM");
    assert_eq!(idle.rest(), b"");
    gateway.process.wait_for_exit();
    let _gateway = Gateway::start_at(gateway.address);
    assert_eq!(raw::get(road.ingress, "/").status, 200);
    assert_eq!(road.metrics().moved("http_requests_aborted_total"), BTreeMap::new());
}

#[test]
fn a_gateway_killed_in_the_middle_looks_the_same_with_and_without_us() {
    let requests = [
        ("without a byte of the answer", "GET /hold/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("within a body", "GET /hold-body/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("within a session", UPGRADE),
    ];
    let mut seen = Vec::new();
    for is_direct in [true, false] {
        let mut gateway = Gateway::start();
        let road = Road::to(gateway.address);
        let address = if is_direct { gateway.address } else { road.ingress };
        let clients = requests.map(|(what, request)| {
            let mut client = Connection::open(address);
            client.send(request);
            match what {
                "without a byte of the answer" => gateway.wait_until_held("a"),
                "within a body" => {
                    client.head();
                    assert_eq!(client.exactly(15), b"a\r\nthe start;\r\n");
                }
                _ => assert_eq!(client.response(false).status, 101),
            }
            client
        });
        gateway.process.signal("KILL");
        gateway.process.wait_for_exit();
        seen.push(clients.map(|mut client| client.rest_or_reset()));
        if !is_direct {
            let aborted = BTreeMap::from([(r#"http_requests_aborted_total{by="gateway"}"#.to_owned(), 2.0)]);
            wait::until_equal("aborted requests", &aborted, || road.metrics().moved("http_requests_aborted_total"));
            let cut = BTreeMap::from([(r#"websocket_closes_total{code="1006",initiator="gateway"}"#.to_owned(), 1.0)]);
            wait::until_equal("sessions that were cut", &cut, || road.metrics().moved("websocket_closes_total"));
        }
    }
    assert_eq!(seen[0], seen[1], "directly, then through the road: what came, and how it ended");
}
