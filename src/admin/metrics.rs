//! The exposition and its summary.

use super::Shared;
use super::reply::{CorrelationId, envelope, problem};
use crate::metrics::totals::Totals;
use ::prometheus::TextEncoder;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `GET /api/v1/metrics`: Prometheus' text format, version 0.0.4.
pub(super) async fn exposition(State(view): State<Shared>) -> Response {
    match TextEncoder::new().encode_to_string(&view.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, ::prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written; the log tells why")
        }
    }
}

/// `GET /api/v1/metrics/summary`. A request failed if its answer was a 5xx; what the client got wrong is its own.
pub(super) async fn summary(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let totals = Totals::of(&view.registry.gather());
    let summary = json!({
        "total_requests": totals.requests,
        "successful_requests": totals.requests - totals.failed,
        "failed_requests": totals.failed,
        "success_rate": totals.success_rate(),
        "metrics_collected": totals.families,
        "uptime_seconds": view.started.elapsed().as_secs(),
    });
    envelope(&view, &id, json!({ "metrics_summary": summary }))
}
