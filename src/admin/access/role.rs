//! What a call needs.

use crate::config::admin::Role;
use axum::http::Method;

/// Paths for everybody: what a kubelet asks, and the page itself, which has no data in it.
const OPEN: [&str; 3] = ["/", "/healthz", "/readyz"];
/// The files of the page.
const PAGE: &str = "/ui/";
/// Paths that are only asked something by a POST, since a query may be long.
const QUERIES: [&str; 4] = ["/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels"];

/// The role that `method` on `path` needs.
pub(in crate::admin) fn needed(method: &Method, path: &str) -> Role {
    let looks = [Method::GET, Method::HEAD].contains(method);
    match path {
        _ if looks && (OPEN.contains(&path) || path.starts_with(PAGE)) => Role::None,
        _ if looks || (method == Method::POST && QUERIES.contains(&path)) => Role::Read,
        _ => Role::Operate,
    }
}

/// What a caller without that role can do about it.
pub(super) fn advice(needed: Role) -> &'static str {
    match needed {
        Role::Operate => {
            "this changes something: call from this machine, or with a token or certificate whose role is `operate`"
        }
        _ => "this needs a token: send `Authorization: Bearer …` with one of `admin.tokens`, or set `admin.anonymous`",
    }
}
