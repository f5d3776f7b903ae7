//! The names of the fields that a context is written into.

use crate::config::tracing::Format;

/// A field that carries a context, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Name {
    /// `traceparent`.
    TraceParent,
    /// `b3`.
    B3,
    /// `x-b3-traceid`.
    Trace,
    /// `x-b3-spanid`.
    Span,
    /// `x-b3-parentspanid`.
    Parent,
    /// `x-b3-flags`.
    Flags,
    /// `x-b3-sampled`.
    Sampled,
    /// `uber-trace-id`.
    Jaeger,
}

impl Name {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 8] =
        [Self::TraceParent, Self::B3, Self::Trace, Self::Span, Self::Parent, Self::Flags, Self::Sampled, Self::Jaeger];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TraceParent => "traceparent",
            Self::B3 => "b3",
            Self::Trace => "x-b3-traceid",
            Self::Span => "x-b3-spanid",
            Self::Parent => "x-b3-parentspanid",
            Self::Flags => "x-b3-flags",
            Self::Sampled => "x-b3-sampled",
            Self::Jaeger => "uber-trace-id",
        }
    }

    /// The form that it belongs to.
    pub const fn form(self) -> Format {
        match self {
            Self::TraceParent => Format::TraceContext,
            Self::B3 => Format::B3,
            Self::Jaeger => Format::Jaeger,
            _ => Format::B3Multi,
        }
    }

    /// Which one a field's name is, without regard to case.
    pub fn find(name: &[u8]) -> Option<Self> {
        // Most fields are told apart by the length of their name alone.
        let one = match (name.len(), name.last()?) {
            (2, _) => Self::B3,
            (10, _) => Self::Flags,
            (11, b't' | b'T') => Self::TraceParent,
            (11, _) => Self::Span,
            (12, b'd' | b'D') if name[5].eq_ignore_ascii_case(&b't') => Self::Trace,
            (12, _) => Self::Sampled,
            (13, _) => Self::Jaeger,
            (17, _) => Self::Parent,
            _ => return None,
        };
        name.eq_ignore_ascii_case(one.as_str().as_bytes()).then_some(one)
    }

    /// Whether a field is `tracestate`, which goes with `traceparent` and is not ours.
    pub fn is_tracestate(name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"tracestate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_nothing_else_is() {
        for name in Name::ALL {
            assert_eq!(Name::find(name.as_str().as_bytes()), Some(name));
            assert_eq!(Name::find(name.as_str().to_ascii_uppercase().as_bytes()), Some(name));
        }
        for other in
            ["", "te", "connection", "tracestate", "content-type", "cache-control", "traceparens", "x-b3-traceit"]
        {
            assert_eq!(Name::find(other.as_bytes()), None, "{other}");
        }
    }
}
