//! What is counted of calls, and what is declined.

use super::*;
use crate::config::{self, Config};
use crate::event::{Edits, ObserveCalls as _};
use crate::metrics::{Registry, ServiceMetrics};
use crate::service::Directory;
use crate::service::pair::Kind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A connection to service `a` at 10.0.0.1:80, and what was counted on it.
struct Seen {
    registry: Registry,
    directory: Arc<Directory>,
    connection: Connection,
    now: Instant,
}

impl Seen {
    fn new(breaker: &str, kind: Kind) -> Self {
        let registry = Registry::new();
        let families = ServiceMetrics::register(&registry, &Config::default().metrics.buckets);
        let text = format!(
            "services: [{{ name: a, address: '10.0.0.1:80', listen: '127.0.0.1:1', circuit_breaker: {{ {breaker} }} }}]"
        );
        let config = config::parse(&text, Path::new(""), &|_| None).unwrap();
        let now = Instant::now();
        let directory = Arc::new(Directory::new(&config, &families, None, now));
        let connection = Calls::untraced().connection(Self::pair(&directory, kind));
        Self { registry, directory, connection, now }
    }

    fn pair(directory: &Arc<Directory>, kind: Kind) -> Pair {
        let service = directory.services.first().cloned();
        Pair::new(directory.clone(), service, Some("10.0.0.1:80".parse().unwrap()), kind)
    }

    /// Another connection.
    fn again(&mut self, kind: Kind) -> &mut Self {
        self.connection = Calls::untraced().connection(Self::pair(&self.directory, kind));
        self
    }

    fn client(&mut self, bytes: &[u8]) -> usize {
        self.connection.client_bytes(self.now, bytes, &mut Edits::default())
    }

    fn service(&mut self, bytes: &[u8]) -> &mut Self {
        self.connection.gateway_bytes(self.now, bytes);
        self
    }

