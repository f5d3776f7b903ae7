//! What a query's author should know though the query has an answer.

use std::fmt;

use super::error::Span;
use super::number::format_short;
use super::quote::quote;

/// One remark about a part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The sentence, in Prometheus' words: `PromQL warning: …` or `PromQL info: …`.
    pub message: String,
    /// Line and column, both from 1, of the part it is about.
    pub position: (usize, usize),
}

/// With the position at the end, as Prometheus' HTTP API has it.
impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position;
        write!(f, "{} ({line}:{column})", self.message)
    }
}

/// Remarks gathered during one evaluation, each message once.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    warnings: Vec<(String, Span)>,
    infos: Vec<(String, Span)>,
}

impl Remarks {
    pub(super) fn quantile_out_of_range(&mut self, q: f64, span: Span) {
        self.warn(format!("quantile value should be between 0 and 1, got {}", format_short(q)), span);
    }

    pub(super) fn ratio_out_of_range(&mut self, ratio: f64, cap: f64, span: Span) {
        let (got, cap) = (format_short(ratio), format_short(cap));
        self.warn(format!("ratio value should be between -1 and 1, got {got}, capping to {cap}"), span);
    }

    /// `metric` is empty where the name is gone.
    pub(super) fn bad_bucket(&mut self, metric: &str, label: &str, span: Span) {
        let of = quote(label);
        let name = for_metric(metric);
        self.warn(format!("bucket label \"le\" is missing or has a malformed value of {of}{name}"), span);
    }

    pub(super) fn forced_monotonicity(&mut self, metric: &str, span: Span) {
        let name = for_metric(metric);
        self.inform(
            format!(
                "input to histogram_quantile needed to be fixed for monotonicity (see \
                 https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){name}"
            ),
            span,
        );
    }

    /// Only a counter has a rate, and the name of this one does not look like a counter's.
    pub(super) fn possibly_no_counter(&mut self, metric: &str, span: Span) {
        const SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
        if metric.is_empty() || SUFFIXES.iter().any(|suffix| metric.ends_with(suffix)) {
            return;
        }
        let name = quote(metric);
        self.inform(
            format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name}"),
            span,
        );
    }

    fn warn(&mut self, message: String, span: Span) {
        note(&mut self.warnings, format!("PromQL warning: {message}"), span);
    }

    fn inform(&mut self, message: String, span: Span) {
        note(&mut self.infos, format!("PromQL info: {message}"), span);
    }

    /// Warnings and infos with their positions in `query`.
    pub(super) fn in_query(self, query: &str) -> (Vec<Annotation>, Vec<Annotation>) {
        let place = |remarks: Vec<(String, Span)>| {
            let placed =
                |(message, span): (String, Span)| Annotation { message, position: span.line_and_column(query) };
            remarks.into_iter().map(placed).collect()
        };
        (place(self.warnings), place(self.infos))
    }
}

fn note(remarks: &mut Vec<(String, Span)>, message: String, span: Span) {
    if !remarks.iter().any(|(known, _)| *known == message) {
        remarks.push((message, span));
    }
}

fn for_metric(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" for metric name {}", quote(name)) }
}
