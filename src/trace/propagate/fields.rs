//! What becomes of a request's fields: those that carry a context get ours, in all configured forms.
//!
//! A value is put together when it is asked for; ids are made text once. Most requests carry no context, so what matters is that a
//! field which is none of these is passed over by the length of its name.

use super::{Name, hex};
use crate::config::tracing::Format;
use crate::event::Context;

/// Bytes of the longest value: `b3` with a parent.
const LONGEST: usize = 68;

/// A value of ours.
#[derive(Clone, Copy)]
pub struct Value {
    text: [u8; LONGEST],
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

/// The fields that carry a context, as they go on.
pub struct Fields {
    trace: [u8; 32],
    span: [u8; 16],
    parent: Option<[u8; 16]>,
    sampled: bool,
    random: bool,
    debug: bool,
    /// By [`Format`].
    forms: [bool; 5],
    keep_state: bool,
}

impl Value {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    fn of(pieces: &[&[u8]]) -> Self {
        let mut value = Self { text: [0; LONGEST], len: 0 };
        for piece in pieces {
            let from = usize::from(value.len);
            value.text[from..from + piece.len()].copy_from_slice(piece);
            value.len += piece.len() as u8;
        }
        value
    }
}

impl Fields {
    /// `context` in all of `forms`; the caller's `tracestate` goes on if `keep_state`.
    pub fn new(context: &Context, forms: &[Format], keep_state: bool) -> Self {
        let &Context { trace, span, parent, sampled, random, debug } = context;
        let (mut digits, mut own) = ([0; 32], [false; 5]);
        hex::write(&trace.bytes(), &mut digits);
        forms.iter().for_each(|form| own[*form as usize] = true);
        let short = |bytes: [u8; 8]| {
            let mut digits = [0; 16];
            hex::write(&bytes, &mut digits);
            digits
        };
        Self {
            trace: digits,
            span: short(span.bytes()),
            parent: parent.map(|parent| short(parent.bytes())),
            sampled,
            random,
            debug,
            forms: own,
            keep_state,
        }
    }

    /// What becomes of a field that is there.
    pub fn of(&self, name: &[u8]) -> Become {
        match Name::find(name) {
            Some(name) if self.has(name) => Become::Ours(name),
            Some(Name::Parent | Name::Flags | Name::Sampled) if self.writes(Format::B3Multi) => Become::Gone,
            Some(_) => Become::Same,
            None if self.writes(Format::TraceContext) && !self.keep_state && Name::is_tracestate(name) => Become::Gone,
            None => Become::Same,
        }
    }

    /// The fields that a request goes on with.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        Name::ALL.into_iter().filter(|name| self.has(*name))
    }

    /// The value of one of them.
    pub fn value(&self, name: Name) -> Value {
        let (trace, span) = (self.trace(), &self.span[..]);
        // Debug implies the decision.
        let decision = |debug: &'static [u8], yes: &'static [u8], no: &'static [u8]| match (self.debug, self.sampled) {
            (true, _) => debug,
            (_, true) => yes,
            (_, false) => no,
        };
        match name {
            Name::TraceParent => {
                let flags = [b'0', b'0' + u8::from(self.sampled) + 2 * u8::from(self.random)];
                Value::of(&[b"00-", &self.trace, b"-", span, b"-", &flags])
            }
            Name::B3 => {
                let decision = decision(b"-d", b"-1", b"-0");
                match &self.parent {
                    Some(parent) => Value::of(&[trace, b"-", span, decision, b"-", parent]),
                    None => Value::of(&[trace, b"-", span, decision]),
                }
            }
            Name::Trace => Value::of(&[trace]),
            Name::Span => Value::of(&[span]),
            Name::Parent => Value::of(&[self.parent.as_ref().map_or(&[], |parent| &parent[..])]),
            Name::Sampled => Value::of(&[if self.sampled { b"1" } else { b"0" }]),
            Name::Flags => Value::of(&[b"1"]),
            Name::Jaeger => Value::of(&[trace, b":", span, decision(b":0:3", b":0:1", b":0:0")]),
        }
    }

    /// An id that came as 64 bits stays one.
    fn trace(&self) -> &[u8] {
        if self.trace[..16] == [b'0'; 16] { &self.trace[16..] } else { &self.trace }
    }

    fn writes(&self, form: Format) -> bool {
        self.forms[form as usize]
    }

    fn has(&self, name: Name) -> bool {
        self.writes(name.form())
            && match name {
                Name::Parent => self.parent.is_some(),
                // Debug implies the decision, which is then not sent.
                Name::Flags => self.debug,
                Name::Sampled => !self.debug,
                _ => true,
            }
    }
}
