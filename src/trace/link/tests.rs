//! What is linked, and what is not.

use super::*;
use crate::event::SpanId;

struct Seen {
    links: Links,
    number: u8,
}

type Fields<'a> = &'a [(&'a str, &'a str)];

fn bytes<'a>(fields: Fields<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))
}

impl Seen {
    fn new(headers: &[&str], learn: bool) -> Self {
        let headers = headers.iter().map(|name| (*name).to_owned()).collect();
        Self { links: Links::new(&Link { headers, learn }), number: 0 }
    }

    fn context(&mut self) -> Context {
        self.number += 1;
        let (trace, span) = (TraceId::new([self.number; 16]), SpanId::new([self.number; 8]));
        let (trace, span) = (trace.unwrap(), span.unwrap());
        Context { trace, span, parent: None, sampled: true, random: true, debug: false }
    }

    fn request(&mut self, endpoint: &str, fields: Fields<'_>) -> (Context, Live) {
        let context = self.context();
        (context, self.links.begin(Some(&context), &Arc::from(endpoint), bytes(fields)))
    }

    fn call(&self, fields: Fields<'_>) -> Origin {
        let found = self.links.find(None, "s", bytes(fields));
        self.links.ended(&found, Duration::from_millis(10), false);
        found.origin
    }

    /// So many requests one after the other, each with a call that has its id under another name.
    fn teach(&mut self, times: usize) {
        for time in 0..times {
            let id = format!("request-{}-{time}", self.number);
            let (_, _live) = self.request("/a", &[("X-Request-Id", &id), ("accept", "application/json")]);
            self.call(&[("x-correlation-id", &id), ("accept", "application/json")]);
        }
    }
}

#[test]
fn a_header_decides_once_it_has_proved_itself() {
    let mut seen = Seen::new(&[], true);
    seen.teach(49);
    let (_, other) = seen.request("/b", &[]);
    let (first, live) = seen.request("/a", &[("x-request-id", "request-x")]);
    assert_eq!(seen.call(&[("x-id", "request-x")]), Origin::Unknown, "49 hits are not enough, and two are open");
    drop((live, other));
    let (second, live) = seen.request("/a", &[("x-request-id", "request-y")]);
    let (_, _other) = seen.request("/a", &[("x-request-id", "request-z")]);
    assert_eq!(seen.call(&[("x-id", "request-y")]), Origin::Header(second));
    assert_eq!(seen.call(&[("x-id", "request-x")]), Origin::Header(first), "it is over, but its id is its own");
    assert_eq!(seen.call(&[("x-id", "request-0")]), Origin::Unknown);
    drop(live);
    let shown = seen.links.show();
    let [learned] = &shown.headers[..] else { panic!("one header: {:?}", shown.headers) };
    assert_eq!((&*learned.endpoint, &*learned.header, learned.is_trusted), ("/a", "x-request-id", true));
}

#[test]
fn a_value_that_two_requests_have_is_a_contradiction_and_names_no_parent() {
    let mut seen = Seen::new(&[], true);
    seen.teach(60);
    let (first, _one) = seen.request("/a", &[("x-request-id", "request-x")]);
    assert_eq!(seen.call(&[("id", "request-x")]), Origin::Header(first));
    let (_, _two) = seen.request("/a", &[("x-request-id", "request-x")]);
    assert_eq!(seen.call(&[("id", "request-x")]), Origin::Unknown, "it has to prove itself again");
    assert!(!seen.links.show().headers[0].is_trusted);
}

#[test]
fn a_header_that_is_named_decides_at_once_and_links_all_that_share_its_value() {
    let mut seen = Seen::new(&["X-Session"], false);
    let fields = [("x-session", "session-7"), ("x-request-id", "request-7")];
    let (first, _one) = seen.request("/a", &fields);
    let (_, _other) = seen.request("/a", &[]);
    assert_eq!(seen.call(&[("x-session", "session-7")]), Origin::Header(first));
    assert_eq!(seen.call(&[("x-request-id", "request-7")]), Origin::Unknown, "nothing is learned");
    let (second, _two) = seen.request("/b", &fields);
    assert_eq!(seen.call(&[("x-session", "session-7")]), Origin::Several([Some(first), Some(second), None, None]));
}

#[test]
fn the_only_request_that_is_open_is_likely_and_no_more() {
    let mut seen = Seen::new(&[], true);
    assert_eq!(seen.call(&[]), Origin::Unknown);
    let (first, live) = seen.request("/a", &[]);
    assert_eq!(seen.call(&[]), Origin::Likely(first));
    let out = seen.links.begin(None, &Arc::from("/healthz"), bytes(&[]));
    assert_eq!(seen.call(&[]), Origin::Unknown, "another is open, though it is kept out of traces");
    drop(live);
    assert_eq!(seen.call(&[]), Origin::Unknown, "what is kept out of traces is no cause in them");
    drop(out);
}

#[test]
fn short_values_and_secrets_link_nothing() {
    let mut seen = Seen::new(&["x-short"], true);
    for time in 0..60 {
        let secret = format!("Bearer {time:08}");
        let (_, _live) = seen.request("/a", &[("authorization", &secret), ("x-short", "1234567")]);
        seen.call(&[("authorization", &secret), ("x-short", "1234567")]);
    }
    assert!(seen.links.show().headers.is_empty());
}

#[test]
fn many_calls_of_one_request_prove_no_more_than_one() {
    let mut seen = Seen::new(&[], true);
    let (_, _live) = seen.request("/a", &[("x-request-id", "request-x")]);
    for _ in 0..100 {
        seen.call(&[("id", "request-x")]);
    }
    assert_eq!(seen.links.show().headers[0].hits, 1);
}

#[test]
fn the_map_has_calls_by_endpoint_service_and_what_linked_them() {
    let mut seen = Seen::new(&[], true);
    seen.call(&[]);
    let (context, _live) = seen.request("/a", &[]);
    seen.call(&[]);
    let found = seen.links.find(Some(&context.trace), "t", bytes(&[]));
    assert_eq!(found.origin, Origin::Context);
    seen.links.ended(&found, Duration::from_millis(30), true);
    let rows: Vec<_> = seen.links.show().rows;
    let rows: Vec<_> = rows.iter().map(|row| (row.endpoint.as_deref(), &*row.service, row.by, row.failures)).collect();
    let expected =
        [(None, "s", [0, 0, 0, 0, 1], 0), (Some("/a"), "s", [0, 0, 0, 1, 0], 0), (Some("/a"), "t", [1, 0, 0, 0, 0], 1)];
    assert_eq!(rows, expected);
}

#[test]
fn what_is_remembered_is_bounded_and_no_request_allocates() {
    let (mut seen, endpoint) = (Seen::new(&[], true), Arc::from("/a"));
    let context = seen.context();
    let mut once = |number: u64| {
        let id = (0x1234_5678_0000_0000 + number).to_be_bytes();
        let fields: [(&[u8], &[u8]); 2] = [(b"x-request-id", &id), (b"accept", b"application/json")];
        let _live = seen.links.begin(Some(&context), &endpoint, fields.into_iter());
        let found = seen.links.find(None, "s", fields.into_iter());
        seen.links.ended(&found, Duration::ZERO, false);
    };
    (0..20_000).for_each(&mut once);
    let measured = allocation_counter::measure(|| (20_000..30_000).for_each(&mut once));
    // A table whose entries come and go may be laid out anew once more, by how its hashes fall.
    assert!(measured.count_total <= 2, "{} allocations in 10,000 requests", measured.count_total);
}
