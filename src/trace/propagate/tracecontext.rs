//! `traceparent` of W3C Trace Context: level 1 (Recommendation), and level 2's random flag.

use super::{Remote, hex};
use crate::event::{SpanId, TraceId};

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;
/// `00-{32}-{16}-{2}`.
const LENGTH: usize = 55;

/// Reads the value without blanks around it. A version that we do not know may say more behind another dash.
pub(super) fn read(value: &[u8]) -> Option<Remote> {
    let (known, more) = value.split_at_checked(LENGTH)?;
    let [version] = hex::exact(&known[..2])?;
    let well_formed = match version {
        0xff => false,
        0 => more.is_empty(),
        _ => matches!(more.first(), None | Some(b'-')),
    };
    if !well_formed || [known[2], known[35], known[52]] != *b"---" {
        return None;
    }
    let trace = TraceId::new(hex::exact(&known[3..35])?)?;
    let span = SpanId::new(hex::exact(&known[36..52])?)?;
    let [flags] = hex::exact(&known[53..])?;
    Some(Remote {
        ids: Some((trace, span)),
        sampled: Some(flags & SAMPLED != 0),
        random: flags & RANDOM != 0,
        debug: false,
    })
}
