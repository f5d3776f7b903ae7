//! Who may do what. Every call passes here before its endpoint sees it, in this order: is the name ours (`host`), is it too
//! often (`rate`), who calls (`caller`), may he (`role`), does a page of another origin ask (`origin`), and is the body of a
//! decent size. What changes something is told to the log and, where there is one, to the audit log (`audit`).
//!
//! An endpoint needs nothing of this in its own code: its method decides. What is not GET, HEAD or OPTIONS changes something
//! and needs the role `operate`, unless `role` names it.
//!
//! - `host`: DNS rebinding
//! - `rate`: calls of one client
//! - `caller`: tokens, certificates, and those without either
//! - `role`: what a call needs
//! - `origin`: pages of other origins: CORS and CSRF
//! - `audit`: the log of changes

mod audit;
mod caller;
mod host;
mod origin;
mod rate;
mod role;

pub(super) use caller::{Caller, Certificate};
pub use rate::Limiter;
pub(super) use role::needed;

use super::Shared;
use super::reply::{CorrelationId, problem};
use crate::config::admin::Role;
use crate::metrics::admin::Refused;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The longest body of a call.
const BODY: usize = 64 << 10;
/// How long it may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long a call may take: a test of channels takes half a minute, and a query as much.
const CALL: Duration = Duration::from_secs(90);

/// Lets a call through, or says why not.
pub(super) async fn guard(
    State(view): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let config = view.config.load_full();
    let refuse = |reason, response| {
        view.metrics.refused(reason);
        response
    };
    if let Err(detail) = host::check(request.headers(), &config) {
        return refuse(Refused::Host, problem(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    if let Err(wait) = view.limiter.take(peer.ip(), config.admin.rate_limit, Instant::now()) {
        let detail = format!("too many calls; `admin.rate_limit` allows the next in {} s", wait.as_secs() + 1);
        let mut response = problem(StatusCode::TOO_MANY_REQUESTS, detail);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        return refuse(Refused::Rate, response);
    }
    let cors = origin::allowed(request.headers(), &config.admin);
    if request.method() == Method::OPTIONS {
        return origin::options(cors, request, next).await;
    }
    let needed = role::needed(request.method(), request.uri().path());
    let caller = match caller::of(&request, peer.ip(), &config.admin) {
        Ok(caller) => caller,
        // A wrong token is no reason to hide what everybody may see.
        Err(_) if needed == Role::None => Caller::nobody(peer.ip()),
        Err(detail) => return refuse(Refused::Credentials, origin::expose(cors, challenge(detail))),
    };
    let changes = needed == Role::Operate;
    let deed = changes.then(|| audit::Deed::of(&request, &caller));
    let response = if caller.role < needed {
        match caller.name {
            None => refuse(Refused::Credentials, challenge(role::advice(needed))),
            Some(_) => refuse(Refused::Role, problem(StatusCode::FORBIDDEN, role::advice(needed))),
        }
    } else if let Err(detail) = origin::check(&request, &config.admin) {
        refuse(Refused::Origin, problem(StatusCode::FORBIDDEN, detail))
    } else {
        match whole(request).await {
            Err(response) => refuse(Refused::Body, response),
            Ok(mut request) => {
                request.extensions_mut().insert(caller);
                timeout(CALL, next.run(request)).await.unwrap_or_else(|_| {
                    problem(StatusCode::SERVICE_UNAVAILABLE, "this takes too long; the log may tell why")
                })
            }
        }
    };
    if let Some(deed) = deed {
        deed.told(&view, response.status()).await;
    }
    origin::expose(cors, response)
}

/// The request with its body here, within bounds.
async fn whole(request: Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    match timeout(ARRIVAL, to_bytes(body, BODY)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Ok(Err(_)) => Err(problem(StatusCode::PAYLOAD_TOO_LARGE, format!("a body may have {BODY} bytes"))),
        Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

fn challenge(detail: impl Into<String>) -> Response {
    let mut response = problem(StatusCode::UNAUTHORIZED, detail);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"outrider\""));
    response
}

/// `GET /api/v1/whoami`: who the caller is taken for, and what he may do.
pub(super) async fn whoami(
    State(view): State<Shared>,
    axum::Extension(id): axum::Extension<CorrelationId>,
    axum::Extension(caller): axum::Extension<Caller>,
) -> Response {
    super::reply::envelope(&view, &id, serde_json::json!({ "name": caller.name, "role": caller.role }))
}
