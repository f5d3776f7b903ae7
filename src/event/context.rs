//! Which trace an exchange belongs to: W3C's ids and flags, as plain data.

use std::fmt;

/// The id of a trace: 16 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

/// The id of a span: 8 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

/// An exchange's place in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The exchange's own span.
    pub span: SpanId,
    /// The caller's span; `None` where the trace begins here.
    pub parent: Option<SpanId>,
    /// Whether the span is made, and those behind us are told to make theirs.
    pub sampled: bool,
    /// Whether the id of the trace is random (W3C Trace Context level 2).
    pub random: bool,
    /// Whether somebody asked for this trace by hand (B3's and Jaeger's debug flag).
    pub debug: bool,
}

/// An exchange that has a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Where.
    pub context: Context,
    /// What decided that it has one, as metrics name it.
    pub by: &'static str,
}

impl TraceId {
    /// `None` for all zero.
    pub fn new(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    /// Its bytes, in the order in which they are written.
    pub fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// The 56 bits that level 2 calls random: who decides by them decides the same everywhere.
    pub fn randomness(&self) -> u64 {
        let [.., a, b, c, d, e, f, g] = self.0;
        u64::from_be_bytes([0, a, b, c, d, e, f, g])
    }
}

impl SpanId {
    /// `None` for all zero.
    pub fn new(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }

    /// Its bytes, in the order in which they are written.
    pub fn bytes(&self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
