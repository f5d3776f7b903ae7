//! A stop drains: nothing new is taken, what is in flight finishes, and we are gone as soon as nothing is left.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection, UPGRADE};
use crate::harness::road::{Road, Settings};
use crate::harness::wait;

/// Far longer than a test may take: an end before it is an early one.
const LONG_DRAIN: &str = "300s";

fn start(drain: &'static str) -> (Gateway, Road) {
    let gateway = Gateway::start();
    let road = Road::start(&Settings { drain, ..Settings::to(gateway.address) });
    (gateway, road)
}

/// Sends the signal and waits until no new connection is taken.
fn stop(road: &Road, signal: &str) {
    road.process.signal(signal);
    wait::until("the end of accepting", || TcpStream::connect(road.ingress).is_err().then_some(()));
}

#[test]
fn what_is_in_flight_finishes_and_then_we_are_gone() {
    let (gateway, mut road) = start(LONG_DRAIN);
    let (mut held, mut streamed) = (Connection::open(road.ingress), Connection::open(road.ingress));
    held.send("GET /hold/a HTTP/1.1\r\nHost: a\r\n\r\n");
    gateway.wait_until_held("a");
    streamed.send("GET /hold-body/b HTTP/1.1\r\nHost: a\r\n\r\n");
    streamed.head();
    gateway.wait_until_held("b");

    stop(&road, "TERM");
    let readiness = raw::get(road.admin(), "/readyz");
    assert_eq!(readiness.status, 503, "who drains is not ready: {}", String::from_utf8_lossy(&readiness.body));
    assert_eq!(raw::get(road.admin(), "/healthz").status, 200, "who drains still runs");
    assert!(road.process.is_running());

    gateway.release("a");
    assert_eq!(held.response(false).body, br#"{"held":"a"}"#);
    assert_eq!(held.rest(), b"", "a connection with nothing in flight ends");
    gateway.release("b");
    assert_eq!(streamed.rest(), b"a\r\nthe start;\r\n7\r\nthe end\r\n0\r\n\r\n");
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn idle_connections_end_and_nothing_is_waited_for() {
    let (_gateway, mut road) = start(LONG_DRAIN);
    let (mut used, mut unused) = (Connection::open(road.ingress), Connection::open(road.ingress));
    used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(used.response(false).status, 200);
    stop(&road, "INT");
    assert_eq!(used.rest(), b"");
    assert_eq!(unused.rest(), b"");
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn an_http2_stream_in_flight_finishes_and_then_its_connection_ends() {
    let gateway = Gateway::start_http2();
    let mut road = Road::start(&Settings { drain: LONG_DRAIN, ..Settings::to(gateway.address) });
    let mut client = Connection::open(road.ingress);
    client.send(HTTP2_PREFACE);
    client.send(http2_get(1, "/hold/a"));
    gateway.wait_until_held("a");
    stop(&road, "TERM");
    assert!(road.process.is_running());
    gateway.release("a");
    let rest = client.rest();
    assert!(rest.windows(12).any(|bytes| bytes == br#"{"held":"a"}"#), "{}", rest.escape_ascii());
    assert_eq!(goaways(&rest), 0, "no frame is ours");
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn an_idle_http2_connection_ends_and_nothing_is_waited_for() {
    let gateway = Gateway::start_http2();
    let mut road = Road::start(&Settings { drain: LONG_DRAIN, ..Settings::to(gateway.address) });
    let mut client = Connection::open(road.ingress);
    client.send(HTTP2_PREFACE);
    // The gateway's settings: both sides are in HTTP/2 now.
    client.exactly(9);
    stop(&road, "TERM");
    client.rest();
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn a_websocket_lives_on_while_we_drain() {
    let (_gateway, mut road) = start(LONG_DRAIN);
    let mut session = open_session(&road);
    stop(&road, "TERM");
    session.send(b"\x81\x85\0\0\0\0still");
    assert_eq!(session.exactly(7), b"\x81\x05still", "messages pass, and nothing of ours is between them");
    session.send(b"\x88\x82\0\0\0\0\x03\xe8");
    assert_eq!(session.rest(), b"\x88\x02\x03\xe8");
    drop(session);
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn a_websocket_that_stays_is_cut_when_the_drain_is_over() {
    let (_gateway, mut road) = start("1s");
    let mut session = open_session(&road);
    let asked = Instant::now();
    road.process.signal("TERM");
    let (rest, _) = session.rest_or_reset();
    assert_eq!(rest, b"");
    assert!(asked.elapsed() >= Duration::from_secs(1), "cut after {:?}", asked.elapsed());
    assert_eq!(road.process.wait_for_exit().code(), Some(0));
}

#[test]
fn a_second_signal_ends_us_at_once() {
    let (_gateway, mut road) = start(LONG_DRAIN);
    let mut session = open_session(&road);
    stop(&road, "TERM");
    assert!(road.process.is_running());
    road.process.signal("TERM");
    road.process.wait_for_exit();
    assert_eq!(session.rest_or_reset().0, b"");
}

fn open_session(road: &Road) -> Connection {
    let mut session = Connection::open(road.ingress);
    session.send(UPGRADE);
    assert_eq!(session.response(false).status, 101);
    session
}

/// What a client sends first: the preface, and settings that set nothing.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A HEADERS frame that asks for `path` and ends its stream; fields are indexed or literal, and no table changes.
fn http2_get(stream: u8, path: &str) -> Vec<u8> {
    let fields = [&b"\x82\x86\x01\x01a\x04"[..], &[path.len() as u8], path.as_bytes()].concat();
    [&[0, 0, fields.len() as u8, 1, 0x05, 0, 0, 0, stream], &fields[..]].concat()
}

/// How many GOAWAY frames are among `bytes`, which begin with a frame.
fn goaways(mut bytes: &[u8]) -> usize {
    let mut found = 0;
    while let [a, b, c, kind, ..] = *bytes {
        found += usize::from(kind == 7);
        bytes = bytes.get(9 + u32::from_be_bytes([0, a, b, c]) as usize..).unwrap_or_default();
    }
    found
}
