//! What a request goes on with, and what is told of it.

use crate::event::{Edits, Observer, Record, Side, Traced};
use crate::observe::seen::Seen;
use std::time::Duration;

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// The traces that were told, with the status.
fn told(seen: &mut Seen) -> Vec<(Option<u16>, Option<Traced>)> {
    let mut told = Vec::new();
    seen.told(|record| match record {
        Record::Exchange(exchange) => told.push((exchange.status, exchange.trace)),
        Record::Session(session) => told.push((None, Some(Traced { context: session.context, by: "session" }))),
        Record::Message(_) | Record::Call(_) => {}
    });
    told
}

fn passed(seen: &Seen) -> String {
    String::from_utf8(seen.passed.clone()).unwrap()
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_request_goes_on_with_the_context_of_its_span() {
    let mut seen = Seen::traced("");
    seen.exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", ANSWER);
    let head = passed(&seen);
    let [(Some(200), Some(Traced { context, by: "rate" }))] = told(&mut seen)[..] else { panic!("one span") };
    let (trace, span) = (context.trace, context.span);
    assert!(head.starts_with("GET /a HTTP/1.1\r\nHost: x\r\n"), "{head}");
    assert_eq!(field(&head, "traceparent"), Some(&*format!("00-{trace}-{span}-03")));
    assert_eq!(field(&head, "b3"), Some(&*format!("{trace}-{span}-1")));
    assert_eq!(field(&head, "uber-trace-id"), Some(&*format!("{trace}:{span}:0:1")));
    assert_eq!(field(&head, "x-request-id").map(str::len), Some(36));
    assert_eq!(context.parent, None);
}

#[test]
fn a_caller_is_the_parent_and_keeps_its_request_id() {
    let mut seen = Seen::traced("tracing: { propagation: [ tracecontext ] }");
    seen.exchange(&format!("GET /a HTTP/1.1\r\ntraceparent: {PARENT}\r\nX-Request-ID: mine\r\n\r\n"), ANSWER);
    let head = passed(&seen);
    let [(_, Some(Traced { context, by: "caller" }))] = told(&mut seen)[..] else { panic!("one span") };
    assert_eq!(context.parent.unwrap().to_string(), "1234567890123456");
    let ours = PARENT.replace("1234567890123456-01", &format!("{}-01", context.span));
    assert_eq!(head, format!("GET /a HTTP/1.1\r\ntraceparent: {ours}\r\nX-Request-ID: mine\r\n\r\n"));
}

#[test]
fn a_path_that_is_kept_out_passes_as_it_came() {
    let yaml = "routes: { exclude: [ /healthz, \"/b/{id}\" ] }";
    let mut seen = Seen::traced(yaml);
    let requests = ["GET /healthz?x HTTP/1.1\r\n\r\n", "GET /b/7 HTTP/1.1\r\n\r\n"];
    for _ in 0..2 {
        for request in requests {
            seen.exchange(request, ANSWER);
        }
    }
    assert_eq!(passed(&seen), requests.concat().repeat(2));
    assert!(told(&mut seen).iter().all(|(_, trace)| trace.is_none()));
}

#[test]
fn an_endpoint_has_its_own_rate() {
    let mut seen = Seen::traced("tracing: { sample_rate: 0, routes: [ { endpoint: \"/b/{id}\", sample_rate: 1 } ] }");
    for target in ["/a", "/b/7", "/b/8"] {
        seen.exchange(&format!("GET {target} HTTP/1.1\r\n\r\n"), ANSWER);
    }
    let by: Vec<_> = told(&mut seen).iter().filter_map(|(_, trace)| trace.map(|trace| trace.by)).collect();
    assert_eq!(by, ["route", "route"]);
    assert_eq!(passed(&seen).matches("-02\r\n").count(), 1, "what has no span says so");
}

#[test]
fn what_fails_or_is_slow_is_kept_after_all() {
    let mut seen = Seen::traced("tracing: { sample_rate: 0, keep: { slower_than: 1s } }");
    seen.exchange("GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    seen.exchange("GET /a HTTP/1.1\r\n\r\n", ANSWER);
    seen.client(b"GET /a HTTP/1.1\r\n\r\n");
    seen.now += Duration::from_secs(2);
    seen.gateway(ANSWER.as_bytes());
    let told: Vec<_> =
        told(&mut seen).iter().filter_map(|(status, trace)| trace.map(|trace| (*status, trace.by))).collect();
    assert_eq!(told, [(Some(503), "error"), (Some(200), "slow")]);
}

#[test]
fn a_session_is_told_as_a_child_of_its_handshake() {
    let mut seen = Seen::traced("tracing: { message_events: 0.5 }");
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    seen.exchange(
        &format!("GET /ws HTTP/1.1\r\n{upgrade}\r\n"),
        &format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}\r\n"),
    );
    for _ in 0..4 {
        seen.gateway(b"\x81\x02hi");
    }
    seen.ends(Side::Gateway);
    seen.observer.closed(seen.now);
    let mut events = 0;
    let mut contexts = Vec::new();
    seen.told(|record| match record {
        Record::Exchange(exchange) => contexts.push(exchange.trace.unwrap().context),
        Record::Session(session) => {
            events = session.messages.len();
            assert_eq!((session.outbound.messages, session.outbound.bytes), (4, 8));
            assert_eq!((session.close_code, session.initiator, &*session.endpoint), (1006, "gateway", "/ws"));
            contexts.push(session.context);
        }
        Record::Message(_) | Record::Call(_) => {}
    });
    assert_eq!(events, 2);
    assert_eq!((contexts[1].parent, contexts[1].trace), (Some(contexts[0].span), contexts[0].trace));
}

#[test]
fn a_context_is_added_wherever_a_head_is_cut() {
    let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    for cut in 1..request.len() {
        let mut seen = Seen::traced("");
        seen.client(&request.as_bytes()[..cut]).client(&request.as_bytes()[cut..]);
        assert!(field(&passed(&seen), "traceparent").is_some(), "cut at {cut}: {}", passed(&seen));
    }
}

#[test]
fn requests_without_a_span_allocate_nothing() {
    let mut seen = Seen::traced("tracing: { sample_rate: 0 }");
    let (request, mut edits, now) = (b"GET /a HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", Edits::default(), seen.now);
    let mut once = |seen: &mut Seen| {
        edits.clear();
        seen.observer.client_bytes(now, request, &mut edits);
        seen.observer.gateway_bytes(now, ANSWER.as_bytes());
    };
    (0..3).for_each(|_| once(&mut seen));
    let measured = allocation_counter::measure(|| (0..100).for_each(|_| once(&mut seen)));
    assert_eq!(measured.count_total, 0);
}
