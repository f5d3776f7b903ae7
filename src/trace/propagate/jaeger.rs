//! Jaeger's `uber-trace-id: {trace}:{span}:{parent}:{flags}`.

use super::{Remote, hex};
use crate::event::{SpanId, TraceId};

const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;

/// Reads the value; colons may be percent-encoded, as Jaeger's own clients wrote them.
pub(super) fn read(value: &[u8]) -> Option<Remote> {
    let mut parts = [&value[..0]; 4];
    let mut rest = value;
    for (at, part) in parts.iter_mut().enumerate() {
        let (end, skip) = colon(rest).unwrap_or((rest.len(), 0));
        if (skip == 0) != (at == 3) {
            return None;
        }
        *part = &rest[..end];
        rest = &rest[end + skip..];
    }
    let [trace, span, parent, flags] = parts;
    let [flags] = hex::lenient(flags)?;
    // The parent is deprecated, and a 0 as a rule; it must be a number all the same.
    let _: [u8; 8] = hex::lenient(parent)?;
    Some(Remote {
        ids: Some((TraceId::new(hex::lenient(trace)?)?, SpanId::new(hex::lenient(span)?)?)),
        sampled: Some(flags & SAMPLED != 0),
        random: false,
        debug: flags & (SAMPLED | DEBUG) == SAMPLED | DEBUG,
    })
}

/// Where the next colon is, and how long it is.
fn colon(text: &[u8]) -> Option<(usize, usize)> {
    let at = text.iter().position(|byte| matches!(byte, b':' | b'%'))?;
    match &text[at..] {
        [b':', ..] => Some((at, 1)),
        [b'%', b'3', b'A' | b'a', ..] => Some((at, 3)),
        _ => None,
    }
}
