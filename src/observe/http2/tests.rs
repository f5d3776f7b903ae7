//! What one connection's frames are counted as, in any split, and that an edit leaves both sides' tables alone.

use super::*;
use crate::event::{Edits, Observer};
use crate::observe::seen::Seen;
use crate::wire::http2::literal;
use crate::wire::sniff::HTTP2_PREFACE;
use proptest::prelude::*;

const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const GRPC: &str = "content-type: application/grpc";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

/// A HEADERS frame; each field is `name: value`.
fn headers(flags: u8, stream: u32, fields: &[&str]) -> Vec<u8> {
    let mut block = Vec::new();
    for field in fields {
        let (name, value) = field.rsplit_once(": ").unwrap();
        literal(name.as_bytes(), value.as_bytes(), &mut block);
    }
    frame(1, flags | END_HEADERS, stream, &block)
}

fn data(flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    frame(0, flags, stream, content)
}

fn message(content: &[u8]) -> Vec<u8> {
    [&[0][..], &(content.len() as u32).to_be_bytes(), content].concat()
}

/// A connection behind preface and settings.
fn connected(forwarded_for: bool) -> Seen {
    let mut seen = Seen::new(forwarded_for);
    seen.gateway(SETTINGS).client(HTTP2_PREFACE).client(SETTINGS);
    seen
}

