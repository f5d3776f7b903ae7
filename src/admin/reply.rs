//! The envelope of every answer: time, correlation id, service; and problems (RFC 9457).

use super::Shared;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The correlation id of a request: the caller's `x-request-id` where it is a decent one, else ours.
#[derive(Clone)]
pub(super) struct CorrelationId(String);

impl CorrelationId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives each request its id, and each answer the same.
pub(super) async fn correlate(mut request: Request, next: Next) -> Response {
    let id = of_caller(request.headers()).unwrap_or_else(new_id);
    request.extensions_mut().insert(CorrelationId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Up to 128 characters that are safe in a log and in a JSON string.
fn of_caller(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(&byte);
    (!id.is_empty() && id.len() <= 128 && id.bytes().all(safe)).then(|| id.to_owned())
}

/// Unlike any other of this process, and hard to guess.
fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static KEYS: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    format!("req-{:016x}", KEYS.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// `now` as the API writes times: RFC 3339, UTC, to the second.
pub(super) fn rfc3339(now: SystemTime) -> String {
    DateTime::<Utc>::from(now).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `body`'s keys behind the three that every answer has.
pub(super) fn envelope(view: &Shared, id: &CorrelationId, body: impl Serialize) -> Response {
    let mut all = json!({
        "timestamp": rfc3339(SystemTime::now()),
        "correlation_id": id.0,
        "service": view.config.load().service,
    });
    if let (Value::Object(all), Ok(Value::Object(body))) = (&mut all, serde_json::to_value(body)) {
        all.extend(body);
    }
    json_response(StatusCode::OK, "application/json", &all)
}

/// A problem that tells what to do.
pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail.into() });
    json_response(status, "application/problem+json", &body)
}

fn json_response(status: StatusCode, kind: &'static str, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body.to_string()).into_response()
}

/// No such path.
pub(super) async fn not_found(State(_): State<Shared>, request: Request) -> Response {
    problem(StatusCode::NOT_FOUND, format!("there is no {} here", request.uri().path()))
}

/// The path is there, the method is not. The router sets `Allow`.
pub(super) async fn not_allowed(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{path} does not take {method}; see the Allow field for what it takes"),
    )
}
