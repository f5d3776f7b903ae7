//! What is in spans, and what is not.

use super::*;
use crate::event::exchange::{Exchange, Outcome, Version};
use crate::event::session::{Message, Session, Volume};
use crate::event::{SpanId, TraceId};
use crate::trace::id::Ids;
use serde_json::{Value, json};
use std::sync::Arc;

const MS: Duration = Duration::from_millis(1);

fn context() -> Context {
    let (trace, span) = (TraceId::new([1; 16]).unwrap(), SpanId::new([2; 8]).unwrap());
    Context { trace, span, parent: SpanId::new([3; 8]), sampled: true, random: false, debug: false }
}

fn exchange(head: &str, endpoint: &str, status: u16) -> Exchange {
    let mut exchange =
        Exchange { method: "GET", endpoint: Arc::from(endpoint), status: Some(status), ..Exchange::default() };
    exchange.request.keep_head(head.as_bytes());
    exchange.began = Some(exchange.started + 10 * MS);
    exchange.ended = exchange.started + 25 * MS;
    exchange
}

fn clock(exchange: &Exchange) -> Clock {
    Clock::new(exchange.ended, UNIX_EPOCH + Duration::from_secs(1_000))
}

fn made(exchange: &Exchange, by: &'static str, baggage: &[String]) -> Value {
    let made = Made { clock: clock(exchange), scheme: "http", by, baggage };
    view(&of_exchange(exchange, &context(), &made))
}

#[test]
fn an_exchange_is_a_server_span_by_the_conventions() {
    let mut exchange =
        exchange("GET /users/17?token=secret HTTP/1.1\r\nHost: a\r\nCookie: secret\r\n\r\n", "/users/{id}", 200);
    (exchange.request.size, exchange.response.size) = (3, 42);
    assert_eq!(
        made(&exchange, "rate", &[]),
        json!({
            "trace_id": "01".repeat(16), "span_id": "02".repeat(8), "parent_span_id": "03".repeat(8), "sampled": true,
            "name": "GET /users/{id}", "kind": "server", "start": "1970-01-01T00:16:39.975000Z", "duration_seconds": 0.025,
            "status": "unset", "status_message": null,
            "attributes": {
                "http.request.method": "GET", "url.scheme": "http", "url.path": "/users/17", "http.route": "/users/{id}",
                "http.response.status_code": 200, "network.protocol.version": "1.1",
                "http.request.body.size": 3, "http.response.body.size": 42,
            },
            "events": [ { "name": "first_byte", "time": "1970-01-01T00:16:39.985000Z", "attributes": {} } ],
            "links": [],
        })
    );
}

#[test]
fn what_has_no_endpoint_has_no_route() {
    let span = made(&exchange("GET http://a/x HTTP/1.0\r\n\r\n", "other", 404), "rate", &[]);
    assert_eq!((&span["name"], &span["attributes"]["http.route"]), (&json!("GET"), &Value::Null));
    assert_eq!((&span["attributes"]["url.path"], &span["status"]), (&json!("/x"), &json!("unset")));
}

#[test]
fn failures_of_the_gateway_are_errors_and_those_of_the_client_are_not() {
    let of = |status: Option<u16>, outcome, grpc| {
        let mut exchange = exchange("POST /a.B/C HTTP/2\r\n", "/a.B/C", 200);
        (exchange.status, exchange.outcome, exchange.grpc) = (status, outcome, grpc);
        let span = made(&exchange, "rate", &[]);
        (span["status"].as_str().unwrap().to_owned(), span["attributes"]["error.type"].clone())
    };
    assert_eq!(of(Some(404), Outcome::Whole, None), ("unset".into(), Value::Null));
    assert_eq!(of(Some(503), Outcome::Whole, None), ("error".into(), json!("503")));
    assert_eq!(of(None, Outcome::Client, None), ("unset".into(), json!("client_disconnected")));
    assert_eq!(of(Some(200), Outcome::Gateway, None), ("error".into(), json!("gateway_disconnected")));
    assert_eq!(of(Some(200), Outcome::Whole, Some(0)), ("unset".into(), Value::Null));
    assert_eq!(of(Some(200), Outcome::Whole, Some(5)), ("unset".into(), json!("5")));
    assert_eq!(of(Some(200), Outcome::Whole, Some(13)), ("error".into(), json!("13")));
}

#[test]
fn a_grpc_call_is_named_by_its_method() {
    let mut exchange = exchange("POST /shop.Cart/Add HTTP/2\r\n", "/shop.Cart/Add", 200);
    (exchange.method, exchange.version, exchange.grpc) = ("POST", Version::Http2, Some(0));
    let span = made(&exchange, "rate", &[]);
    assert_eq!(span["name"], "shop.Cart/Add");
    let attributes = &span["attributes"];
    let rpc = ["rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code"].map(|key| &attributes[key]);
    assert_eq!(rpc, [&json!("grpc"), &json!("shop.Cart"), &json!("Add"), &json!(0)]);
    assert_eq!(attributes["network.protocol.version"], "2");
}

#[test]
fn what_was_kept_at_the_end_says_so() {
    let exchange = exchange("GET /a HTTP/1.1\r\n\r\n", "/a", 500);
    assert_eq!(made(&exchange, "error", &[])["attributes"]["outrider.kept"], "error");
    assert_eq!(made(&exchange, "caller", &[])["attributes"]["outrider.kept"], Value::Null);
}

