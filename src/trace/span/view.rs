//! A span as JSON: what the console and `/api/v1/traces/recent` show.

use super::attributes;
use chrono::{DateTime, SecondsFormat};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde_json::{Value, json};

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The kind of a span, in words.
pub fn kind(span: &Span) -> Option<&'static str> {
    let kinds = ["internal", "server", "client", "producer", "consumer"];
    usize::try_from(span.kind).ok()?.checked_sub(1).and_then(|at| kinds.get(at).copied())
}

/// The whole span. Ids are hexadecimal, times RFC 3339 to the microsecond.
pub fn view(span: &Span) -> Value {
    let id = |bytes: &[u8]| if bytes.is_empty() { Value::Null } else { Value::String(hex(bytes)) };
    let status = span.status.clone().unwrap_or_default();
    let code = match status.code() {
        StatusCode::Unset => "unset",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    };
    let events = span.events.iter().map(|event| {
        json!({ "name": event.name, "time": time(event.time_unix_nano), "attributes": attributes(&event.attributes) })
    });
    let links = span.links.iter().map(|link| {
        json!({
            "trace_id": id(&link.trace_id),
            "span_id": id(&link.span_id),
            "attributes": attributes(&link.attributes),
        })
    });
    json!({
        "trace_id": id(&span.trace_id),
        "span_id": id(&span.span_id),
        "parent_span_id": id(&span.parent_span_id),
        "sampled": span.flags & 1 == 1,
        "name": span.name,
        "kind": kind(span),
        "start": time(span.start_time_unix_nano),
        "duration_seconds": (span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)) as f64 / 1e9,
        "status": code,
        "status_message": if status.message.is_empty() { Value::Null } else { Value::String(status.message) },
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
    })
}

fn time(nanos: u64) -> String {
    let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
    DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(SecondsFormat::Micros, true)
}
