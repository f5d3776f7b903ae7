//! `GET /api/v1/config`: the configuration that runs, secrets masked, and where it came from.

use super::Shared;
use super::reply::{CorrelationId, envelope, rfc3339};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

/// All settings with their defaults; `hash` is the file's SHA-256, `files` all that was read.
pub(super) async fn config(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let (config, error) = (view.config.load(), view.reload_error.load());
    let loaded = UNIX_EPOCH + Duration::from_secs(view.loaded.load(Ordering::Relaxed));
    let body = json!({
        "hash": config.source.hash,
        "files": config.source.files.iter().map(|file| &file.path).collect::<Vec<_>>(),
        "loaded_at": rfc3339(loaded),
        "status": if error.is_none() { "current" } else { "refused" },
        "error": **error,
        "notices": config.source.notices,
        "config": **config,
    });
    envelope(&view, &id, body)
}
