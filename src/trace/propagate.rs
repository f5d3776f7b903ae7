//! Trace contexts in headers: read in the configured order, written in all configured forms. Nothing here allocates.
//!
//! What is read of a request's fields is kept as they come ([`Reader`]); what is to become of each field is asked later
//! ([`Fields`]), so that HTTP/1 and HTTP/2 share it. `baggage` passes as it came, whatever its form, and is not in here.
//!
//! - `tracecontext`: W3C Trace Context, level 1 and 2
//! - `tracestate`: its second field
//! - `b3`: Zipkin's, in one field or several
//! - `jaeger`: `uber-trace-id`
//! - `hex`: ids as text
//! - `name`: the names of what is written
//! - `fields`: what becomes of a request's fields

mod b3;
mod fields;
pub(super) mod hex;
mod jaeger;
mod name;
#[cfg(test)]
mod tests;
mod tracecontext;
mod tracestate;

pub use fields::{Become, Fields, Forms, Line};
pub use name::Name;

use crate::config::tracing::Format;
use crate::event::{SpanId, TraceId};
use b3::{Multi, Single};
use tracestate::Tracestate;

/// What a caller said of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its trace and its span.
    pub ids: Option<(TraceId, SpanId)>,
    /// Whether it records the trace; `None` where it leaves that to us.
    pub sampled: Option<bool>,
    /// Whether it says that the id is random.
    pub random: bool,
    /// Whether somebody asked for this trace by hand.
    pub debug: bool,
}

/// A form that may stand in a request once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Once {
    /// It is not there.
    #[default]
    Absent,
    /// It is there, and well formed.
    Good(Remote),
    /// It is malformed, or there twice: whose word would count?
    Bad,
}

impl Once {
    fn take(&mut self, read: Option<Remote>) {
        *self = match (*self, read) {
            (Self::Absent, Some(remote)) => Self::Good(remote),
            _ => Self::Bad,
        };
    }

    fn good(self) -> Option<Remote> {
        match self {
            Self::Good(remote) => Some(remote),
            Self::Absent | Self::Bad => None,
        }
    }
}

/// Reads a request's fields as they come.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    traceparent: Once,
    tracestate: Tracestate,
    b3: Single,
    multi: Multi,
    jaeger: Once,
    request_id: bool,
    /// Whether any of the others is there.
    carries: bool,
}

impl Reader {
    /// One field; names are compared without regard to case, and values may have blanks around them.
    pub fn field(&mut self, name: &[u8], value: &[u8]) {
        // Most fields are told apart by the length of their name alone.
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"b3") => self.b3.field(value.trim_ascii()),
            10 if name.eq_ignore_ascii_case(b"tracestate") => self.tracestate.field(value),
            11 if name.eq_ignore_ascii_case(b"traceparent") => {
                self.traceparent.take(tracecontext::read(value.trim_ascii()));
            }
            12 if name.eq_ignore_ascii_case(b"x-request-id") => return self.request_id = true,
            13 if name.eq_ignore_ascii_case(b"uber-trace-id") => self.jaeger.take(jaeger::read(value.trim_ascii())),
            10..=17 if name[..5].eq_ignore_ascii_case(b"x-b3-") => self.multi.field(&name[5..], value.trim_ascii()),
            _ => return,
        }
        self.carries = true;
    }

    /// Whether any field is there that a context is carried in, whatever its value.
    pub fn carries(&self) -> bool {
        self.carries
    }

    /// What the first of `forms` that is there says. A form without ids (B3's `0`) decides only where no other has ids.
    pub fn remote(&self, forms: &[Format]) -> Option<(Format, Remote)> {
        if !self.carries {
            return None;
        }
        let mut found = None;
        for &form in forms {
            let Some(remote) = self.of(form) else { continue };
            if remote.ids.is_some() {
                return Some((form, remote));
            }
            found.get_or_insert((form, remote));
        }
        found
    }

    fn of(&self, form: Format) -> Option<Remote> {
        match form {
            Format::TraceContext => self.traceparent.good(),
            Format::B3 => self.b3.remote(),
            Format::B3Multi => self.multi.remote(),
            Format::Jaeger => self.jaeger.good(),
            Format::Baggage => None,
        }
    }

    /// Whether there is a `tracestate` that can be passed on with the caller's trace.
    pub fn has_good_state(&self) -> bool {
        self.traceparent.good().is_some() && self.tracestate.is_good()
    }

    /// Whether a field of this form is there, whatever its value.
    pub fn has_form(&self, form: Format) -> bool {
        match form {
            Format::TraceContext => self.traceparent != Once::Absent,
            Format::B3 => self.b3.is_there(),
            Format::B3Multi => self.multi.is_there(),
            Format::Jaeger => self.jaeger != Once::Absent,
            Format::Baggage => false,
        }
    }

    /// Whether there is an `x-request-id`.
    pub fn has_request_id(&self) -> bool {
        self.request_id
    }
}
