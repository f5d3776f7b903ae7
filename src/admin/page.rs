//! The web page at `/`: files that are compiled in, as they are under `ui/`. Nothing is fetched from elsewhere, nothing runs
//! that is not one of these files, and nobody may put the page into a frame.

use super::Shared;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ring::digest::{SHA256, digest};
use std::sync::LazyLock;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($path:literal = $file:literal as $kind:expr),* $(,)?) => {
        [$(($path, $kind, include_str!(concat!("ui/", $file)))),*]
    };
}

const FILES: [(&str, &str, &str); 15] = files! {
    "/" = "index.html" as HTML,
    "/ui/style.css" = "style.css" as "text/css; charset=utf-8",
    "/ui/icon.svg" = "icon.svg" as "image/svg+xml",
    "/ui/app.js" = "app.js" as SCRIPT,
    "/ui/api.js" = "api.js" as SCRIPT,
    "/ui/chart.js" = "chart.js" as SCRIPT,
    "/ui/dom.js" = "dom.js" as SCRIPT,
    "/ui/overview.js" = "overview.js" as SCRIPT,
    "/ui/endpoints.js" = "endpoints.js" as SCRIPT,
    "/ui/services.js" = "services.js" as SCRIPT,
    "/ui/alerts.js" = "alerts.js" as SCRIPT,
    "/ui/traces.js" = "traces.js" as SCRIPT,
    "/ui/query.js" = "query.js" as SCRIPT,
    "/ui/coverage.js" = "coverage.js" as SCRIPT,
    "/ui/config.js" = "config.js" as SCRIPT,
};

/// Its routes.
pub(super) fn routes() -> Router<Shared> {
    FILES.iter().fold(Router::new(), |router, (path, ..)| router.route(path, get(file)))
}

/// Changes with the files, so that a browser asks whether its own are still good, and is told so without them.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let all: String = FILES.iter().map(|(.., text)| *text).collect();
    let hash = digest(&SHA256, all.as_bytes());
    let hex: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    // Weak, since the same goes for the compressed form.
    format!("W/\"{hex}\"")
});

async fn file(headers: HeaderMap, request: Request) -> Response {
    let (_, kind, text) = FILES.iter().find(|(path, ..)| *path == request.uri().path()).unwrap_or(&FILES[0]);
    let head = [(header::ETAG, &**TAG), (header::CACHE_CONTROL, "no-cache"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == *TAG)) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(header::CONTENT_TYPE, *kind)], *text).into_response()
}
