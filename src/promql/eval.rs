//! Evaluation: a tree and a source of series in, values out.
//!
//! An instant query is a range query of one step. Every expression is computed for all steps at once: a scalar is one
//! number per step, a vector is a `Matrix` of series by steps. So a selector reads its window once, patterns and label
//! matches are worked out once per series, and labels are shared.
//!
//! - `aggregate`, `ranked`, `sample_hash`: aggregations
//! - `binary`, `join`, `matching`, `set`: operators
//! - `call`, `histogram`, `label`, `scalar`: functions of vectors and scalars
//! - `matrix`: series by steps
//! - `range`, `select`: selectors and functions of ranges

mod aggregate;
mod binary;
mod call;
mod histogram;
mod join;
mod label;
mod matching;
mod matrix;
mod range;
mod ranked;
mod sample_hash;
mod scalar;
mod select;
mod set;

use super::annotations::Remarks;
use super::ast::{At, Expr, Kind, Shift, ValueType};
use super::error::{ErrorKind, Fault, Span};
use super::function::{Run, Special};
use super::query::{Element, Limits, Options, Value};
use super::series::Series;
use matrix::Matrix;

/// The clock is asked after this many samples.
const CHECK_EVERY: usize = 4096;

/// The instants of an evaluation.
#[derive(Clone, Copy, Debug)]
struct Times {
    start: i64,
    /// Between two instants; of no matter where there is but one.
    step: i64,
    /// Above zero.
    count: usize,
}

impl Times {
    fn once(at: i64) -> Self {
        Self { start: at, step: 1, count: 1 }
    }

    fn at(self, index: usize) -> i64 {
        self.start + self.step * index as i64
    }

    fn last(self) -> i64 {
        self.at(self.count - 1)
    }

    fn iter(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| self.at(index))
    }
}

/// One evaluation of one query.
pub(super) struct Evaluator<'a> {
    source: &'a dyn Series,
    limits: &'a Limits<'a>,
    options: &'a Options,
    /// Start, end and step of the query, which `@ start()`, `step()` and their kin refer to at any depth.
    query: (i64, i64, i64),
    samples: usize,
    since_check: usize,
    remarks: Remarks,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        source: &'a dyn Series,
        limits: &'a Limits<'a>,
        options: &'a Options,
        query: (i64, i64, i64),
    ) -> Self {
        Self { source, limits, options, query, samples: 0, since_check: 0, remarks: Remarks::default() }
    }

    pub(super) fn into_remarks(self) -> Remarks {
        self.remarks
    }

    pub(super) fn instant(&mut self, expr: &Expr, at: i64) -> Result<Value, Fault> {
        let times = Times::once(at);
        Ok(match expr.value_type() {
            ValueType::String => Value::String(expr.text().unwrap_or_default().to_owned()),
            ValueType::Scalar => Value::Scalar(self.scalar(expr, times)?[0]),
            ValueType::Matrix => Value::sorted(self.range_samples(expr, at)?),
            ValueType::Vector => {
                let matrix = self.finished(expr, times)?;
                let element = |(labels, values): (_, &[f64])| Element { labels, value: values[0] };
                Value::Vector(matrix.into_rows().map(|(labels, values)| element((labels, &values))).collect())
            }
        })
    }

    pub(super) fn range(&mut self, expr: &Expr, start: i64, end: i64, step: i64) -> Result<Value, Fault> {
        if end < start {
            return Ok(Value::Matrix(Vec::new()));
        }
        let times = Times { start, step, count: ((end - start) / step) as usize + 1 };
        let matrix = match expr.value_type() {
            ValueType::Scalar => Matrix::of_scalar(self.scalar(expr, times)?),
            _ => self.finished(expr, times)?,
        };
        Ok(Value::sorted(matrix.into_series(times)))
    }

    /// A vector with the names that were to go at the end gone.
    fn finished(&mut self, expr: &Expr, times: Times) -> Result<Matrix, Fault> {
        let mut matrix = self.vector(expr, times)?;
        if self.options.delayed_name_removal {
            matrix.drop_marked_names();
            matrix = matrix.merged(expr.span)?;
        }
        Ok(matrix)
    }

    fn vector(&mut self, expr: &Expr, times: Times) -> Result<Matrix, Fault> {
        if times.count > 1 && expr.is_constant() {
            let once = self.vector(expr, Times::once(times.start))?;
            self.charge(once.len() * times.count, expr.span)?;
            return Ok(once.repeated(times.count));
        }
        match &expr.kind {
            Kind::Selector(selector) => self.latest(selector, times, expr.span),
            Kind::Call(call) => match call.function.run {
                Run::Map(map) => {
                    let input = self.vector(&call.args[0], times)?;
                    self.mapped(input, expr.span, map)
                }
                Run::Calendar(field) => self.calendar(call, times, expr.span, field),
                Run::Window(run) => self.windows(call, times, expr.span, run),
                Run::Special(Special::AbsentOverTime) => self.absent_over_time(call, times),
                Run::Special(special) => self.special(special, call, times, expr.span),
            },
            Kind::Aggregate(aggregate) => self.aggregate(aggregate, times, expr.span),
            Kind::Binary(binary) => self.binary(binary, times, expr.span),
            Kind::Negate(inner) => {
                let input = self.vector(inner, times)?;
                self.mapped(input, expr.span, |value| -value)
            }
            Kind::Paren(inner) => self.vector(inner, times),
            Kind::Number(_) | Kind::Text(_) | Kind::Range { .. } | Kind::Subquery(_) => {
                Err(Fault::evaluation(expr.span, "expected an instant vector"))
            }
        }
    }

    /// The instant that a selector or subquery looks at, for an evaluation at `now`.
    fn reference(&self, shift: &Shift, now: i64) -> Result<i64, Fault> {
        let (start, end, step) = self.query;
        let offset = match &shift.offset {
            Some(offset) => offset.resolve(step, end - start, false)?,
            None => 0,
        };
        let at = match shift.at {
            None => now,
            Some(At::Time(at)) => at,
            Some(At::Start) => start,
            Some(At::End) => end,
        };
        Ok(at.saturating_sub(offset))
    }

    /// Accounts for samples read or computed.
    fn charge(&mut self, samples: usize, span: Span) -> Result<(), Fault> {
        self.samples = self.samples.saturating_add(samples);
        if self.samples > self.limits.samples {
            let limit = self.limits.samples;
            return Err(Fault::limit(
                span,
                format!("query processing would load more than {limit} samples into memory"),
            ));
        }
        self.tick(samples, span)
    }

    /// Accounts for work, and looks at the clock now and then.
    fn tick(&mut self, work: usize, span: Span) -> Result<(), Fault> {
        self.since_check += work;
        if self.since_check >= CHECK_EVERY {
            self.since_check = 0;
            if self.limits.expired.is_some_and(|expired| expired()) {
                let message = "query timed out in expression evaluation".to_owned();
                return Err(Fault { kind: ErrorKind::Timeout, message, span });
            }
        }
        Ok(())
    }
}
