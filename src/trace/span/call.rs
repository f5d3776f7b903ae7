//! The client span of a call of the gateway's, by HTTP's conventions for clients.

use super::exchange::{path, version};
use super::{Clock, empty, error, int, string};
use crate::event::Call;
use crate::event::exchange::Outcome;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};

/// The span of `call`.
pub fn of_call(call: &Call, clock: Clock) -> Span {
    let method = if call.method == "_OTHER" { "HTTP" } else { call.method };
    let (start, end) = (clock.nanos(call.started), clock.nanos(call.ended));
    let mut span = empty(&call.trace.context, method.to_owned(), SpanKind::Client, start, end);
    let path = path(&call.target);
    span.attributes = vec![
        string("http.request.method", call.method),
        string("peer.service", &*call.service),
        string("network.protocol.version", version(call.version)),
    ];
    if let Some(address) = call.address {
        span.attributes.push(string("server.address", address.ip().to_canonical().to_string()));
        span.attributes.push(int("server.port", address.port()));
    }
    if !path.is_empty() {
        span.attributes.push(string("url.path", path));
    }
    span.attributes.extend(call.status.map(|status| int("http.response.status_code", status)));
    // To who calls, a 4xx is an error too.
    let failure = match (call.outcome, call.status) {
        (Outcome::Client, _) => Some("given_up".to_owned()),
        (Outcome::Gateway, _) => Some("service_disconnected".to_owned()),
        (Outcome::Whole, Some(status)) if status >= 400 => Some(status.to_string()),
        _ => None,
    };
    if let Some(kind) = failure {
        span.attributes.push(string("error.type", kind));
        span.status = Some(error(""));
    }
    if let Some(began) = call.began {
        let name = "first_byte".to_owned();
        span.events = vec![Event { time_unix_nano: clock.nanos(began), name, ..Event::default() }];
    }
    span
}