    fn exchange(&mut self, answer: &[u8]) -> &mut Self {
        assert_eq!(self.client(GET), GET.len());
        self.service(answer)
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    fn ends(&mut self, side: Side) -> &mut Self {
        self.connection.ended(self.now, side, End::Finished);
        self
    }

    fn get(&self, series: &str) -> f64 {
        let text = prometheus::TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        line.unwrap_or(0.0)
    }

    #[track_caller]
    fn outcome(&self, outcome: &str, count: f64) {
        let series = format!("circuit_breaker_requests_total{{outcome=\"{outcome}\",service=\"a\"}}");
        assert_eq!(self.get(&series), count, "{outcome}");
    }

    #[track_caller]
    fn status(&self, status: u16, count: f64) {
        let series = format!("service_requests_total{{service=\"a\",status_code=\"{status}\"}}");
        assert_eq!(self.get(&series), count, "{status}");
    }
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BAD: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

#[test]
fn calls_are_counted_by_status_and_outcome_and_by_whether_their_connection_was_there() {
    let mut seen = Seen::new("", Kind::Road);
    seen.exchange(OK)
        .exchange(b"HTTP/1.1 100 Continue\r\n\r\n")
        .service(BAD)
        .exchange(b"HTTP/1.1 404 No\r\n")
        .service(b"\r\n");
    seen.ends(Side::Gateway);
    seen.status(200, 1.0);
    seen.status(500, 1.0);
    seen.status(404, 1.0);
    seen.outcome("success", 2.0);
    seen.outcome("failure", 1.0);
    assert_eq!(seen.get("connection_pool_requests_total{result=\"new\",service=\"a\"}"), 1.0);
    assert_eq!(seen.get("connection_pool_requests_total{result=\"reused\",service=\"a\"}"), 2.0);
    assert_eq!(seen.get("connection_pool_connections_active{service=\"a\"}"), 1.0);
    assert_eq!(seen.get("service_request_duration_seconds_count{service=\"a\"}"), 3.0);
}

#[test]
fn what_breaks_off_is_a_failure_and_keeps_its_status_if_it_had_one() {
    let mut seen = Seen::new("", Kind::Road);
    seen.exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").ends(Side::Gateway);
    seen.again(Kind::Road).exchange(b"").ends(Side::Gateway);
    seen.status(200, 1.0);
    seen.status(0, 1.0);
    seen.outcome("failure", 2.0);
    seen.outcome("success", 0.0);
}

#[test]
fn an_answer_that_was_not_waited_for_is_a_timeout_unless_it_was_left_at_once() {
    let mut seen = Seen::new("", Kind::Road);
    seen.exchange(b"").after(2).ends(Side::Client);
    seen.outcome("timeout", 1.0);
    seen.status(0, 1.0);
    seen.again(Kind::Road).exchange(b"").ends(Side::Client);
    seen.outcome("timeout", 1.0);
    seen.outcome("failure", 0.0);
    seen.status(0, 2.0);
}

#[test]
fn an_enforcing_breaker_declines_at_the_first_byte_and_an_observing_one_tells() {
    for (mode, enforces) in [("enforce", true), ("observe", false)] {
        let mut seen = Seen::new(&format!("mode: {mode}, consecutive_failures: 2"), Kind::Road);
        seen.exchange(BAD).exchange(BAD);
        assert_eq!(seen.get("circuit_breaker_state{service=\"a\",state=\"open\"}"), 1.0);
        assert_eq!(seen.get("circuit_breaker_transitions_total{service=\"a\",to=\"open\"}"), 1.0);
        assert_eq!(seen.client(GET), if enforces { 0 } else { GET.len() });
        let declined = seen.connection.declined();
        assert_eq!(declined.is_some(), enforces);
        let withheld = seen.get("outrider_circuit_breaker_withheld_total{service=\"a\"}");
        assert_eq!(withheld, if enforces { 0.0 } else { 1.0 });
        // Half open, a probe goes through and closes it.
        seen.again(Kind::Road).after(30).exchange(OK);
        assert_eq!(seen.get("circuit_breaker_state{service=\"a\",state=\"closed\"}"), 1.0, "{mode}");
    }
}

#[test]
fn a_rejected_call_is_counted_once_and_never_as_the_services() {
    let mut seen = Seen::new("mode: enforce", Kind::Rejected);
    seen.exchange(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").ends(Side::Gateway);
    seen.outcome("rejected", 1.0);
    seen.status(503, 0.0);
    assert_eq!(seen.get("connection_pool_connections_active{service=\"a\"}"), 0.0);
}

#[test]
fn one_call_at_a_time_passes_where_another_says_where_the_next_goes() {
    let mut seen = Seen::new("", Kind::Single);
    let two = [GET, GET].concat();
    assert_eq!(seen.client(&two), GET.len());
    assert_eq!(seen.connection.declined(), Some(Decline::Next));
    seen.service(OK).connection.resume();
    assert_eq!(seen.client(GET), GET.len());
    seen.service(OK).status(200, 2.0);
}

#[test]
fn a_head_in_pieces_and_a_body_in_chunks_are_one_call() {
    let mut seen = Seen::new("", Kind::Road);
    let call = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    call.chunks(1).for_each(|piece| assert_eq!(seen.client(piece), 1));
    for piece in OK.chunks(1) {
        seen.service(piece);
    }
    seen.exchange(OK).status(200, 2.0);
    assert!(seen.connection.is_idle());
}

#[test]
fn tls_is_a_tunnel_of_whom_its_hello_names() {
    let mut seen = Seen::new("", Kind::Road);
    seen.client(&[0x16, 3, 1, 0, 1, 0]);
    seen.service(&[0x16, 3, 3]).after(3);
    seen.connection.closed(seen.now);
    assert_eq!(seen.get("outrider_tunnels_total{result=\"established\",service=\"a\"}"), 1.0);
    assert_eq!(seen.get("outrider_tunnel_bytes_total{direction=\"outbound\",service=\"a\"}"), 6.0);
    assert_eq!(seen.get("outrider_tunnel_bytes_total{direction=\"inbound\",service=\"a\"}"), 3.0);
    assert_eq!(seen.get("outrider_tunnel_duration_seconds_sum{service=\"a\"}"), 3.0);
    seen.outcome("success", 1.0);
}

#[test]
fn http2_calls_are_streams_and_a_grpc_status_judges_them() {
    let mut seen = Seen::new("", Kind::Road);
    // :method GET, :scheme http, :path /, from the static table.
    let headers = |stream: u8| [&[0, 0, 3, 1, 5, 0, 0, 0, stream][..], &[0x82, 0x86, 0x84]].concat();
    let mut preface = HTTP2_PREFACE.to_vec();
    preface.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    preface.extend_from_slice(&[headers(1), headers(3), headers(5)].concat());
    seen.client(&preface);
    // :status 200 with the end of the stream; :status 200 and grpc-status 14; a reset.
    seen.service(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).service(&[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88]);
    let mut fields = vec![0x88];
    crate::wire::http2::literal(b"grpc-status", b"14", &mut fields);
    seen.service(&[&[0, 0, fields.len() as u8, 1, 5, 0, 0, 0, 3][..], &fields].concat());
    seen.service(&[0, 0, 4, 3, 0, 0, 0, 0, 5, 0, 0, 0, 2]);
    seen.status(200, 2.0);
    seen.status(0, 1.0);
    seen.outcome("success", 1.0);
    seen.outcome("failure", 2.0);
    assert_eq!(seen.get("connection_pool_requests_total{result=\"reused\",service=\"a\"}"), 2.0);
}

#[test]
fn who_leaves_with_all_of_an_answer_over_http2_breaks_nothing_off() {
    let mut seen = Seen::new("", Kind::Road);
    // Two GETs; the answers' Content-Length is 5, and neither ends its stream.
    let headers = |stream: u8| [&[0, 0, 3, 1, 5, 0, 0, 0, stream][..], &[0x82, 0x86, 0x84]].concat();
    seen.client(&[HTTP2_PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0], &headers(1), &headers(3)].concat());
    seen.service(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    for (stream, content) in [(1, &b"hello"[..]), (3, b"hell")] {
        let mut fields = vec![0x88];
        crate::wire::http2::literal(b"content-length", b"5", &mut fields);
        seen.service(&[&[0, 0, fields.len() as u8, 1, 4, 0, 0, 0, stream][..], &fields].concat());
        seen.service(&[&[0, 0, content.len() as u8, 0, 0, 0, 0, 0, stream][..], content].concat());
    }
    seen.outcome("success", 0.0);
    seen.client(&[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8]);
    seen.status(200, 1.0);
    seen.outcome("success", 1.0);
    seen.ends(Side::Gateway);
    seen.outcome("success", 1.0);
    seen.outcome("failure", 1.0);
}
