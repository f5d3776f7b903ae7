//! `GET /openapi.json`: the API as OpenAPI 3.1 has it, made of one table of endpoints, each with its parameters, an example of
//! its answer and the statuses that it may have. `tests` holds the table to the routes, and schemathesis holds the agent to the
//! document.
//!
//! - `endpoint`: what is told of an endpoint
//! - `shape`: a schema and an example out of one text
//! - `own`: health, metrics, configuration, live
//! - `alerts`: alerts and what people do to them
//! - `prometheus`: Prometheus' own HTTP API
//! - `traces`: traces
//! - `tests`: the document is what was agreed, and every route is in it

mod alerts;
mod endpoint;
mod own;
mod prometheus;
mod shape;
#[cfg(test)]
mod tests;
mod traces;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use endpoint::Endpoint;
use ring::digest::{SHA256, digest};
use std::sync::LazyLock;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths};

const ABOUT: &str = "What Outrider sees of a gateway's traffic, its alerts, and itself. Reading needs the role `read`, changing \
    `operate`; who has which is said under `admin` in agent.yaml. Every answer has an `x-request-id`, the caller's where it sent one. \
    Errors are problems (RFC 9457), but for the part that is Prometheus' own API, whose errors are as Prometheus has them.";

/// All endpoints.
fn endpoints() -> impl Iterator<Item = Endpoint> {
    own::ENDPOINTS.iter().chain(alerts::ENDPOINTS).chain(prometheus::ENDPOINTS).chain(traces::ENDPOINTS).copied()
}

/// The document.
fn document() -> OpenApi {
    let mut paths = Paths::new();
    for endpoint in endpoints() {
        paths.add_path_operation(endpoint.path, vec![endpoint.http_method()], endpoint.operation());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("One of `admin.tokens`.")).build();
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(bearer))
        .schema("Problem", shape::schema(endpoint::PROBLEM))
        .build();
    let info = InfoBuilder::new()
        .title("Outrider")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(License::new("Apache-2.0")))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// The document as it is sent, and its tag.
static TEXT: LazyLock<(String, String)> = LazyLock::new(|| {
    let text = serde_json::to_string_pretty(&document()).unwrap_or_default() + "\n";
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    (text, format!("W/\"{hex}\""))
});

/// `GET /openapi.json`
pub(super) async fn openapi(headers: HeaderMap) -> Response {
    let (text, tag) = &*TEXT;
    let head =
        [(header::ETAG, &**tag), (header::CACHE_CONTROL, "no-cache"), (header::CONTENT_TYPE, "application/json")];
    match headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        true => (StatusCode::NOT_MODIFIED, head).into_response(),
        false => (head, text.as_str()).into_response(),
    }
}
