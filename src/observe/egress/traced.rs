//! Spans of calls, and what calls go on with.

use super::*;
use crate::config::{self, Config};
use crate::event::queue::{self, Drain};
use crate::event::{Context, ObserveCalls as _, Record, SpanId, TraceId};
use crate::metrics::{Registry, ServiceMetrics, TraceMetrics};
use crate::service::Directory;
use crate::service::pair::Kind;
use crate::trace::export::{Built, Identity};
use crate::trace::id::Ids;
use crate::trace::span::{Clock, of_call, view};
use crate::trace::{Desk, Links, Policy, Tracer};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

struct Seen {
    registry: Registry,
    directory: Arc<Directory>,
    calls: Calls,
    links: Links,
    drain: Drain,
    connection: Connection,
    now: Instant,
}

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

impl Seen {
    fn new(breaker: &str, kind: Kind) -> Self {
        let text = format!(
            "tracing: {{ propagation: [ tracecontext ], link: {{ headers: [ x-request-id ] }} }}\nservices: \
             [{{ name: a, address: '10.0.0.1:80', listen: '127.0.0.1:1', circuit_breaker: {{ {breaker} }} }}]"
        );
        let config = config::parse(&text, Path::new(""), &|_| None).unwrap();
        let (registry, now) = (Registry::new(), Instant::now());
        let families = ServiceMetrics::register(&registry, &Config::default().metrics.buckets);
        let directory = Arc::new(Directory::new(&config, &families, None, now));
        let (metrics, desk, identity) =
            (TraceMetrics::register(&registry), Desk::default(), Identity::new(&config, ""));
        let links = Links::new(&config.tracing.link);
        let policy = Arc::new(Policy::new(&config.tracing, now).linked(Some(links.clone())));
        let (outlets, running) = Built::new(&[], &identity).unwrap().start(&metrics);
        let tracer = Tracer::new(&config.tracing, policy, "http", identity, outlets, metrics, Ids::new());
        desk.swap(Some((Arc::new(tracer), running)));
        let (queue, drain) = queue::queue();
        let calls = Calls::new(desk, queue);
        let connection = calls.connection(Self::pair(&directory, kind));
        Self { registry, directory, calls, links, drain, connection, now }
    }

    fn pair(directory: &Arc<Directory>, kind: Kind) -> Pair {
        let service = directory.services.first().cloned();
        Pair::new(directory.clone(), service, Some("10.0.0.1:80".parse().unwrap()), kind)
    }

    /// A request that is open, with this id.
    fn request(&self, id: &str) -> (Context, crate::trace::link::Live) {
        let (trace, span) = (TraceId::new([7; 16]).unwrap(), SpanId::new([8; 8]).unwrap());
        let context = Context { trace, span, parent: None, sampled: true, random: true, debug: false };
        let fields = [(&b"x-request-id"[..], id.as_bytes())];
        (context, self.links.begin(Some(&context), &Arc::from("/a"), fields.into_iter()))
    }

    /// Sends, and gives what goes on.
    fn sends(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut edits, mut passed) = (Edits::default(), Vec::new());
        let gone = self.connection.client_bytes(self.now, bytes, &mut edits);
        edits.apply(&bytes[..gone], &mut passed);
        passed
    }

    fn answers(&mut self, bytes: &[u8]) {
        self.connection.gateway_bytes(self.now, bytes);
    }

    /// The spans that were told.
    fn spans(&mut self) -> Vec<Value> {
        let (mut spans, clock) = (Vec::new(), Clock::new(self.now, UNIX_EPOCH));
        self.drain.look(|record| {
            if let Record::Call(call) = record {
                spans.push(view(&of_call(call, clock)));
            }
        });
        spans
    }
}

#[test]
fn a_call_without_a_context_is_a_child_of_the_request_whose_id_it_has_and_carries_that_on() {
    let mut seen = Seen::new("", Kind::Road);
    let (parent, _live) = seen.request("request-7");
    let (_, _other) = seen.request("request-8");
    let passed = seen.sends(b"GET /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: request-7\r\n\r\n");
    seen.answers(OK);
    let [span] = &seen.spans()[..] else { panic!("one span") };
    assert_eq!(span["trace_id"], parent.trace.to_string());
    assert_eq!(span["parent_span_id"], parent.span.to_string());
    assert_eq!(span["attributes"]["outrider.linked_by"], "header");
    let ours = format!("traceparent: 00-{}-{}-03", parent.trace, span["span_id"].as_str().unwrap());
    assert!(String::from_utf8(passed).unwrap().contains(&ours), "{ours}");
}

