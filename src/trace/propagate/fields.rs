//! What becomes of a request's fields: those that carry a context get ours, in all configured forms.

use super::{b3, hex, jaeger, tracecontext};
use crate::config::tracing::Format;
use crate::event::Context;

/// Bytes of the longest value: `b3` with a parent.
const LONGEST: usize = 68;
/// Fields that all forms together have.
const MOST: usize = 8;

/// A value of ours.
#[derive(Clone, Copy)]
pub struct Value {
    text: [u8; LONGEST],
    len: u8,
}

/// What becomes of a field.
#[derive(Clone, Copy)]
pub enum Become<'a> {
    /// It stays as it came.
    Same,
    /// It gets this value.
    Ours(&'a [u8]),
    /// It goes: it speaks of another trace than the request now belongs to.
    Gone,
}

/// The fields that carry a context, as they go on.
pub struct Fields {
    all: [(&'static str, Value); MOST],
    len: usize,
    forms: [bool; 5],
    keep_state: bool,
}

impl Value {
    fn new() -> Self {
        Self { text: [0; LONGEST], len: 0 }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let from = usize::from(self.len);
        self.text[from..from + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(&hex::digits(*byte)));
    }
}

impl Fields {
    /// `context` in all of `forms`; the caller's `tracestate` goes on if `keep_state`.
    pub fn new(context: &Context, forms: &[Format], keep_state: bool) -> Self {
        let all = [("", Value::new()); MOST];
        let mut fields = Self { all, len: 0, forms: [false; 5], keep_state };
        for &form in forms {
            fields.forms[form as usize] = true;
            match form {
                Format::TraceContext => fields.add("traceparent", |out| tracecontext::write(context, out)),
                Format::Baggage => {}
                Format::B3 => fields.add("b3", |out| b3::write(context, out)),
                Format::B3Multi => fields.add_multi(context),
                Format::Jaeger => fields.add("uber-trace-id", |out| jaeger::write(context, out)),
            }
        }
        fields
    }

    fn add_multi(&mut self, context: &Context) {
        self.add("x-b3-traceid", |out| b3::write_trace(context, out));
        self.add("x-b3-spanid", |out| out.hex(&context.span.bytes()));
        if let Some(parent) = context.parent {
            self.add("x-b3-parentspanid", |out| out.hex(&parent.bytes()));
        }
        // Debug implies the decision, which is then not sent.
        if context.debug {
            self.add("x-b3-flags", |out| out.push(b"1"));
        } else {
            self.add("x-b3-sampled", |out| out.push(if context.sampled { b"1" } else { b"0" }));
        }
    }

    fn add(&mut self, name: &'static str, write: impl FnOnce(&mut Value)) {
        let (at, value) = &mut self.all[self.len];
        *at = name;
        write(value);
        self.len += 1;
    }

    /// What becomes of a field that is there; its index in [`Self::all`] comes with a value.
    pub fn of(&self, name: &[u8]) -> (Become<'_>, Option<usize>) {
        // Longer and shorter ones are no concern of ours.
        if !(2..=17).contains(&name.len()) {
            return (Become::Same, None);
        }
        if let Some(at) = self.all().position(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())) {
            return (Become::Ours(self.all[at].1.as_bytes()), Some(at));
        }
        let goes = if name.eq_ignore_ascii_case(b"tracestate") {
            self.forms[Format::TraceContext as usize] && !self.keep_state
        } else {
            self.forms[Format::B3Multi as usize] && is_multi(name)
        };
        (if goes { Become::Gone } else { Become::Same }, None)
    }

    /// All fields that a request goes on with.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.all[..self.len].iter().map(|(name, value)| (*name, value.as_bytes()))
    }
}

fn is_multi(name: &[u8]) -> bool {
    ["x-b3-parentspanid", "x-b3-flags", "x-b3-sampled"].iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()))
}
