//! `GET /api/v1/observability`: the state of every part on one page.

use super::Shared;
use super::reply::{CorrelationId, envelope};
use crate::metrics::totals::Totals;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

/// Parts that this build does not have say so, and are no reason to be unwell.
pub(super) async fn observability(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let config = view.config.load();
    let totals = Totals::of(&view.registry.gather());
    let reload_error = view.reload_error.load();
    let healthy = |well: bool| if well { "healthy" } else { "degraded" };
    let body = json!({
        "observability": {
            "metrics": {
                "status": "active",
                "summary": { "total_requests": totals.requests, "success_rate": totals.success_rate() },
            },
            "tracing": { "status": "inactive" },
            "alerting": { "status": "inactive" },
            "logging": {
                "status": "active",
                "service": config.service,
                "environment": config.environment,
                "log_level": config.log.level.as_str(),
            },
            "config": {
                "status": if reload_error.is_none() { "current" } else { "refused" },
                "error": reload_error.as_ref().as_ref().map_or(Value::Null, |error| json!(error)),
            },
        },
        "health": {
            "overall_status": healthy(reload_error.is_none()),
            "components": {
                "metrics": "healthy",
                "tracing": "inactive",
                "alerting": "inactive",
                "logging": "healthy",
                "config": healthy(reload_error.is_none()),
            },
        },
    });
    envelope(&view, &id, body)
}
