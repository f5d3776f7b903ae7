//! What becomes of a request's fields: those that carry a context get ours, in all configured forms.
//!
//! A line is put together when it is asked for; ids are made text once. Most requests carry no context, so what matters is that a
//! field which is none of these is passed over by the length of its name, and that a line is written in one go.

use super::{Name, hex};
use crate::config::tracing::Format;
use crate::event::{Context, SpanId};

/// Bytes of the longest line: `b3` with a parent.
const LONGEST: usize = 74;

/// A field of ours: `name: value`, and the end of a line.
#[derive(Clone, Copy)]
pub struct Line {
    text: [u8; LONGEST],
    /// Where the value begins.
    value: u8,
    len: u8,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Become {
    /// It stays as it came.
    Same,
    /// It gets our value.
    Ours(Name),
    /// It goes: it speaks of another trace than the request now belongs to.
    Gone,
}

/// A set of forms, as the [`Name`]s of all their fields; the first name is the lowest bit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forms(u8);

/// The fields that carry a context, as they go on.
pub struct Fields {
    trace: [u8; 32],
    span: [u8; 16],
    parent: Option<[u8; 16]>,
    sampled: bool,
    random: bool,
    debug: bool,
    /// Those that a request goes on with, as in [`Forms`].
    names: u8,
    forms: Forms,
    keep_state: bool,
}

impl Line {
    /// Inlined, as are the lengths of its pieces then: most are known, and a line is a few moves.
    #[inline(always)]
    fn of(name: Name, pieces: &[&[u8]]) -> Self {
        let mut line = Self { text: [0; LONGEST], value: 0, len: 0 };
        line.put(name.as_str().as_bytes());
        line.put(b": ");
        line.value = line.len;
        pieces.iter().for_each(|piece| line.put(piece));
        line.put(b"\r\n");
        line
    }

    #[inline(always)]
    fn put(&mut self, piece: &[u8]) {
        let from = usize::from(self.len);
        self.text[from..from + piece.len()].copy_from_slice(piece);
        self.len += piece.len() as u8;
    }

    /// All of it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.text[usize::from(self.value)..usize::from(self.len) - 2]
    }
}

impl FromIterator<Format> for Forms {
    fn from_iter<I: IntoIterator<Item = Format>>(forms: I) -> Self {
        let names = forms.into_iter().flat_map(|form| Name::ALL.into_iter().filter(move |name| name.form() == form));
        Self(names.fold(0, |all, name| all | bit(name)))
    }
}

const fn bit(name: Name) -> u8 {
    1 << name as u8
}

impl Fields {
    /// `context` in all of `forms`; the caller's `tracestate` goes on if `keep_state`.
    pub fn new(context: &Context, forms: Forms, keep_state: bool) -> Self {
        let &Context { trace, span, parent, sampled, random, debug } = context;
        let mut digits = [0; 32];
        hex::write(&trace.bytes(), &mut digits);
        let short = |id: SpanId| {
            let mut digits = [0; 16];
            hex::write(&id.bytes(), &mut digits);
            digits
        };
        let no_parent = if parent.is_none() { bit(Name::Parent) } else { 0 };
        // Debug implies the decision, which is then not sent.
        let not_sent = bit(if debug { Name::Sampled } else { Name::Flags }) | no_parent;
        Self {
            trace: digits,
            span: short(span),
            parent: parent.map(short),
            sampled,
            random,
            debug,
            names: forms.0 & !not_sent,
            forms,
            keep_state,
        }
    }

    /// What becomes of a field that is there.
    pub fn of(&self, name: &[u8]) -> Become {
        match Name::find(name) {
            Some(name) if self.has(name) => Become::Ours(name),
            // Of a form that is written, but not with this one.
            Some(name) if self.forms.0 & bit(name) != 0 => Become::Gone,
            Some(_) => Become::Same,
            None if !self.keep_state && self.has(Name::TraceParent) && Name::is_tracestate(name) => Become::Gone,
            None => Become::Same,
        }
    }

    /// The fields that a request goes on with.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        let mut left = self.names;
        std::iter::from_fn(move || {
            let next = Name::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*next)
        })
    }

    /// One of them.
    pub fn line(&self, name: Name) -> Line {
        let span = &self.span;
        match name {
            Name::TraceParent => {
                let flags = [b'0', b'0' + u8::from(self.sampled) + 2 * u8::from(self.random)];
                Line::of(name, &[b"00-", &self.trace, b"-", span, b"-", &flags])
            }
            Name::B3 => {
                let decision = self.decision(b"-d", b"-1", b"-0");
                match &self.parent {
                    Some(parent) => Line::of(name, &[self.trace(), b"-", span, decision, b"-", parent]),
                    None => Line::of(name, &[self.trace(), b"-", span, decision]),
                }
            }
            Name::Trace => Line::of(name, &[self.trace()]),
            Name::Span => Line::of(name, &[span]),
            Name::Parent => Line::of(name, &[self.parent.as_ref().map_or(&[], |parent| &parent[..])]),
            Name::Sampled => Line::of(name, &[if self.sampled { b"1" } else { b"0" }]),
            Name::Flags => Line::of(name, &[b"1"]),
            Name::Jaeger => Line::of(name, &[self.trace(), b":", span, self.decision(b":0:3", b":0:1", b":0:0")]),
        }
    }

    /// Debug implies the decision.
    fn decision<const N: usize>(
        &self,
        debug: &'static [u8; N],
        yes: &'static [u8; N],
        no: &'static [u8; N],
    ) -> &'static [u8; N] {
        match (self.debug, self.sampled) {
            (true, _) => debug,
            (_, true) => yes,
            (_, false) => no,
        }
    }

    /// An id that came as 64 bits stays one.
    fn trace(&self) -> &[u8] {
        if self.trace[..16] == [b'0'; 16] { &self.trace[16..] } else { &self.trace }
    }

    fn has(&self, name: Name) -> bool {
        self.names & bit(name) != 0
    }
}
