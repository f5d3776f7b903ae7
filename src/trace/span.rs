//! What is in a span, by OpenTelemetry's semantic conventions (1.37; stable names where there are any). Spans are OTLP's own
//! message, whoever they go to.
//!
//! Nothing of a client's gets in but its path: no query, no address, no header, no body.
//!
//! - `attribute`: keys and values, and how JSON shows them
//! - `exchange`: a request and its answer
//! - `call`: a call of the gateway's
//! - `baggage`: what the configuration takes out of baggage
//! - `timing`: children by `Server-Timing`
//! - `rule`: what a business rule saw
//! - `session`: a WebSocket session
//! - `view`: a span as JSON

mod attribute;
mod baggage;
mod call;
mod exchange;
mod rule;
mod session;
#[cfg(test)]
mod tests;
mod timing;
mod view;

pub use attribute::{attributes, int, json, string, value_of};
pub use call::{REJECTED, of_call};
pub use exchange::{Made, of_exchange};
pub use rule::{Judgement, of_rule};
pub use session::of_session;
pub use timing::children;
pub use view::{hex, kind, view};

use crate::event::Context;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One instant on both clocks, so that instants become times of day.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    instant: Instant,
    unix: Duration,
}

impl Clock {
    /// `instant` and `time` are the same moment.
    pub fn new(instant: Instant, time: SystemTime) -> Self {
        Self { instant, unix: time.duration_since(UNIX_EPOCH).unwrap_or_default() }
    }

    /// Nanoseconds since 1970.
    pub fn nanos(&self, at: Instant) -> u64 {
        let time = match self.instant.checked_duration_since(at) {
            Some(ago) => self.unix.saturating_sub(ago),
            None => self.unix + at.saturating_duration_since(self.instant),
        };
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A span of `context` without attributes.
fn empty(context: &Context, name: String, kind: SpanKind, start: u64, end: u64) -> Span {
    // Bit 8: whether the parent is remote is known; bit 9: it is.
    let remote = if context.parent.is_some() { 0x300 } else { 0x100 };
    Span {
        trace_id: context.trace.bytes().to_vec(),
        span_id: context.span.bytes().to_vec(),
        parent_span_id: context.parent.map(|parent| parent.bytes().to_vec()).unwrap_or_default(),
        flags: u32::from(context.sampled) | u32::from(context.random) << 1 | remote,
        name,
        kind: kind as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: end.max(start),
        ..Span::default()
    }
}

fn error(message: impl Into<String>) -> Status {
    Status { code: StatusCode::Error as i32, message: message.into() }
}
