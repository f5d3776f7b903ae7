//! What can go wrong with a query, and where in its text.

use std::fmt;

/// A part of the query's text, in bytes: `start` is in it, `end` is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Line and column of the start in `text`, both from 1, columns in bytes: how Prometheus prints a position.
    pub fn line_and_column(self, text: &str) -> (usize, usize) {
        let before = &text.as_bytes()[..self.start.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (before.iter().filter(|byte| **byte == b'\n').count() + 1, before.len() - line_start + 1)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not PromQL. Nothing was evaluated.
    Parse,
    /// The query means something that these samples do not allow, such as a many-to-many match.
    Evaluation,
    /// The query would cost more than its [`Limits`](super::Limits) allow.
    Limit,
    /// The query took longer than its [`Limits`](super::Limits) allow.
    Timeout,
}

/// A query that has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Why.
    pub kind: ErrorKind,
    /// The sentence without the position; where Prometheus has one, it is the same sentence.
    pub message: String,
    /// The part of the query that is at fault.
    pub span: Span,
    /// Line and column, both from 1, where that part begins.
    pub position: (usize, usize),
}

impl Error {
    /// `span` lies in `query`.
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>, span: Span, query: &str) -> Self {
        Self { kind, message: message.into(), span, position: span.line_and_column(query) }
    }
}

/// `1:7: parse error: unexpected ")"`, as Prometheus prints it; an error of evaluation has its position too.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position;
        let what = if self.kind == ErrorKind::Parse { "parse error: " } else { "" };
        write!(f, "{line}:{column}: {what}{}", self.message)
    }
}

impl std::error::Error for Error {}

/// A fault without its query, as the inner parts raise it; [`Error::new`] adds the text it lies in.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) span: Span,
}

impl Fault {
    pub(super) fn parse(span: Span, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Parse, message: message.into(), span }
    }

    pub(super) fn evaluation(span: Span, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Evaluation, message: message.into(), span }
    }

    pub(super) fn limit(span: Span, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Limit, message: message.into(), span }
    }

    pub(super) fn in_query(self, query: &str) -> Error {
        Error::new(self.kind, self.message, self.span, query)
    }
}

/// What the same labels twice are called everywhere.
pub(super) const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_bytes_from_one() {
        let text = "sum(\n  foo,\n bar)";
        assert_eq!(Span::new(0, 3).line_and_column(text), (1, 1));
        assert_eq!(Span::new(7, 10).line_and_column(text), (2, 3));
        assert_eq!(Span::new(99, 99).line_and_column(text), (3, 6));
    }
}
