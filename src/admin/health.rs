//! Whether we run, and whether traffic should come.

use super::Shared;
use super::reply::problem;
use crate::service::instance::Health;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the gateway may take to accept a connection before we are not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /healthz`: we run.
pub(super) async fn healthz() -> Response {
    ok("ok")
}

/// `GET /readyz`: the gateway is healthy, or where no check says so accepts connections, and we are not draining.
pub(super) async fn readyz(State(view): State<Shared>) -> Response {
    if view.draining.load(Ordering::Relaxed) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "draining: a stop was asked for");
    }
    let gateway = view.config.load().ingress.gateway.at.to_string();
    match view.checked.load().as_ref().map(|checked| checked.health(Instant::now())) {
        Some(Health::Healthy) => return ok("ready"),
        Some(Health::Unhealthy) => {
            let detail = format!("the gateway at {gateway} does not pass its health checks");
            return problem(StatusCode::SERVICE_UNAVAILABLE, detail);
        }
        Some(Health::Unknown) | None => {}
    }
    let mut cause = "its name has no address".to_owned();
    for address in view.gateway.load().iter() {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return ok("ready"),
            Ok(Err(error)) => cause = error.kind().to_string(),
            Err(_) => cause = format!("no connection within {} s", PATIENCE.as_secs()),
        }
    }
    problem(StatusCode::SERVICE_UNAVAILABLE, format!("the gateway at {gateway} cannot be reached: {cause}"))
}

fn ok(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