#[test]
fn a_call_of_whom_nobody_knows_the_cause_passes_as_it_came_and_has_links_at_most() {
    let mut seen = Seen::new("", Kind::Road);
    let call = b"GET /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: request-7\r\n\r\n";
    assert_eq!(seen.sends(call), call);
    seen.answers(OK);
    let (one, _live) = seen.request("request-7");
    let other = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(seen.sends(other), other);
    seen.answers(OK);
    let (_, _two) = seen.request("request-7");
    assert_eq!(seen.sends(call), call);
    seen.answers(OK);
    let spans = seen.spans();
    let told: Vec<_> = spans.iter().map(|span| span["attributes"]["outrider.linked_by"].as_str().unwrap()).collect();
    assert_eq!(told, ["nothing", "likely", "several"]);
    for (span, links) in spans.iter().zip([0, 1, 2]) {
        assert_eq!(span["parent_span_id"], Value::Null);
        assert_eq!(span["links"].as_array().unwrap().len(), links, "{span}");
    }
    assert_eq!(spans[1]["links"][0]["span_id"], one.span.to_string());
    assert_eq!(spans[1]["links"][0]["attributes"]["outrider.link.inferred_from"], "likely");
}

#[test]
fn what_the_breaker_decides_is_an_event_of_the_calls_span() {
    let bad = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut seen = Seen::new("consecutive_failures: 1", Kind::Road);
    for _ in 0..2 {
        seen.sends(get);
        seen.answers(bad);
    }
    seen.connection = seen.calls.connection(Seen::pair(&seen.directory, Kind::Rejected));
    seen.sends(get);
    seen.answers(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    let spans = seen.spans();
    let decision = |at: usize| &spans[at]["events"][0]["attributes"]["outrider.circuit_breaker.decision"];
    assert_eq!(spans[0]["events"][0]["name"], "first_byte");
    assert_eq!((decision(1), decision(2)), (&"withheld".into(), &"rejected".into()));
    assert_eq!(spans[2]["attributes"]["error.type"], "circuit_breaker_open");
}

#[test]
fn a_call_that_is_declined_by_its_head_is_counted_once() {
    let mut seen = Seen::new("mode: enforce, consecutive_failures: 1", Kind::Road);
    let get = b"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n";
    seen.sends(get);
    seen.answers(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    // Whose call it is, only its head tells, as where the kernel redirects.
    let pair = Pair::new(seen.directory.clone(), None, Some("10.0.0.1:80".parse().unwrap()), Kind::Road);
    seen.connection = seen.calls.connection(pair);
    assert_eq!(seen.sends(get), b"");
    assert!(matches!(seen.connection.declined(), Some(Decline::Rejected(_))));
    seen.connection = seen.calls.connection(Seen::pair(&seen.directory, Kind::Rejected));
    seen.sends(get);
    seen.answers(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(seen.spans().len(), 2);
    let text = prometheus::TextEncoder::new().encode_to_string(&seen.registry.gather()).unwrap();
    assert!(text.contains("outrider_calls_linked_total{by=\"nothing\",service=\"a\"} 2"), "{text}");
}

#[test]
fn a_call_over_http2_is_a_child_of_what_its_context_names_and_passes_as_it_came() {
    let mut seen = Seen::new("", Kind::Road);
    let mut fields = vec![0x82, 0x86];
    crate::wire::http2::literal(b":path", b"/shop.Orders/Get", &mut fields);
    crate::wire::http2::literal(b"traceparent", PARENT.as_bytes(), &mut fields);
    let mut sent = HTTP2_PREFACE.to_vec();
    sent.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    sent.extend_from_slice(&[0, 0, fields.len() as u8, 1, 5, 0, 0, 0, 1]);
    sent.extend_from_slice(&fields);
    assert_eq!(seen.sends(&sent), sent);
    let mut answer = vec![0x88];
    crate::wire::http2::literal(b"grpc-status", b"14", &mut answer);
    seen.answers(&[&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, answer.len() as u8, 1, 5, 0, 0, 0, 1][..], &answer].concat());
    let [span] = &seen.spans()[..] else { panic!("one span") };
    assert_eq!((&span["trace_id"], &span["parent_span_id"]), (&PARENT[3..35].into(), &PARENT[36..52].into()));
    let attributes = &span["attributes"];
    assert_eq!((&attributes["rpc.service"], &attributes["rpc.method"]), (&"shop.Orders".into(), &"Get".into()));
    assert_eq!(
        (&attributes["network.protocol.version"], &attributes["rpc.grpc.status_code"]),
        (&"2".into(), &14.into())
    );
    assert_eq!((&span["status"], &attributes["error.type"]), (&"error".into(), &"14".into()));
}
