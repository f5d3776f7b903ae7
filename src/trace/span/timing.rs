//! Children of a span by the answer's `Server-Timing` (W3C): what the gateway says it did, and for how long. When it began is
//! not said, so children begin with their parent and say that this was inferred.

use super::{empty, string};
use crate::event::{Context, SpanId};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use std::time::Duration;

/// Children of one span.
const MOST: usize = 16;
/// Bytes of a name.
const NAME: usize = 64;

/// The children that `lines` of `Server-Timing` tell of `parent`; entries without a duration are none. Descriptions are left
/// out: they are free text.
pub fn children<'a>(
    parent: &Span,
    context: &Context,
    lines: impl Iterator<Item = &'a [u8]>,
    mut id: impl FnMut() -> SpanId,
) -> Vec<Span> {
    let entries = lines.flat_map(entries).filter_map(read).take(MOST);
    let children = entries.map(|(name, took)| {
        let context = Context { parent: Some(context.span), span: id(), ..*context };
        let (start, took) = (parent.start_time_unix_nano, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        let mut child = empty(&context, name, SpanKind::Internal, start, start.saturating_add(took));
        // The parent is ours.
        child.flags &= !0x200;
        child.attributes = vec![string("outrider.inferred", "start")];
        child
    });
    children.collect()
}

/// The parts between commas that stand in no quotes.
fn entries(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |byte| {
        let separates = *byte == b',' && !quoted;
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        separates
    })
}

/// `name;dur=12.5;desc="…"`, durations in milliseconds.
fn read(entry: &[u8]) -> Option<(String, Duration)> {
    let mut parts = entry.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = std::str::from_utf8(parts.next()?).ok()?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > NAME || !name.chars().all(is_token) {
        return None;
    }
    let millis = parts.find_map(|part| {
        let (key, value) = part.split_at_checked(4)?;
        let value = value.trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        key.eq_ignore_ascii_case(b"dur=").then_some(value)
    })?;
    let millis: f64 = std::str::from_utf8(millis).ok()?.trim().parse().ok()?;
    Some((name.to_owned(), Duration::try_from_secs_f64(millis / 1e3).ok()?))
}
