//! What every answer goes through on its way out: a refusal of a parameter becomes a problem, what is long is compressed, and
//! a browser is told not to guess.

use super::reply::problem;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Below it a body is sent as it is.
const WORTH: u64 = 1024;
/// A plain text of the router about a bad parameter is no longer than this.
const REFUSAL: usize = 4096;

const NO_SNIFF: (HeaderName, HeaderValue) = (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
const NO_REFERRER: (HeaderName, HeaderValue) = (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

/// Shapes an answer.
pub(super) async fn shape(request: Request, next: Next) -> Response {
    let gzip = request.method() != Method::HEAD && takes_gzip(request.headers());
    let mut response = told(next.run(request).await).await;
    response.headers_mut().extend([NO_SNIFF, NO_REFERRER]);
    if is_text(response.headers()) {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        if gzip && response.body().size_hint().exact().is_some_and(|size| size >= WORTH) {
            return compressed(response).await;
        }
    }
    response
}

/// Whether `Accept-Encoding` names gzip, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["text/", "application/", "image/svg"].iter().any(|start| kind.starts_with(start)) && kind != "text/event-stream"
}

async fn compressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // The body is one that we made and that is here, so this neither waits nor fails.
    let plain = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = match gzip(&plain) {
        Ok(packed) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.remove(header::CONTENT_LENGTH);
            packed
        }
        Err(_) => plain,
    };
    Response::from_parts(parts, Body::from(body))
}

fn gzip(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 6), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}

/// What the router says of a bad parameter is plain text; a caller gets it as a problem.
async fn told(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !plain {
        return response;
    }
    let (parts, body) = response.into_parts();
    let detail = to_bytes(body, REFUSAL).await.unwrap_or_default();
    let mut response = problem(parts.status, String::from_utf8_lossy(&detail));
    let kept = parts.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    let kept = kept.filter(|(name, _)| ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name));
    response.headers_mut().extend(kept);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        let takes =
            |value: &str| takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]));
        assert!(takes("gzip") && takes("deflate, gzip;q=1.0, *;q=0.5") && takes("br, GZIP") && takes("*"));
        assert!(!takes("identity") && !takes("gzip;q=0") && !takes("") && !takes("br"));
    }
}