#[test]
fn baggage_becomes_attributes_where_it_is_asked_for() {
    let head = "GET /a HTTP/1.1\r\nbaggage: tenant=a%20b;prop=1, other=x\r\nBaggage: user.tier = gold\r\n\r\n";
    let keys = ["tenant".to_owned(), "user.tier".to_owned()];
    let attributes = &made(&exchange(head, "/a", 200), "rate", &keys)["attributes"];
    assert_eq!((&attributes["tenant"], &attributes["user.tier"]), (&json!("a b"), &json!("gold")));
    assert_eq!(attributes["other"], Value::Null);
}

#[test]
fn the_callers_state_is_in_the_span() {
    let parent = "traceparent: 00-12345678901234567890123456789012-1234567890123456-01\r\n";
    let of = |lines: &str| {
        let exchange = exchange(&format!("GET /a HTTP/1.1\r\n{parent}{lines}\r\n"), "/a", 200);
        let made = Made { clock: clock(&exchange), scheme: "http", by: "rate", baggage: &[] };
        of_exchange(&exchange, &context(), &made).trace_state
    };
    assert_eq!(of("tracestate: a=1\r\ntracestate: b=2\r\n"), "a=1,b=2");
    assert_eq!(of("tracestate: a=1,a=1\r\n"), "");
}

#[test]
fn server_timing_tells_of_children() {
    let exchange = exchange("GET /a HTTP/1.1\r\n\r\n", "/a", 200);
    let parent =
        of_exchange(&exchange, &context(), &Made { clock: clock(&exchange), scheme: "http", by: "rate", baggage: &[] });
    let mut ids = Ids::from_seed([5; 32]);
    let lines: [&[u8]; 3] =
        [b"db;dur=12.5;desc=\"a, b\", cache;desc=hit", b" app ; DUR=\"3\"", b"bad name;dur=1,x;dur=y"];
    let children = children(&parent, &context(), lines.into_iter(), || ids.span());
    let told: Vec<_> = children
        .iter()
        .map(|child| (child.name.as_str(), child.end_time_unix_nano - child.start_time_unix_nano))
        .collect();
    assert_eq!(told, [("db", 12_500_000), ("app", 3_000_000)]);
    assert!(children.iter().all(|child| child.parent_span_id == parent.span_id && child.trace_id == parent.trace_id));
    assert_eq!(view(&children[0])["attributes"], json!({ "outrider.inferred": "start" }));
}

#[test]
fn a_session_is_a_child_of_its_handshake() {
    let started = Instant::now();
    let session = Session {
        context: context(),
        endpoint: Arc::from("/ws"),
        started,
        ended: started + 20 * MS,
        inbound: Volume { messages: 3, bytes: 30 },
        outbound: Volume { messages: 1, bytes: 5 },
        close_code: 1000,
        initiator: "client",
        messages: vec![Message { at: started, direction: "inbound", kind: "text", size: 10 }],
        messages_left_out: 2,
    };
    let span = of_session(&session, Clock::new(started, SystemTime::now()));
    assert_eq!(span.dropped_events_count, 2);
    let shown = view(&span);
    assert_eq!((&shown["name"], &shown["kind"]), (&json!("websocket /ws"), &json!("internal")));
    assert_eq!(shown["attributes"]["websocket.inbound.messages"], 3);
    assert_eq!(shown["attributes"]["websocket.close.code"], 1000);
    assert_eq!(shown["events"][0]["attributes"]["websocket.message.size"], 10);
}

/// The gateway's word is 10 MB for 1,000 spans.
#[test]
fn a_thousand_spans_take_three_megabytes() {
    let exchange = exchange("GET /api/v1/users/17/orders/12 HTTP/1.1\r\n\r\n", "/api/v1/users/{id}/orders/{id}", 200);
    let clock = clock(&exchange);
    let mut kept = Vec::with_capacity(1_000);
    let measured = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            kept.push(of_exchange(&exchange, &context(), &Made { clock, scheme: "http", by: "rate", baggage: &[] }));
        }
    });
    assert!(measured.bytes_current < 3_000_000, "{} bytes", measured.bytes_current);
}

#[test]
fn what_a_rule_saw_is_a_child_with_the_rules_name_and_labels() {
    let exchange = exchange("POST /generate HTTP/1.1\r\n\r\n", "/generate", 200);
    let labels = vec![("framework".to_owned(), "react".to_owned())];
    let judgement = Judgement { rule: "code_generation".to_owned(), status: "failure", labels };
    let span = view(&of_rule(&judgement, &exchange, &context(), SpanId::new([9; 8]).unwrap(), clock(&exchange)));
    assert_eq!((&span["trace_id"], &span["parent_span_id"]), (&"01".repeat(16).into(), &"02".repeat(8).into()));
    assert_eq!((&span["name"], &span["kind"]), (&"code_generation".into(), &"internal".into()));
    assert_eq!((&span["status"], &span["duration_seconds"]), (&"error".into(), &0.025.into()));
    assert_eq!(span["attributes"], json!({ "outrider.rule.status": "failure", "framework": "react" }));
}
