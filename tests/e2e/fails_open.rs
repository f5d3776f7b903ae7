//! An observer that panics or misreads costs the observation, and nothing of the exchange.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use crate::harness::client::curl;
use crate::harness::gateway::Gateway;
use crate::harness::raw::Connection;
use crate::harness::road::{Road, Settings};

/// A gateway that answers each request with its own bytes, and with `field` in the head.
fn mirror(field: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = client.read(&mut buffer) {
                let _ = write!(client, "HTTP/1.1 200 OK\r\n{field}Content-Length: {count}\r\n\r\n");
                let _ = client.write_all(&buffer[..count]);
            }
        }
    });
    address
}

/// Sends three requests on one connection; each must come back as it was sent.
fn exchange(road: &Road, field: &str) {
    let mut connection = Connection::open(road.ingress);
    for nth in 0..3 {
        let request = format!("POST /{nth} HTTP/1.1\r\nHost: a\r\n{field}Content-Length: 3\r\n\r\nabc");
        connection.send(&request);
        let answer = connection.response(false);
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).as_ref()), (200, &*request));
    }
}

fn opaque(road: &Road, reason: &str) -> Option<f64> {
    road.metrics().get(&format!("outrider_opaque_connections_total{{reason=\"{reason}\"}}"))
}

#[test]
fn a_panic_at_a_request_or_an_answer_costs_the_observation() {
    for (request, answer) in [("x-outrider-chaos: request\r\n", ""), ("", "x-outrider-chaos: answer\r\n")] {
        let road = Road::to(mirror(answer));
        exchange(&road, request);
        assert_eq!(opaque(&road, "panic"), Some(1.0), "{request}{answer}");
        assert_eq!(road.metrics().get("http_requests_active"), Some(0.0));
        // The worker lives on.
        exchange(&road, request);
        assert_eq!(opaque(&road, "panic"), Some(2.0));
    }
}

#[test]
fn a_misread_body_changes_nothing_of_what_passes() {
    let road = Road::to(mirror(""));
    exchange(&road, "x-outrider-chaos: misparse\r\n");
    let metrics = road.metrics();
    assert_eq!(metrics.sum("http_requests_aborted_total"), 0.0);
    assert!(metrics.sum("http_requests_total") >= 2.0, "answers are still counted");
}

#[test]
fn a_panic_in_http2_costs_the_observation() {
    let gateway = Gateway::start_http2();
    let road = Road::start(&Settings { forwarded_for: "append", ..Settings::to(gateway.address) });
    let arguments = ["--http2-prior-knowledge", "--header", "x-outrider-chaos: request"];
    assert_eq!(curl(road.ingress, &arguments, "/items/7"), curl(gateway.address, &arguments, "/items/7"));
    assert_eq!(opaque(&road, "panic"), Some(1.0));
    assert_eq!(road.metrics().sum("http_requests_total"), 0.0);
}
