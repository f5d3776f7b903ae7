//! Zipkin's B3: `b3`, or one field each for ids, decision and debug flag.

use super::{Once, Remote, hex};
use crate::event::{SpanId, TraceId};

/// `b3: {trace}-{span}-{decision}-{parent}`, the last two optional; or the decision alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Single(Once);

impl Single {
    pub(super) fn field(&mut self, value: &[u8]) {
        self.0.take(read(value));
    }

    pub(super) fn remote(&self) -> Option<Remote> {
        self.0.good()
    }

    pub(super) fn is_there(&self) -> bool {
        self.0 != Once::Absent
    }
}

fn read(value: &[u8]) -> Option<Remote> {
    let mut parts = value.split(|byte| *byte == b'-');
    let first = parts.next()?;
    let Some(span) = parts.next() else {
        let (sampled, debug) = decision(first)?;
        return Some(Remote { ids: None, sampled: Some(sampled), random: false, debug });
    };
    let decided = parts.next().map(decision);
    let parent = parts.next();
    if decided == Some(None) || parts.next().is_some() || parent.is_some_and(|parent| self::span(parent).is_none()) {
        return None;
    }
    let decided = decided.flatten();
    Some(Remote {
        ids: Some((trace(first)?, self::span(span)?)),
        sampled: decided.map(|(sampled, _)| sampled),
        random: false,
        debug: decided.is_some_and(|(_, debug)| debug),
    })
}

/// Whether sampled, and whether by hand. Old senders wrote words.
fn decision(value: &[u8]) -> Option<(bool, bool)> {
    match value {
        b"1" | b"true" => Some((true, false)),
        b"0" | b"false" => Some((false, false)),
        b"d" => Some((true, true)),
        _ => None,
    }
}

/// 16 or 32 digits.
fn trace(value: &[u8]) -> Option<TraceId> {
    matches!(value.len(), 16 | 32).then(|| TraceId::new(hex::lenient(value)?)).flatten()
}

fn span(value: &[u8]) -> Option<SpanId> {
    (value.len() == 16).then(|| SpanId::new(hex::lenient(value)?)).flatten()
}

/// `x-b3-traceid`, `-spanid`, `-sampled`, `-flags`; `-parentspanid` says nothing that we need.
#[derive(Clone, Debug, Default)]
pub(super) struct Multi {
    trace: Part<TraceId>,
    span: Part<SpanId>,
    sampled: Part<bool>,
    debug: bool,
    is_there: bool,
}

/// A field that may be there once.
#[derive(Clone, Copy, Debug, Default)]
enum Part<T> {
    #[default]
    Absent,
    Good(T),
    Bad,
}

impl<T: Copy> Part<T> {
    fn take(&mut self, read: Option<T>) {
        *self = match (&self, read) {
            (Self::Absent, Some(good)) => Self::Good(good),
            _ => Self::Bad,
        };
    }
}

impl Multi {
    /// One field, its name without `x-b3-`.
    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        self.is_there = true;
        if name.eq_ignore_ascii_case(b"traceid") {
            self.trace.take(trace(value));
        } else if name.eq_ignore_ascii_case(b"spanid") {
            self.span.take(span(value));
        } else if name.eq_ignore_ascii_case(b"sampled") {
            self.sampled.take(decision(value).map(|(sampled, _)| sampled));
        } else if name.eq_ignore_ascii_case(b"flags") {
            self.debug |= value == b"1";
        }
    }

    /// Whether any of them is there.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    pub(super) fn remote(&self) -> Option<Remote> {
        let ids = match (self.trace, self.span) {
            (Part::Good(trace), Part::Good(span)) => Some((trace, span)),
            (Part::Absent, Part::Absent) => None,
            _ => return None,
        };
        let sampled = match self.sampled {
            _ if self.debug => Some(true),
            Part::Good(sampled) => Some(sampled),
            Part::Absent => None,
            Part::Bad => return None,
        };
        (ids.is_some() || sampled.is_some()).then_some(Remote { ids, sampled, random: false, debug: self.debug })
    }
}
