//! Every path and what answers there, behind what every call passes.

use super::{
    Shared, access, alerts, config, coverage, health, live, log_level, metrics, openapi, overview, page, prometheus,
    reply, shape, traces,
};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

/// All of it.
pub(super) fn router(view: Shared) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/api/v1/metrics", get(metrics::exposition))
        .route("/api/v1/metrics/summary", get(metrics::summary))
        .route("/api/v1/observability", get(overview::observability))
        .route("/api/v1/coverage", get(coverage::coverage))
        .route("/api/v1/config", get(config::config))
        .route("/api/v1/log-level", get(log_level::show).put(log_level::set))
        .route("/api/v1/whoami", get(access::whoami))
        .route("/openapi.json", get(openapi::openapi))
        .route("/api/v1/live", get(live::live))
        .merge(page::routes())
        .merge(alerts::routes())
        .merge(traces::routes())
        .merge(prometheus::routes())
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::not_allowed)
        .layer(from_fn_with_state(view.clone(), access::guard))
        .layer(from_fn(shape::shape))
        .layer(from_fn(reply::correlate))
        .with_state(view)
}
