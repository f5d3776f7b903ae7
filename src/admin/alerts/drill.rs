//! `POST /api/v1/test/alert?severity=warning&message=Test`: a test that goes the whole way to every configured channel.

use super::{bad, operate, severity};
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope, problem};
use crate::config::Severity;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a message may be.
const MESSAGE: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Asked {
    severity: Option<String>,
    message: Option<String>,
}

/// Answers when every channel has; an attempt ends within half a minute.
pub(super) async fn drill(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(severity) = asked.severity.as_deref().map_or(Some(Severity::Info), severity) else {
        return bad("severity must be critical, high, medium (or warning), low or info");
    };
    let message = asked.message.unwrap_or_else(|| "This is a test: nothing is wrong.".to_owned());
    if message.trim().is_empty() || message.chars().count() > MESSAGE {
        return bad(format!("message must have 1 to {MESSAGE} characters"));
    }
    if view.alerts.snapshot().channels == 0 {
        return problem(StatusCode::CONFLICT, "no channel is configured: see `alerting.channels`");
    }
    let results = match view.alerts.drill(severity, message).await {
        Ok(results) => results,
        Err(error) => return operate::closed(error),
    };
    let delivered = results.iter().filter(|result| result.delivered).count();
    let deliveries: Vec<Value> = results
        .iter()
        .map(|result| {
            let status = if result.delivered { "delivered" } else { "failed" };
            json!({ "channel": result.channel, "status": status, "detail": result.detail })
        })
        .collect();
    let status = if delivered == results.len() { "success" } else { "failure" };
    let message = format!("Test alert delivered to {delivered} of {} channels", results.len());
    envelope(&view, &id, json!({ "status": status, "message": message, "deliveries": deliveries }))
}
