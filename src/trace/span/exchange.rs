//! The server span of a request and its answer: HTTP's conventions, and gRPC's on top of them.

use super::{Clock, baggage, empty, error, int, string};
use crate::event::Context;
use crate::event::exchange::{Exchange, Outcome, Version};
use crate::trace::propagate::Reader;
use crate::trace::sample::Why;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

/// Bytes of a path that are kept.
const PATH: usize = 2048;
/// Bytes of a `tracestate` that are kept: W3C asks for at least 512.
const STATE: usize = 1024;

/// What a span is made with.
pub struct Made<'a> {
    /// Both clocks.
    pub clock: Clock,
    /// How clients speak to us: `http` or `https`.
    pub scheme: &'static str,
    /// Why it is made.
    pub by: &'static str,
    /// Baggage keys that become attributes.
    pub baggage: &'a [String],
}

/// The span of `exchange`.
pub fn of_exchange(exchange: &Exchange, context: &Context, made: &Made<'_>) -> Span {
    let (start, end) = (made.clock.nanos(exchange.started), made.clock.nanos(exchange.ended));
    let path = path(exchange.target());
    // Everything that has no endpoint of its own shares one that is no template.
    let route = Some(&*exchange.endpoint).filter(|endpoint| endpoint.starts_with('/'));
    let call = exchange.grpc.map(|code| (code, route.and_then(|route| route.strip_prefix('/')?.split_once('/'))));
    let method = if exchange.method == "_OTHER" { "HTTP" } else { exchange.method };
    let name = match (&call, route) {
        (Some((_, Some((service, method)))), _) => format!("{service}/{method}"),
        (_, Some(route)) => format!("{method} {route}"),
        (_, None) => method.to_owned(),
    };
    let mut span = empty(context, name, SpanKind::Server, start, end);
    let attributes = &mut span.attributes;
    attributes.reserve_exact(12);
    attributes.push(string("http.request.method", exchange.method));
    attributes.push(string("url.scheme", made.scheme));
    if !path.is_empty() {
        attributes.push(string("url.path", path));
    }
    attributes.extend(route.map(|route| string("http.route", route)));
    attributes.extend(exchange.status.map(|status| int("http.response.status_code", status)));
    attributes.push(string("network.protocol.version", version(exchange.version)));
    attributes.push(int("http.request.body.size", exchange.request.size));
    attributes.push(int("http.response.body.size", exchange.response.size));
    if let Some((code, names)) = call {
        attributes.push(string("rpc.system", "grpc"));
        if let Some((service, method)) = names {
            attributes.extend([string("rpc.service", service), string("rpc.method", method)]);
        }
        attributes.push(int("rpc.grpc.status_code", code));
    }
    if [Why::Error, Why::Slow].iter().any(|why| why.as_str() == made.by) {
        attributes.push(string("outrider.kept", made.by));
    }
    attributes.extend(carried(exchange, made.baggage));
    if let Some((kind, status)) = failure(exchange) {
        attributes.push(string("error.type", kind));
        span.status = status;
    }
    if let Some(began) = exchange.began {
        let time = made.clock.nanos(began);
        span.events = vec![Event { time_unix_nano: time, name: "first_byte".to_owned(), ..Event::default() }];
    }
    if context.parent.is_some() {
        span.trace_state = state(exchange);
    }
    span
}

/// What is an error by the conventions for servers, and what kind of one; the client's own faults leave the status unset.
fn failure(exchange: &Exchange) -> Option<(String, Option<Status>)> {
    // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
    const OURS: [u16; 6] = [2, 4, 12, 13, 14, 15];
    match (exchange.outcome, exchange.grpc, exchange.status) {
        (Outcome::Client, ..) => Some(("client_disconnected".to_owned(), None)),
        (_, Some(0), _) => None,
        (_, Some(code), _) => Some((code.to_string(), OURS.contains(&code).then(|| error("")))),
        (Outcome::Gateway, ..) => {
            Some(("gateway_disconnected".to_owned(), Some(error("the gateway ended before its answer was whole"))))
        }
        (.., Some(status)) if status >= 500 => Some((status.to_string(), Some(error("")))),
        _ => None,
    }
}

/// The path of a target, without query and without what an absolute form has in front of it.
pub(super) fn path(target: &[u8]) -> String {
    let target = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let text = String::from_utf8_lossy(target);
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => &text,
    };
    path[..path.floor_char_boundary(PATH)].to_owned()
}

pub(super) fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
        Version::Http2 => "2",
    }
}

fn carried(exchange: &Exchange, keys: &[String]) -> Vec<KeyValue> {
    if keys.is_empty() {
        return Vec::new();
    }
    let lines = exchange.request.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"baggage"));
    lines.flat_map(|(_, value)| baggage::attributes(value, keys)).collect()
}

/// The caller's `tracestate`, its lines as one list; empty if it is not what it should be.
fn state(exchange: &Exchange) -> String {
    let mut reader = Reader::default();
    exchange.request.fields().for_each(|(name, value)| reader.field(name, value));
    if !reader.has_good_state() {
        return String::new();
    }
    let lines = exchange.request.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"tracestate"));
    let lines = lines.filter_map(|(_, value)| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty());
    let state = lines.collect::<Vec<_>>().join(",");
    if state.len() > STATE { String::new() } else { state }
}
