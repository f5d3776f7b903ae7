//! A query, what it may cost, and what it answers.

use super::annotations::{Annotation, Remarks};
use super::ast::{Expr, Kind, Selector, Shift, ValueType};
use super::error::{Error, ErrorKind, Fault, Span};
use super::eval::Evaluator;
use super::parse::parse;
use super::series::{Matcher, Sample, Series, SeriesData};
use crate::base::Labels;

/// A valid query. Patterns in it are compiled, so it is kept rather than parsed again.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    expr: Expr,
    options: Options,
}

/// How a query reads its samples. The default is Prometheus' own.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How far back a selector looks for the latest sample, in milliseconds.
    pub lookback: i64,
    /// The step of a subquery that names none, in milliseconds.
    pub subquery_step: i64,
    /// Names of metrics are dropped when the whole query is done, not by each function: Prometheus'
    /// `promql-delayed-name-removal`.
    pub delayed_name_removal: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { lookback: 5 * 60_000, subquery_step: 60_000, delayed_name_removal: false }
    }
}

/// What one evaluation may cost.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Samples read and computed, all in all.
    pub samples: usize,
    /// Series that one selector may find.
    pub series: usize,
    /// Instants that a range query may have.
    pub steps: usize,
    /// Asked every few thousand samples; once it says yes, the evaluation ends. The caller has the clock.
    pub expired: Option<&'a dyn Fn() -> bool>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self { samples: 5_000_000, series: 50_000, steps: 11_000, expired: None }
    }
}

/// One series' value at the instant of evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Name and labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number, at the instant of evaluation.
    Scalar(f64),
    /// One value per series, in the order that the query asks for, if it does.
    Vector(Vec<Element>),
    /// Samples per series, sorted by labels.
    Matrix(Vec<SeriesData>),
    /// Text.
    String(String),
}

/// A result and what is to be said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// The result is probably not what was meant.
    pub warnings: Vec<Annotation>,
    /// The result may not be what was meant.
    pub infos: Vec<Annotation>,
}

impl Query {
    /// Reads and checks `text`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let expr = parse(text).map_err(|fault| fault.in_query(text))?;
        Ok(Self { text: text.to_owned(), expr, options: Options::default() })
    }

    /// The same query with other options.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The text as it was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The matchers, where the query is a bare selector: what `match[]` takes.
    pub fn selector(&self) -> Option<&[Matcher]> {
        match &self.expr.kind {
            Kind::Selector(Selector { matchers, shift: Shift { offset: None, at: None }, .. }) => Some(matchers),
            _ => None,
        }
    }

    /// What an instant evaluation gives.
    pub fn value_type(&self) -> ValueType {
        self.expr.value_type()
    }

    /// The result at one instant (Unix milliseconds).
    pub fn instant(&self, source: &dyn Series, at: i64, limits: &Limits) -> Result<Answer, Error> {
        self.check_times(&[at])?;
        let evaluator = Evaluator::new(source, limits, &self.options, (at, at, 0));
        self.answer(evaluator, |evaluator| evaluator.instant(&self.expr, at))
    }

    /// The results at `start`, `start + step`, … up to `end` (Unix milliseconds; `step` is above zero), as a matrix.
    pub fn range(
        &self,
        source: &dyn Series,
        start: i64,
        end: i64,
        step: i64,
        limits: &Limits,
    ) -> Result<Answer, Error> {
        if !matches!(self.value_type(), ValueType::Scalar | ValueType::Vector) {
            let name = self.value_type().name();
            let message = format!("invalid expression type {name:?} for range query, must be Scalar or instant Vector");
            return Err(self.fault(ErrorKind::Parse, message));
        }
        self.check_times(&[start, end, step])?;
        if step <= 0 {
            return Err(self.fault(ErrorKind::Evaluation, "the step of a range query must be above zero".into()));
        }
        let steps = end.saturating_sub(start) / step;
        if steps >= limits.steps as i64 {
            let message = format!("the query has {} steps, more than the limit of {}", steps + 1, limits.steps);
            return Err(self.fault(ErrorKind::Limit, message));
        }
        let evaluator = Evaluator::new(source, limits, &self.options, (start, end, step));
        self.answer(evaluator, |evaluator| evaluator.range(&self.expr, start, end, step))
    }

    /// Times so far away that sums of them would overflow are nobody's.
    fn check_times(&self, times: &[i64]) -> Result<(), Error> {
        const FARTHEST: i64 = i64::MAX / 8;
        match times.iter().find(|time| !(-FARTHEST..=FARTHEST).contains(*time)) {
            Some(time) => Err(self.fault(ErrorKind::Evaluation, format!("time out of range: {time} ms"))),
            None => Ok(()),
        }
    }

    fn answer<'a>(
        &self,
        mut evaluator: Evaluator<'a>,
        run: impl FnOnce(&mut Evaluator<'a>) -> Result<Value, Fault>,
    ) -> Result<Answer, Error> {
        let value = run(&mut evaluator).map_err(|fault| fault.in_query(&self.text))?;
        let remarks: Remarks = evaluator.into_remarks();
        let (warnings, infos) = remarks.in_query(&self.text);
        Ok(Answer { value, warnings, infos })
    }

    fn fault(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message, Span::new(0, self.text.len()), &self.text)
    }
}

impl Value {
    /// From rows in any order.
    pub(super) fn sorted(mut rows: Vec<SeriesData>) -> Self {
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        Self::Matrix(rows)
    }
}

/// The sample of an element at `t`.
impl Element {
    /// With the instant of evaluation, which elements of one vector share.
    pub fn sample(&self, t: i64) -> Sample {
        Sample { t, v: self.value }
    }
}

#[cfg(test)]
mod tests;
