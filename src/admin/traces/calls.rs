//! `GET /api/v1/traces/calls`: which endpoint calls which service, how long that takes, what links calls to requests, and what is
//! learned of headers.

use super::off;
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope};
use crate::trace::link::{By, Learned, Row};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /api/v1/traces/calls`
pub(super) async fn calls(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let Some(tracer) = view.traces.tracer() else { return off() };
    let shown = tracer.policy.links.as_ref().map(|links| links.show()).unwrap_or_default();
    let body = json!({
        "calls_are_seen": tracer.policy.links.is_some(),
        "calls": shown.rows.iter().map(row).collect::<Vec<_>>(),
        "headers": shown.headers.iter().map(header).collect::<Vec<_>>(),
    });
    envelope(&view, &id, body)
}

fn row(row: &Row) -> Value {
    let by: Map<String, Value> =
        By::ALL.iter().zip(row.by).map(|(by, count)| (by.as_str().to_owned(), count.into())).collect();
    let (calls, seconds) = (row.by.iter().sum::<u64>(), row.time.as_secs_f64());
    json!({
        "endpoint": row.endpoint.as_deref(),
        "service": row.service,
        "calls": calls,
        "failures": row.failures,
        "seconds_total": seconds,
        "seconds_average": if calls == 0 { 0.0 } else { seconds / calls as f64 },
        "linked_by": by,
        // Those that carry no context are what a trace ends at.
        "drops_context": row.by[By::Context as usize] < calls,
    })
}

fn header(learned: &Learned) -> Value {
    json!({
        "endpoint": &*learned.endpoint,
        "header": learned.header,
        "hits": learned.hits,
        "contradictions": learned.contradictions,
        "trusted": learned.is_trusted,
    })
}
