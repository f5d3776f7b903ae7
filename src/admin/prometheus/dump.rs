//! `GET /api/v1/history`: all samples at once, as the file of `history.path` has them, with their stale markers. It is what
//! a backtest asks for, and no part of Prometheus' API, which gives samples without markers.

use super::answer::Failure;
use crate::admin::Shared;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The history's file.
pub(super) async fn dump(State(view): State<Shared>) -> Result<Response, Failure> {
    let bytes = tokio::task::spawn_blocking(move || view.history.to_bytes()).await.map_err(|_| Failure::internal())?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
