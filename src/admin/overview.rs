//! `GET /api/v1/observability`: the state of every part on one page.

use super::Shared;
use super::reply::{CorrelationId, envelope};
use crate::alert::engine::Snapshot;
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
    let alerts = view.alerts.snapshot();
    let alerting = trouble(&alerts).is_null();
    let tracing = super::traces::trouble(&view).is_none();
    let healthy = |well: bool| if well { "healthy" } else { "degraded" };
    let body = json!({
        "observability": {
            "metrics": {
                "status": "active",
                "summary": { "total_requests": totals.requests, "success_rate": totals.success_rate() },
            },
            "tracing": super::traces::state(&view),
            "alerting": {
                "status": "active",
                "statistics": super::alerts::statistics(&alerts),
                "error": trouble(&alerts),
            },
            "logging": {
                "status": "active",
                "service": config.service,
                "environment": config.environment,
                "log_level": view.level.get().as_str(),
            },
            "config": {
                "status": if reload_error.is_none() { "current" } else { "refused" },
                "error": reload_error.as_ref().as_ref().map_or(Value::Null, |error| json!(error)),
            },
        },
        "health": {
            "overall_status": healthy(reload_error.is_none() && alerting && tracing),
            "components": {
                "metrics": "healthy",
                "tracing": if view.traces.tracer().is_none() { "inactive" } else { healthy(tracing) },
                "alerting": healthy(alerting),
                "logging": "healthy",
                "config": healthy(reload_error.is_none()),
            },
        },
    });
    envelope(&view, &id, body)
}

/// What keeps alerts from being what they should be: a store that does not last, or rules that cannot be evaluated.
fn trouble(alerts: &Snapshot) -> Value {
    let broken = alerts.broken.iter().map(|(rule, error)| format!("rule {rule}: {error}"));
    let store = alerts.trouble.iter().map(|reason| format!("alerts are kept in memory only: {reason}"));
    let all: Vec<String> = store.chain(broken).collect();
    if all.is_empty() { Value::Null } else { json!(all.join("; ")) }
}
