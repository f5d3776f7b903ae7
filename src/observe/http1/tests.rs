//! What one connection's bytes are counted as, and that it does not matter how they are cut into reads.

use super::*;
use crate::observe::Plan;
use crate::observe::seen::Seen;
use crate::route::{Pattern, Table};
use proptest::prelude::*;
use std::sync::Arc;

#[test]
fn an_exchange_is_counted_when_its_answer_is_whole() {
    let mut seen = Seen::new(false);
    seen.client(b"POST /a?q=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
        .gateway(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nab");
    seen.has("http_requests_active 1");
    seen.lacks("http_requests_total");
    seen.gateway(b"cd");
    seen.has(r#"http_requests_total{endpoint="/a",method="POST",status_code="201"} 1"#);
    seen.has(r#"http_request_size_bytes_sum{endpoint="/a",method="POST"} 3"#);
    seen.has(r#"http_response_size_bytes_sum{endpoint="/a",method="POST"} 4"#);
    seen.lacks("http_requests_active");
    assert!(seen.observer.is_idle());
}

#[test]
fn pipelined_answers_go_to_their_requests() {
    let mut seen = Seen::new(false);
    seen.client(b"HEAD /a HTTP/1.1\r\n\r\nGET /b/1 HTTP/1.1\r\n\r\nGET /b/2 HTTP/1.1\r\n\r\n");
    seen.gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nxyHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    seen.has(r#"http_requests_total{endpoint="/a",method="HEAD",status_code="200"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/b/{id}",method="GET",status_code="404"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/b/{id}",method="GET",status_code="304"} 1"#);
}

#[test]
fn an_answer_without_length_ends_with_the_connection() {
    let mut seen = Seen::new(false);
    seen.client(b"GET /a HTTP/1.0\r\n\r\n").gateway(b"HTTP/1.0 200 OK\r\n\r\nabc");
    seen.lacks("http_requests_total");
    seen.ends(Side::Gateway);
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 1"#);
    seen.has(r#"http_response_size_bytes_sum{endpoint="/a",method="GET"} 3"#);
    seen.lacks("http_requests_aborted_total");
}

#[test]
fn who_ended_an_unanswered_request_is_told() {
    let request = b"GET /a HTTP/1.1\r\n\r\n";
    let mut by_client = Seen::new(false);
    by_client.client(request).ends(Side::Client).ends(Side::Gateway);
    by_client.has(r#"http_requests_aborted_total{by="client"} 1"#);
    by_client.lacks("http_requests_total");
    let mut by_gateway = Seen::new(false);
    by_gateway.client(request).gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").ends(Side::Gateway);
    by_gateway.has(r#"http_requests_aborted_total{by="gateway"} 1"#);
    by_gateway.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 1"#);
    by_gateway.lacks("http_request_duration_seconds_count");
}

#[test]
fn an_early_answer_does_not_confuse_the_next_request() {
    let mut seen = Seen::new(false);
    seen.client(b"POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc")
        .gateway(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    seen.client(b"defGET /b/1 HTTP/1.1\r\n\r\n").gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seen.has(r#"http_requests_total{endpoint="/a",method="POST",status_code="413"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/b/{id}",method="GET",status_code="200"} 1"#);
}

#[test]
fn behind_an_ambiguous_request_nothing_is_read_or_edited() {
    let mut seen = Seen::new(true);
    let smuggled = b"0\r\n\r\nGET /b/1 HTTP/1.1\r\n\r\n";
    seen.client(b"POST /a HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n").client(smuggled);
    assert!(seen.passed.ends_with(smuggled));
    seen.gateway(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        .gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seen.has(r#"http_requests_total{endpoint="/a",method="POST",status_code="400"} 1"#);
    seen.lacks(r#"http_requests_total{endpoint="/b"#);
    seen.has(r#"outrider_opaque_connections_total{reason="ambiguous"} 1"#);
}

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

#[test]
fn a_session_is_counted_from_its_101_to_its_end() {
    let mut seen = Seen::new(false);
    // The first frame comes along with the handshake.
    seen.client(&[HANDSHAKE, &[0x81, 0x81, 0, 0, 0, 0, b'x']].concat());
    seen.gateway(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x82\x02ab");
    seen.has(r#"websocket_connections_active{endpoint="/ws"} 1"#);
    seen.client(&[0x88, 0x82, 0, 0, 0, 0, 3, 232]).gateway(&[0x88, 2, 3, 232]).ends(Side::Gateway);
    seen.observer.closed(seen.now);
    seen.has(r#"http_requests_total{endpoint="/ws",method="GET",status_code="101"} 1"#);
    seen.has(r#"websocket_messages_total{direction="inbound",type="text"} 1"#);
    seen.has(r#"websocket_messages_total{direction="outbound",type="binary"} 1"#);
    seen.has(r#"websocket_closes_total{code="1000",initiator="client"} 1"#);
    seen.has(r#"websocket_connections_total{endpoint="/ws",event="closed"} 1"#);
    seen.lacks("websocket_connections_active");
}

#[test]
fn a_session_without_a_close_frame_was_aborted() {
    let mut seen = Seen::new(false);
    seen.client(HANDSHAKE).gateway(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").ends(Side::Client);
    seen.observer.closed(seen.now);
    seen.has(r#"websocket_connections_total{endpoint="/ws",event="aborted"} 1"#);
    seen.has(r#"websocket_closes_total{code="1006",initiator="client"} 1"#);
}

#[test]
fn behind_a_refused_handshake_requests_go_on() {
    let mut seen = Seen::new(false);
    seen.client(&[HANDSHAKE, b"GET /a HTTP/1.1\r\n\r\n"].concat());
    seen.gateway(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seen.has(r#"websocket_connections_total{endpoint="/ws",event="rejected"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 1"#);
    assert!(seen.observer.is_idle());
}

#[test]
fn other_protocols_pass_unobserved() {
    for (bytes, reason) in
        [(&b"\x16\x03\x01\x02"[..], "tls"), (b"\x00\x01", "unknown"), (b"GET\x00/ HTTP/1.1\r\n\r\n", "malformed")]
    {
        let mut seen = Seen::new(true);
        seen.client(bytes);
        seen.has(&format!(r#"outrider_opaque_connections_total{{reason="{reason}"}} 1"#));
        assert_eq!(seen.passed, bytes);
        assert!(!seen.observer.is_idle());
    }
}

#[test]
fn a_head_without_end_is_given_up_at_its_limit() {
    let mut seen = Seen::new(true);
    seen.client(b"GET /a HTTP/1.1\r\n");
    for _ in 0..70 {
        seen.client(&[b"a: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat());
    }
    seen.has(r#"outrider_opaque_connections_total{reason="head_too_long"} 1"#);
}

#[test]
fn a_head_is_malformed_from_its_first_line_on_or_at_its_end_however_it_comes() {
    let opaque = r#"outrider_opaque_connections_total{reason="malformed"} 1"#;
    for cut in 1..12 {
        let mut line = Seen::new(false);
        line.client(&b"GET / HTTP/7"[..cut]).client(&b"GET / HTTP/7"[cut..]);
        line.lacks("outrider_opaque_connections_total");
        line.client(b"\r\n").has(opaque);
    }
    let mut field = Seen::new(false);
    field.client(b"GET / HTTP/1.1\r\nno field\r\n").lacks("outrider_opaque_connections_total");
    field.client(b"\r\n").has(opaque);
    let mut answer = Seen::new(false);
    answer.client(b"GET /a HTTP/1.1\r\n\r\n").gateway(b"HTTP/1.1 020 ").lacks("outrider_opaque_connections_total");
    answer.gateway(b"\r\nA: b\r\n\r\n").has(opaque);
}

#[test]
fn what_came_in_front_of_a_fault_in_chunks_is_counted_once_however_it_comes() {
    let (sent, answered) = (b"4\r\nabcd\r\nzz", b"1\r\nx\r\nzz");
    for cut in 0..sent.len() {
        let mut seen = Seen::new(false);
        seen.client(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        seen.client(&sent[..cut]).client(&sent[cut..]);
        seen.gateway(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let cut = cut.min(answered.len());
        seen.gateway(&answered[..cut]).gateway(&answered[cut..]).ends(Side::Gateway);
        seen.has(r#"http_request_size_bytes_sum{endpoint="/a",method="POST"} 4"#);
        // What is no chunk any more is taken for content, to the end of the connection.
        seen.has(r#"http_response_size_bytes_sum{endpoint="/a",method="POST"} 3"#);
    }
}

#[test]
fn what_begins_as_the_preface_of_http2_and_goes_on_otherwise_is_malformed() {
    for cut in 1..20 {
        let mut seen = Seen::new(false);
        let bytes = b"PRI * HTTP/2.0\r\n\r\nno\r\n";
        seen.client(&bytes[..cut]).client(&bytes[cut..]);
        seen.has(r#"outrider_opaque_connections_total{reason="malformed"} 1"#);
    }
}

#[test]
fn the_address_is_told_however_the_head_comes() {
    let head = b"GET /a HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n";
    let mut whole = Seen::new(true);
    whole.client(head);
    assert_eq!(whole.passed, b"GET /a HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1, 10.0.0.1\r\n\r\n");
    let mut bytewise = Seen::new(true);
    for byte in head {
        bytewise.client(&[*byte]);
    }
    // The line has gone on by the time its head is whole.
    assert_eq!(bytewise.passed, b"GET /a HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 10.0.0.1\r\n\r\n");
}

#[test]
fn a_reload_is_taken_up_between_two_requests() {
    let mut seen = Seen::new(false);
    seen.client(b"GET /a HTTP/1.1\r\n\r\n");
    let patterns = [Pattern::parse("/{any}").unwrap()];
    let interests = crate::observe::seen::INTERESTS.clone();
    seen.worker.follow(&Plan {
        table: Arc::new(Table::new(&patterns, &[], 100)),
        forwarded_for: true,
        interests,
        traces: None,
        judged: crate::observe::routes::Judged::default(),
    });
    seen.gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .client(b"GET /a HTTP/1.1\r\n\r\n")
        .gateway(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seen.has(r#"http_requests_total{endpoint="/a",method="GET",status_code="200"} 1"#);
    seen.has(r#"http_requests_total{endpoint="/{any}",method="GET",status_code="200"} 1"#);
}

/// One exchange, or what ends the HTTP of a connection.
fn exchange() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let bodies = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"Content-Length: 5\r\n\r\nhello".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: r\r\n\r\n".to_vec()),
    ];
    let answers = prop_oneof![
        Just(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_vec()),
        Just(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
                .to_vec()
        ),
        Just(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    ];
    let targets = prop_oneof![Just("/a"), Just("/b/17"), Just("/unknown/x"), Just("*")];
    let methods = prop_oneof![Just("GET"), Just("POST"), Just("BREW")];
    (methods, targets, bodies, answers).prop_map(|(method, target, body, answer)| {
        (([format!("{method} {target} HTTP/1.1\r\nHost: x\r\n").as_bytes(), &body]).concat(), answer)
    })
}

fn ending() -> impl Strategy<Value = Vec<(Side, Vec<u8>)>> {
    let session = vec![
        (Side::Client, HANDSHAKE.to_vec()),
        (Side::Gateway, b"HTTP/1.1 101 S\r\n\r\n\x01\x01a\x89\x00\x80\x01b".to_vec()),
        (Side::Client, vec![0x82, 0xfe, 0, 3, 1, 2, 3, 4, 9, 9, 9, 0x88, 0x82, 1, 0, 0, 0, 2, 232]),
    ];
    let ambiguous = vec![
        (Side::Client, b"POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec()),
        (Side::Gateway, b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n".to_vec()),
    ];
    prop_oneof![Just(Vec::new()), Just(session), Just(ambiguous)]
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_is_counted_and_edited_alike(
        exchanges in prop::collection::vec(exchange(), 0..6),
        pipelined in any::<bool>(),
        ending in ending(),
        cuts in prop::collection::vec(1..40_usize, 1..200),
    ) {
        let mut script: Vec<(Side, Vec<u8>)> = Vec::new();
        if pipelined {
            script.push((Side::Client, exchanges.iter().flat_map(|(request, _)| request.clone()).collect()));
            script.push((Side::Gateway, exchanges.iter().flat_map(|(_, answer)| answer.clone()).collect()));
        } else {
            script.extend(exchanges.into_iter().flat_map(|(request, answer)| [(Side::Client, request), (Side::Gateway, answer)]));
        }
        script.extend(ending);
        let (mut whole, mut split) = (Seen::new(true), Seen::new(true));
        split.now = whole.now;
        let mut cuts = cuts.iter().cycle();
        for (side, bytes) in &script {
            match side {
                Side::Client => whole.client(bytes),
                Side::Gateway => whole.gateway(bytes),
            };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, more) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                match side {
                    Side::Client => split.client(piece),
                    Side::Gateway => split.gateway(piece),
                };
                rest = more;
            }
        }
        for seen in [&mut whole, &mut split] {
            seen.ends(Side::Client);
            seen.observer.closed(seen.now);
        }
        prop_assert_eq!(whole.counts(), split.counts());
        prop_assert_eq!(&whole.passed, &split.passed);
    }
}
