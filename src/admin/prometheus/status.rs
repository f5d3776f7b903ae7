//! `status/buildinfo`: what Grafana asks first.

use super::answer::success;
use axum::response::Response;
use serde_json::json;

/// The Prometheus whose API and language ours are: what a data source may expect of us.
const COMPATIBLE: &str = "3.0.0";

/// `GET /api/v1/status/buildinfo`
pub(super) async fn buildinfo() -> Response {
    success(json!({
        "version": COMPATIBLE,
        "revision": concat!("outrider ", env!("CARGO_PKG_VERSION")),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }))
}
