//! Pages of other origins. What they may read is CORS, off unless `admin.cors` names them; what they may change without
//! reading is CSRF, which is never allowed: a browser says `Origin` with whatever is not GET or HEAD, and we look at it.

use crate::config::Admin;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// The origin that asks, if it is one of `admin.cors`.
pub(super) fn allowed(headers: &HeaderMap, admin: &Admin) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    admin.cors.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Whether the page that sends `request`, if one does, may: it is ours or one of `admin.cors`.
pub(super) fn check(request: &Request, admin: &Admin) -> Result<(), &'static str> {
    if ["GET", "HEAD"].contains(&request.method().as_str()) {
        return Ok(());
    }
    let headers = request.headers();
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Who sends neither is no browser.
        return match site {
            None | Some("same-origin" | "none") => Ok(()),
            Some(_) => Err("a page of another origin asks; `admin.cors` may allow it"),
        };
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, at)| at == host);
    match own || allowed(headers, admin).is_some() {
        true => Ok(()),
        false => Err("a page of another origin asks; `admin.cors` may allow it"),
    }
}

/// The answer to `OPTIONS`: what the path takes, and to a page that may ask, that it may.
pub(super) async fn options(cors: Option<HeaderValue>, request: Request, next: Next) -> Response {
    let preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    // No route takes OPTIONS, so the router says that it does not, or that there is none; around us it adds `Allow`.
    let response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return expose(cors, response);
    }
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    if cors.is_some() && preflight {
        let headers = answer.headers_mut();
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-request-id"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    expose(cors, answer)
}

/// The answer, for the page of an allowed origin to read.
pub(super) fn expose(cors: Option<HeaderValue>, mut response: Response) -> Response {
    const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    match cors {
        Some(origin) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers
                .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
        }
        None => drop(headers.insert(POLICY, HeaderValue::from_static("same-origin"))),
    }
    response
}
