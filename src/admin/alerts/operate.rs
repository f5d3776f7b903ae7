//! What people do to alerts.

use super::bad;
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope, problem};
use crate::alert::desk::{Closed, Wish};
use crate::alert::state::{Fingerprint, Refusal};
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

/// How long a name may be.
const NAME: usize = 200;

#[derive(Deserialize)]
pub(super) struct By {
    acknowledged_by: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct For {
    duration_minutes: Option<String>,
}

/// `POST /api/v1/alerts/{fingerprint}/acknowledge?acknowledged_by=`
pub(super) async fn acknowledge(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Path(of): Path<String>,
    Query(by): Query<By>,
) -> Response {
    let by = by.acknowledged_by.unwrap_or_default().trim().to_owned();
    if by.is_empty() || by.chars().count() > NAME || by.chars().any(char::is_control) {
        return bad(format!("acknowledged_by must say who sees to the alert, in 1 to {NAME} characters"));
    }
    let message = format!("acknowledged by {by}");
    carry_out(&view, &id, &of, |of| Wish::Acknowledge(of, by), &message).await
}

/// `DELETE /api/v1/alerts/{fingerprint}/acknowledge`
pub(super) async fn unacknowledge(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Path(of): Path<String>,
) -> Response {
    carry_out(&view, &id, &of, Wish::Unacknowledge, "no longer acknowledged").await
}

/// `POST /api/v1/alerts/{fingerprint}/suppress?duration_minutes=`
pub(super) async fn suppress(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Path(of): Path<String>,
    Query(time): Query<For>,
) -> Response {
    let Some(minutes) = time.duration_minutes.as_deref().and_then(|text| text.parse::<i64>().ok()) else {
        return bad("duration_minutes must be a whole number from 1 to 1440");
    };
    let message = format!("suppressed for {minutes} minutes");
    carry_out(&view, &id, &of, |of| Wish::Suppress(of, minutes), &message).await
}

/// `DELETE /api/v1/alerts/{fingerprint}/suppress`
pub(super) async fn unsuppress(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Path(of): Path<String>,
) -> Response {
    carry_out(&view, &id, &of, Wish::Unsuppress, "no longer suppressed").await
}

pub(super) fn closed(Closed: Closed) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, Closed.to_string())
}

async fn carry_out(
    view: &Shared,
    id: &CorrelationId,
    of: &str,
    wish: impl FnOnce(Fingerprint) -> Wish,
    message: &str,
) -> Response {
    let of: Fingerprint = match of.parse() {
        Ok(of) => of,
        Err(error) => return bad(error),
    };
    match view.alerts.change(wish(of)).await {
        Ok(Ok(())) => envelope(view, id, json!({ "status": "success", "message": format!("Alert {of} {message}") })),
        Ok(Err(refusal)) => problem(status(&refusal), refusal.to_string()),
        Err(error) => closed(error),
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unknown(_) => StatusCode::NOT_FOUND,
        Refusal::NotFiring(_) | Refusal::NotAcknowledged(_) | Refusal::NotSuppressed(_) => StatusCode::CONFLICT,
        Refusal::Duration(_) => StatusCode::BAD_REQUEST,
    }
}
