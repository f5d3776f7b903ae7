//! In builds with the feature `chaos` alone, which are for tests: an observer that fails where a message asks it to, by a field
//! `x-outrider-chaos`. A request may name `request` (a panic at its head) or `misparse` (its body is taken for a byte longer than it
//! is); an answer may name `answer` (a panic at its head).

use crate::wire::http1::Body;
use httparse::Header;

const FIELD: &str = "x-outrider-chaos";

/// Panics if a field names `point`.
pub(super) fn strike(point: &str, name: &[u8], value: &[u8]) {
    if name.eq_ignore_ascii_case(FIELD.as_bytes()) && value == point.as_bytes() {
        panic!("chaos at {point}");
    }
}

/// Panics if one of the fields names `point`.
pub(super) fn strike_head(point: &str, fields: &[Header<'_>]) {
    fields.iter().for_each(|field| strike(point, field.name.as_bytes(), field.value));
}

/// The body that is taken for the one that `fields` have.
pub(super) fn body(body: Body, fields: &[Header<'_>]) -> Body {
    let asked = fields.iter().any(|field| field.name.eq_ignore_ascii_case(FIELD) && field.value == b"misparse");
    match body {
        Body::Length(len) if asked => Body::Length(len + 1),
        body => body,
    }
}
