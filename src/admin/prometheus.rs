//! Prometheus' own HTTP API over our history, so that Grafana, `promtool` and curl take us as they take a Prometheus
//! (<https://prometheus.io/docs/prometheus/latest/querying/api/>). `GET` and form `POST` mean the same.
//!
//! Queries run on threads of their own, few at a time, so that an expensive one holds up neither a scrape nor another page.
//!
//! - `params`: parameters as Prometheus reads them
//! - `answer`: results and errors as Prometheus writes them
//! - `query`: `query` and `query_range`
//! - `series`: `series`, `labels`, `label/{name}/values` and `metadata`
//! - `rules`: `rules`
//! - `status`: `status/buildinfo`
//! - `dump`: all samples, for a backtest

mod answer;
mod dump;
mod params;
mod query;
mod rules;
mod series;
mod status;

pub use query::Turns;

use super::Shared;
use axum::Router;
use axum::routing::get;

/// Its routes.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/series", get(series::series).post(series::series))
        .route("/api/v1/labels", get(series::labels).post(series::labels))
        .route("/api/v1/label/{name}/values", get(series::values))
        .route("/api/v1/metadata", get(series::metadata))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/status/buildinfo", get(status::buildinfo))
        .route("/api/v1/history", get(dump::dump))
}
