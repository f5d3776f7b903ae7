//! The span of a WebSocket session: it begins with the 101, and its parent is the handshake's span.

use super::{Clock, empty, int, string};
use crate::event::session::Session;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};

/// The span of `session`.
pub fn of_session(session: &Session, clock: Clock) -> Span {
    let (start, end) = (clock.nanos(session.started), clock.nanos(session.ended));
    let route = Some(&*session.endpoint).filter(|endpoint| endpoint.starts_with('/'));
    let name = route.map_or_else(|| "websocket".to_owned(), |route| format!("websocket {route}"));
    let mut span = empty(&session.context, name, SpanKind::Internal, start, end);
    // The parent is ours.
    span.flags &= !0x200;
    span.attributes.push(string("network.protocol.name", "websocket"));
    span.attributes.extend(route.map(|route| string("http.route", route)));
    for (direction, side) in [("inbound", &session.inbound), ("outbound", &session.outbound)] {
        span.attributes.push(int(format!("websocket.{direction}.messages"), side.messages));
        span.attributes.push(int(format!("websocket.{direction}.bytes"), side.bytes));
    }
    span.attributes.push(int("websocket.close.code", session.close_code));
    span.attributes.push(string("websocket.close.initiator", session.initiator));
    span.events = session
        .messages
        .iter()
        .map(|message| Event {
            time_unix_nano: clock.nanos(message.at),
            name: "message".to_owned(),
            attributes: vec![
                string("websocket.message.direction", message.direction),
                string("websocket.message.type", message.kind),
                int("websocket.message.size", message.size),
            ],
            ..Event::default()
        })
        .collect();
    span.dropped_events_count = session.messages_left_out;
    span
}