#[test]
fn streams_are_counted_as_requests() {
    let mut seen = connected(false);
    seen.client(&headers(END_STREAM, 1, &[":method: GET", ":path: /a?q=1"]));
    seen.client(&headers(0, 3, &[":method: POST", ":path: /b/7"])).client(&data(END_STREAM, 3, b"abc"));
    seen.has("http_requests_active 2");
    assert!(!seen.observer.is_idle());
    seen.gateway(&headers(0, 3, &[":status: 201"])).gateway(&data(END_STREAM, 3, b"12345"));
    seen.gateway(&headers(END_HEADERS, 1, &[":status: 103", "link: x"]));
    seen.gateway(&headers(END_STREAM, 1, &[":status: 404"]));
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="404"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/b/{id}",method="POST",status_code="201"} 1"#);
    seen.has(r#"http_request_size_bytes_sum{endpoint="/b/{id}",method="POST"} 3"#);
    seen.has(r#"http_response_size_bytes_sum{endpoint="/b/{id}",method="POST"} 5"#);
    seen.lacks("http_requests_active");
    assert!(seen.observer.is_idle());
}

#[test]
fn who_leaves_with_all_of_an_answer_breaks_nothing_off() {
    let mut seen = connected(false);
    let (get, head) = ([":method: GET", ":path: /a"], [":method: HEAD", ":path: /a"]);
    seen.client(&headers(END_STREAM, 1, &get)).client(&headers(END_STREAM, 3, &head));
    seen.client(&headers(END_STREAM, 5, &get)).client(&headers(END_STREAM, 7, &get));
    seen.client(&headers(END_STREAM, 9, &get));
    let answer = |stream, status: &str| headers(0, stream, &[&format!(":status: {status}"), "content-length: 3"]);
    // All of it, no content, no content, a part of it, and all of it from a gateway that leaves in front of the end.
    seen.gateway(&answer(1, "200")).gateway(&data(0, 1, b"ab")).gateway(&data(0, 1, b"c"));
    seen.gateway(&answer(3, "200")).gateway(&answer(5, "304"));
    seen.gateway(&answer(7, "200")).gateway(&data(0, 7, b"ab"));
    seen.gateway(&answer(9, "201")).gateway(&data(0, 9, b"abc"));
    seen.lacks("http_requests_total");
    for stream in [1, 7] {
        seen.client(&frame(3, 0, stream, &[0, 0, 0, 8]));
    }
    seen.gateway(&frame(3, 0, 9, &[0, 0, 0, 2]));
    // What breaks off has its status, and neither duration nor size.
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 2"#);
    seen.has(r#"http_request_duration_seconds_count{endpoint="/a",method="GET"} 1"#);
    seen.has(r#"http_requests_aborted_total{by="client"} 1"#);
    seen.has(r#"http_requests_aborted_total{by="gateway"} 1"#);
    seen.has("http_requests_active 2");
    seen.ends(Side::Client);
    seen.has(r#"http_request_duration_seconds_count{endpoint="/a",method="HEAD"} 1"#);
    seen.has(r#"http_request_duration_seconds_count{endpoint="/a",method="GET"} 2"#);
    seen.gateway(&data(END_STREAM, 3, b"")).ends(Side::Gateway);
    seen.has(r#"http_requests_total{endpoint="/a",method="HEAD",status_code="200"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="304"} 1"#);
    seen.has(r#"http_requests_aborted_total{by="client"} 1"#);
    seen.lacks("http_requests_active");
}

#[test]
fn a_call_is_counted_with_its_messages_and_its_status() {
    let mut seen = connected(false);
    seen.client(&headers(0, 1, &[":method: POST", ":path: /a.Echo/Chat", GRPC]));
    let messages = [message(b"one"), message(b""), message(&[7; 300])].concat();
    seen.client(&data(0, 1, &messages[..9])).client(&data(END_STREAM, 1, &messages[9..]));
    seen.lacks("grpc_messages_total");
    seen.gateway(&headers(0, 1, &[":status: 200", GRPC])).gateway(&data(0, 1, &message(b"x")));
    seen.has(r#"grpc_messages_total{direction="inbound",method="Chat",service="a.Echo"} 3"#);
    seen.has(r#"grpc_messages_total{direction="outbound",method="Chat",service="a.Echo"} 1"#);
    seen.gateway(&headers(END_STREAM, 1, &["grpc-status: 0"]));
    seen.has(r#"grpc_requests_total{code="OK",method="Chat",service="a.Echo"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/a.Echo/Chat",method="POST",status_code="200"} 1"#);
}

#[test]
fn a_method_that_nobody_serves_gets_no_name() {
    let mut seen = connected(false);
    for (nth, method) in ["Scan", "Probe"].into_iter().enumerate() {
        let stream = 2 * nth as u32 + 1;
        seen.client(&headers(END_STREAM, stream, &[":method: POST", &format!(":path: /no.Such/{method}"), GRPC]));
        seen.gateway(&headers(END_STREAM, stream, &[":status: 200", GRPC, "grpc-status: 12"]));
    }
    seen.has(r#"grpc_requests_total{code="UNIMPLEMENTED",method="other",service="other"} 2"#);
    seen.has(r#"http_requests_total{endpoint="other",method="POST",status_code="200"} 2"#);
}

#[test]
fn who_reset_a_stream_or_went_away_is_told() {
    let mut seen = connected(false);
    let call = |stream| headers(0, stream, &[":method: POST", ":path: /a.B/C", GRPC]);
    seen.client(&call(1)).gateway(&headers(0, 1, &[":status: 200", GRPC])).client(&frame(3, 0, 1, &[0, 0, 0, 8]));
    seen.has(r#"http2_stream_resets_total{by="client",code="CANCEL"} 1"#);
    seen.has(r#"http_requests_aborted_total{by="client"} 1"#);
    seen.has(r#"grpc_requests_total{code="CANCELLED",method="C",service="a.B"} 1"#);
    seen.client(&call(3)).gateway(&frame(3, 0, 3, &[0, 0, 0, 7]));
    seen.has(r#"grpc_requests_total{code="UNAVAILABLE",method="C",service="a.B"} 1"#);
    seen.client(&call(5)).client(&call(7)).gateway(&frame(7, 0, 0, &[0, 0, 0, 5, 0, 0, 0, 11]));
    seen.has(r#"http2_goaways_total{by="gateway",code="ENHANCE_YOUR_CALM"} 1"#);
    seen.has(r#"http_requests_aborted_total{by="gateway"} 2"#);
    seen.has("http_requests_active 1");
    seen.ends(Side::Client).ends(Side::Gateway);
    seen.has(r#"http_requests_aborted_total{by="client"} 2"#);
    seen.lacks("http_requests_active");
}

#[test]
fn a_websocket_over_a_stream_is_counted_like_any_other() {
    let mut seen = connected(false);
    seen.client(&headers(0, 1, &[":method: CONNECT", ":protocol: websocket", ":path: /ws"]));
    seen.gateway(&headers(0, 1, &[":status: 200"]));
    seen.has(r#"websocket_connections_active{endpoint="/ws"} 1"#);
    seen.client(&data(0, 1, &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'])).gateway(&data(0, 1, &[0x82, 1, b'x', 0x88]));
    seen.gateway(&data(0, 1, &[2, 3, 0xe8])).gateway(&data(END_STREAM, 1, b""));
    seen.has(r#"websocket_messages_total{direction="inbound",type="text"} 1"#);
    seen.has(r#"websocket_messages_total{direction="outbound",type="binary"} 1"#);
    seen.has(r#"websocket_closes_total{code="1000",initiator="gateway"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/ws",method="CONNECT",status_code="200"} 1"#);
    seen.client(&headers(0, 3, &[":method: CONNECT", ":protocol: websocket", ":path: /ws"]));
    seen.gateway(&headers(END_STREAM, 3, &[":status: 403"]));
    seen.has(r#"websocket_connections_total{endpoint="/ws",event="rejected"} 1"#);
}

#[test]
fn the_address_follows_a_request_in_a_frame_of_its_own() {
    let mut seen = connected(true);
    let (request, trailers) = (headers(0, 1, &[":method: GET", ":path: /a"]), headers(END_STREAM, 1, &["x: y"]));
    seen.client(&request).client(&trailers);
    let mut field = Vec::new();
    literal(b"x-forwarded-for", b"10.0.0.1", &mut field);
    let mut open = request.clone();
    open[4] &= !END_HEADERS;
    let expected = [HTTP2_PREFACE, SETTINGS, &open, &frame(9, END_HEADERS, 1, &field), &trailers].concat();
    assert_eq!(seen.passed, expected);
}

#[test]
fn a_block_that_cannot_be_read_costs_the_sight_and_nothing_else() {
    let mut seen = connected(true);
    seen.client(&headers(END_STREAM, 1, &[":method: GET", ":path: /a"]));
    let from = seen.passed.len();
    let broken =
        [frame(1, END_STREAM | END_HEADERS, 3, &[0xff, 0xff, 0xff, 0xff, 0xff]), headers(5, 5, &[":path: /a"])];
    seen.client(&broken.concat());
    seen.has(r#"outrider_opaque_connections_total{reason="malformed"} 1"#);
    seen.gateway(&headers(END_STREAM, 1, &[":status: 200"]));
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 1"#);
    // The first of them was edited before anybody could know; the frame that ends its block is there.
    let mut decoder = crate::wire::http2::Scanner::default();
    let bytes = [SETTINGS, &seen.passed[from..]].concat();
    let mut at = 0;
    while let Some((taken, _)) = decoder.next(&bytes[at..]).unwrap() {
        at += taken;
    }
    assert_eq!(at, bytes.len());
    assert!(seen.passed.ends_with(&broken[1]));
    assert!(!seen.observer.is_idle());
}

#[test]
fn a_string_that_is_longer_than_its_block_takes_nothing_of_ours_in() {
    let mut seen = connected(true);
    // A field of a hundred octets, of which three are there: what came behind them would be its value.
    let block = [0x82, 0x84, 0x86, 0, 1, b'x', 100, b'a', b'b', b'c'];
    let request = frame(1, END_STREAM | END_HEADERS, 1, &block);
    seen.client(&request);
    let mut open = request.clone();
    open[4] &= !END_HEADERS;
    assert_eq!(seen.passed, [HTTP2_PREFACE, SETTINGS, &open, &frame(9, END_HEADERS, 1, &[])].concat());
    seen.has(r#"outrider_opaque_connections_total{reason="malformed"} 1"#);
}

#[test]
fn a_gateway_that_refuses_http2_is_heard() {
    let mut seen = Seen::new(true);
    seen.client(&[HTTP2_PREFACE, SETTINGS].concat()).gateway(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    seen.has(r#"outrider_opaque_connections_total{reason="malformed"} 1"#);
}

/// A conversation with some of everything.
fn conversation() -> (Vec<u8>, Vec<u8>) {
    let client = [
        HTTP2_PREFACE.to_vec(),
        SETTINGS.to_vec(),
        headers(END_STREAM, 1, &[":method: GET", ":path: /a"]),
        frame(8, 0, 0, &[0, 0, 1, 0]),
        headers(0, 3, &[":method: POST", ":path: /a.B/C", GRPC]),
        data(0, 3, &message(b"abc")),
        data(END_STREAM, 3, &message(b"d")),
        frame(1, 0x28, 5, &[&[1, 0, 0, 0, 0, 9][..], &headers(0, 0, &[":method: PUT"])[9..], &[0]].concat()),
        frame(9, END_HEADERS, 5, &headers(0, 0, &[":path: /b/1"])[9..]),
        data(END_STREAM, 5, b"body"),
    ];
    let gateway = [
        SETTINGS.to_vec(),
        headers(0, 3, &[":status: 200", GRPC]),
        data(8, 3, &[&[2][..], &message(b"r"), &[0, 0]].concat()),
        headers(END_STREAM, 1, &[":status: 204"]),
        headers(END_STREAM, 3, &["grpc-status: 5"]),
        headers(END_STREAM, 5, &[":status: 200"]),
    ];
    (client.concat(), gateway.concat())
}

/// The frames of what passed, without where it was cut.
fn passed(seen: &mut Seen) -> Vec<u8> {
    let mut passed = std::mem::take(&mut seen.passed);
    passed.append(&mut seen.held);
    passed
}

proptest! {
    #[test]
    fn splits_make_no_difference(client_step in 1..80usize, gateway_step in 1..80usize, forwarded_for: bool) {
        let (client, gateway) = conversation();
        let talk = |client_step: usize, gateway_step: usize| {
            let mut seen = Seen::new(forwarded_for);
            for chunk in client.chunks(client_step) {
                seen.client(chunk);
            }
            for chunk in gateway.chunks(gateway_step) {
                seen.gateway(chunk);
            }
            assert!(seen.observer.is_idle());
            (seen.counts(), passed(&mut seen))
        };
        prop_assert_eq!(talk(client_step, gateway_step), talk(client.len(), gateway.len()));
    }

    #[test]
    fn any_bytes_pass(client: Vec<u8>, gateway: Vec<u8>, step in 1..20usize) {
        let mut seen = Seen::new(false);
        seen.client(HTTP2_PREFACE).gateway(SETTINGS).client(SETTINGS);
        for chunk in client.chunks(step) {
                seen.client(chunk);
            }
        for chunk in gateway.chunks(step) {
                seen.gateway(chunk);
            }
        let mut edits = Edits::default();
        let _ = seen.observer.client_bytes(seen.now, &client, &mut edits);
        prop_assert_eq!(passed(&mut seen), [HTTP2_PREFACE, SETTINGS, &client].concat());
    }
}
