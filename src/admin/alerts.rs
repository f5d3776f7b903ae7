//! Alerts: what there is, what people do to it, what was, and tests of channels.
//!
//! - `list`: `GET /api/v1/alerts` and `/alerts/stats`
//! - `operate`: acknowledgement, suppression, and their undo
//! - `past`: `GET /api/v1/alerts/history`
//! - `drill`: `POST /api/v1/test/alert`

mod drill;
mod list;
mod operate;
mod past;

pub(super) use list::statistics;

use super::Shared;
use super::reply::problem;
use crate::config::Severity;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat};

/// Its routes.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/alerts", get(list::alerts))
        .route("/api/v1/alerts/stats", get(list::stats))
        .route("/api/v1/alerts/history", get(past::history))
        .route("/api/v1/alerts/{fingerprint}/acknowledge", post(operate::acknowledge).delete(operate::unacknowledge))
        .route("/api/v1/alerts/{fingerprint}/suppress", post(operate::suppress).delete(operate::unsuppress))
        .route("/api/v1/test/alert", post(drill::drill))
}

/// A severity by its name; `warning` is `medium`.
fn severity(name: &str) -> Option<Severity> {
    let name = if name == "warning" { "medium" } else { name };
    Severity::ALL.into_iter().find(|severity| severity.as_str() == name)
}

/// Which part of a list is asked for.
struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    /// The most entries of one page.
    const MOST: usize = 10_000;

    /// By the parameters `limit`, which is `usual` unless something else is asked for, and `offset`.
    fn asked(limit: Option<usize>, offset: Option<usize>, usual: usize) -> Result<Self, String> {
        let limit = limit.unwrap_or(usual);
        match (1..=Self::MOST).contains(&limit) {
            true => Ok(Self { limit, offset: offset.unwrap_or(0) }),
            false => Err(format!("limit must be from 1 to {}", Self::MOST)),
        }
    }
}

/// What is wrong with a parameter.
fn bad(detail: impl Into<String>) -> Response {
    problem(StatusCode::BAD_REQUEST, detail)
}

/// A time as the API writes it: RFC 3339, UTC, to the second.
fn time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}
