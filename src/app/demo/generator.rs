//! A service that the demo's gateway calls: it generates code, slowly, and now and then not at all.

use axum::Router;
use axum::extract::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// All of its routes.
pub(super) fn router() -> Router {
    Router::new().route("/health", get(|| async { "ok" })).route("/generate", post(generate))
}

/// Failures come as regularly as the demo does.
async fn generate(Json(form): Json<Value>) -> Response {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    sleep(Duration::from_millis(80)).await;
    if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(12) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(json!({ "framework": form["framework"], "files": 3 })).into_response()
}
