//! The listener's thread.

use super::{Shared, alerts, coverage, health, metrics, overview, prometheus, reply};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::sync::watch;

/// How long answers in flight may take after a stop: a scraper that reads slowly must not keep the process.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves on `listener` until `stop` changes. Runs on the caller's thread.
pub fn serve(listener: TcpListener, view: Shared, mut stop: watch::Receiver<bool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut stopped = stop.clone();
        // A sender that is gone means a stop as well.
        let graceful = async move { drop(stop.wait_for(|stop| *stop).await) };
        let late = async move {
            drop(stopped.wait_for(|stop| *stop).await);
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            served = axum::serve(listener, router(view).into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(graceful) => served,
            () = late => Ok(()),
        }
    })
}

fn router(view: Shared) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/api/v1/metrics", get(metrics::exposition))
        .route("/api/v1/metrics/summary", get(metrics::summary))
        .route("/api/v1/observability", get(overview::observability))
        .route("/api/v1/coverage", get(coverage::coverage))
        .merge(alerts::routes())
        .merge(prometheus::routes())
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::not_allowed)
        .layer(from_fn(reply::correlate))
        .with_state(view)
}
