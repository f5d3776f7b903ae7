//! Traces: what runs, what was seen last, what would become of headers, and a flush.
//!
//! - `recent`: `GET /api/v1/traces/recent`
//! - `calls`: `GET /api/v1/traces/calls`
//! - `debug`: `GET /api/v1/trace` and `/debug/trace-context`

mod calls;
mod debug;
mod recent;

use super::Shared;
use super::reply::{CorrelationId, envelope, problem};
use crate::trace::Tracer;
use crate::trace::export::Report;
use crate::trace::span::hex;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

/// Their routes.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/trace", get(debug::current))
        .route("/api/v1/trace/flush", post(flush))
        .route("/api/v1/debug/trace-context", get(debug::context))
        .route("/api/v1/traces/recent", get(recent::recent))
        .route("/api/v1/traces/calls", get(calls::calls))
}

/// Sends everything up to now, and waits for what becomes of it.
async fn flush(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    if view.traces.tracer().is_none() {
        return off();
    }
    // What workers told becomes spans before anything is sent.
    let registry = view.registry.clone();
    let _ = tokio::task::spawn_blocking(move || registry.gather()).await;
    let reports = view.traces.flush().await;
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let (sent, dropped) = (sum(|report| report.sent), sum(|report| report.dropped));
    let (failed, pending) = (sum(|report| report.failed), sum(|report| report.pending));
    let (status, message) = if failed + pending + dropped == 0 {
        ("success", "Traces flushed successfully".to_owned())
    } else {
        (
            "incomplete",
            format!("{sent} spans sent, {dropped} dropped, {failed} failed, {pending} wait and are tried again"),
        )
    };
    let body = json!({
        "status": status,
        "message": message,
        "sent": sent,
        "dropped": dropped,
        "failed": failed,
        "pending": pending,
        "exporters": reports,
    });
    envelope(&view, &id, body)
}

fn off() -> Response {
    problem(StatusCode::CONFLICT, "there are no traces: `tracing.enabled` is off")
}

/// What runs, for the page of all parts.
pub(super) fn state(view: &Shared) -> Value {
    let config = view.config.load();
    let Some(tracer) = view.traces.tracer() else { return json!({ "status": "inactive" }) };
    let last = tracer.recent.find(&Default::default(), 1);
    json!({
        "status": "active",
        "current_trace_id": last.first().map(|item| hex(&item.span.trace_id)),
        "service_name": config.service,
        "environment": config.environment,
        "sample_rate": config.tracing.sample_rate,
        "exporters": exporters(&tracer),
        "error": trouble(view),
    })
}

/// What keeps spans from going where they should.
pub(super) fn trouble(view: &Shared) -> Option<String> {
    let tracer = view.traces.tracer()?;
    let troubles = tracer.outlets.iter().filter_map(|outlet| Some(format!("{}: {}", outlet.name(), outlet.trouble()?)));
    let troubles: Vec<String> = troubles.collect();
    (!troubles.is_empty()).then(|| troubles.join("; "))
}

fn exporters(tracer: &Tracer) -> Vec<Value> {
    let each = tracer.outlets.iter().map(|outlet| {
        let metrics = outlet.metrics();
        json!({
            "name": outlet.name(),
            "sent": metrics.sent.get(),
            "dropped": metrics.dropped.get(),
            "failed": metrics.failed.get(),
            "queued": metrics.queued.get(),
            "error": outlet.trouble(),
        })
    });
    each.collect()
}
