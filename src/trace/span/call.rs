//! The client span of a call of the gateway's, by HTTP's conventions for clients.

use super::exchange::{path, version};
use super::{Clock, empty, error, int, string};
use crate::event::exchange::Outcome;
use crate::event::{Call, Context};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};

/// What [`Call::breaker`] says of a call that was answered by us.
pub const REJECTED: &str = "rejected";

/// The span of `call`.
pub fn of_call(call: &Call, clock: Clock) -> Span {
    let method = if call.method == "_OTHER" { "HTTP" } else { call.method };
    let (start, end) = (clock.nanos(call.started), clock.nanos(call.ended));
    let mut span = empty(&call.trace.context, method.to_owned(), SpanKind::Client, start, end);
    let path_of = path(&call.target);
    span.attributes = vec![
        string("http.request.method", call.method),
        string("peer.service", &*call.service),
        string("network.protocol.version", version(call.version)),
    ];
    if let Some(address) = call.address {
        span.attributes.push(string("server.address", address.ip().to_canonical().to_string()));
        span.attributes.push(int("server.port", address.port()));
    }
    if !path_of.is_empty() {
        span.attributes.push(string("url.path", &*path_of));
    }
    span.attributes.extend(call.status.map(|status| int("http.response.status_code", status)));
    if let Some(code) = call.grpc {
        let names = path_of.strip_prefix('/').and_then(|path| path.split_once('/'));
        span.attributes.push(string("rpc.system", "grpc"));
        if let Some((service, method)) = names {
            span.attributes.extend([string("rpc.service", service), string("rpc.method", method)]);
        }
        span.attributes.push(int("rpc.grpc.status_code", code));
    }
    span.attributes.push(string("outrider.linked_by", call.linked_by));
    span.links = call.links.iter().map(|context| link(context, call.linked_by)).collect();
    // To who calls, a 4xx is an error too.
    let failure = match (call.outcome, call.grpc, call.status) {
        _ if call.breaker == Some(REJECTED) => Some("circuit_breaker_open".to_owned()),
        (Outcome::Client, ..) => Some("given_up".to_owned()),
        (Outcome::Gateway, ..) => Some("service_disconnected".to_owned()),
        (Outcome::Whole, Some(code), _) if code > 0 => Some(code.to_string()),
        (Outcome::Whole, _, Some(status)) if status >= 400 => Some(status.to_string()),
        _ => None,
    };
    if let Some(kind) = failure {
        span.attributes.push(string("error.type", kind));
        span.status = Some(error(""));
    }
    if let Some(decision) = call.breaker {
        span.events.push(Event {
            time_unix_nano: start,
            name: "circuit_breaker".to_owned(),
            attributes: vec![string("outrider.circuit_breaker.decision", decision)],
            ..Event::default()
        });
    }
    if let Some(began) = call.began {
        let name = "first_byte".to_owned();
        span.events.push(Event { time_unix_nano: clock.nanos(began), name, ..Event::default() });
    }
    span
}

/// To a request that may have caused the call, and why that is thought.
fn link(context: &Context, by: &'static str) -> Link {
    Link {
        trace_id: context.trace.bytes().to_vec(),
        span_id: context.span.bytes().to_vec(),
        attributes: vec![string("outrider.link.inferred_from", by)],
        flags: u32::from(context.sampled) | 0x100,
        ..Link::default()
    }
}
