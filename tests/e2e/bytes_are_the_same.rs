//! What an unmodified gateway sends is the same byte for byte, heads and bodies, whether a bare socket asks it directly or
//! through the road.

use std::net::SocketAddr;

use crate::harness::gateway::Gateway;
use crate::harness::raw::Connection;
use crate::harness::road::Road;
use crate::harness::wait;

/// Requests that end with the connection, so that all that comes is the answer.
const EXCHANGES: &[(&str, &[u8])] = &[
    ("json", b"GET /items/7?q=a%20b HTTP/1.1\r\nhOsT: gateway.test\r\nX-Twice: 1\r\nx-twice: 2\r\nConnection: close\r\n\r\n"),
    ("what the gateway saw", b"POST /seen?x=1 HTTP/1.1\r\nHost: gateway.test\r\nX-FORWARDED-For: 192.0.2.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
    ("head", b"HEAD /page HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("not modified", b"GET /page HTTP/1.1\r\nHost: gateway.test\r\nIf-None-Match: \"v1\"\r\nConnection: close\r\n\r\n"),
    ("no content", b"DELETE /items/7 HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("chunks", b"GET /chunked?chunks=30&size=5000 HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("events", b"GET /events?count=30 HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("five megabytes", b"GET /download/5000000 HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("chunked upload with extensions", b"PUT /raw HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;a=b\r\nhello\r\n006\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"),
    ("expected", b"PUT /raw HTTP/1.1\r\nHost: gateway.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
    ("redirect with a slash too many", b"GET /page/ HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("not found", b"GET /%ff/nowhere HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("not allowed", b"PATCH /page HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"),
    ("HTTP/1.0", b"GET /chunked HTTP/1.0\r\n\r\n"),
    ("HTTP/1.0 with keep-alive", b"GET /items/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /items/2 HTTP/1.0\r\n\r\n"),
    ("pipelined", b"GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /page HTTP/1.1\r\nHost: a\r\n\r\nPOST /items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"name\":\"chair\",\"price\":1}GET /chunked HTTP/1.1\r\nHost: a\r\n\r\nDELETE /items/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    ("malformed", b"GET / HTTP/1.1\r\nno colon here\r\n\r\n"),
    ("not HTTP", b"\x00\x01\x02\x03 what is this\r\n\r\n"),
    ("WebSocket", b"GET /ws/echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    ("WebSocket refused", b"GET /ws/deny HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    ("WebSocket of another version", b"GET /ws/echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
];

/// What a client says once it has the 101: a text, a ping, a text in two fragments, goodbye.
const FRAMES: &[u8] =
    b"\x81\x85\0\0\0\0hello\x89\x80\0\0\0\0\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b\x88\x82\0\0\0\0\x03\xe8";

#[test]
fn heads_and_bodies_are_the_same_byte_for_byte() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    for (what, request) in EXCHANGES {
        let (directly, through) = in_one_second(request, gateway.address, road.ingress);
        assert!(!directly.is_empty(), "{what}: the gateway answers");
        assert!(
            directly == through,
            "{what}: other bytes\ndirectly: {}\nthrough:  {}",
            directly.escape_ascii(),
            through.escape_ascii()
        );
    }
}

/// Sends `request` on a connection of its own and gives all that comes until the gateway ends it.
fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut connection = Connection::open(address);
    connection.send(request);
    let mut answer = connection.head();
    if answer.starts_with(b"HTTP/1.1 101 ") {
        connection.send(FRAMES);
    }
    answer.extend(connection.rest());
    answer
}

/// Answers have their second in `Date`. Nothing is masked: an exchange counts when the gateway answers it alike before
/// and after.
fn in_one_second(request: &[u8], gateway: SocketAddr, road: SocketAddr) -> (Vec<u8>, Vec<u8>) {
    wait::until("a second in which the gateway's answers are alike", || {
        let (before, through) = (exchange(gateway, request), exchange(road, request));
        let after = exchange(gateway, request);
        (before == after).then_some((before, through))
    })
}
