//! Functions of instant vectors.

use super::matrix::{ABSENT, Matrix, Row, is_present};
use super::range::labels_of_absent;
use super::{Evaluator, Times};
use crate::promql::ast::{Call, Kind};
use crate::promql::error::{Fault, Span};
use crate::promql::function::calendar::Civil;
use crate::promql::function::{Special, math, order};
use std::cmp::Ordering;

impl Evaluator<'_> {
    /// Every value anew; it is then no longer the metric that the name says.
    pub(super) fn mapped(&mut self, mut input: Matrix, span: Span, map: impl Fn(f64) -> f64) -> Result<Matrix, Fault> {
        input.map_values(map);
        self.unnamed(input, span)
    }

    /// Without the metrics' names, or marked so that they go at the end.
    pub(super) fn unnamed(&self, mut matrix: Matrix, span: Span) -> Result<Matrix, Fault> {
        if self.options.delayed_name_removal {
            matrix.rows.iter_mut().for_each(|row| row.drop_name = true);
            return Ok(matrix);
        }
        if matrix.drop_names() { matrix.merged(span) } else { Ok(matrix) }
    }

    /// A field of the date that each value is, or of the evaluation time.
    pub(super) fn calendar(
        &mut self,
        call: &Call,
        times: Times,
        span: Span,
        field: fn(&Civil) -> f64,
    ) -> Result<Matrix, Fault> {
        match call.args.first() {
            Some(arg) => {
                let input = self.vector(arg, times)?;
                self.mapped(input, span, |value| field(&Civil::from_seconds(value)))
            }
            None => {
                self.charge(times.count, span)?;
                let at = |at: i64| field(&Civil::from_seconds(at.div_euclid(1000) as f64));
                Ok(Matrix::of_scalar(times.iter().map(at).collect()))
            }
        }
    }

    pub(super) fn special(&mut self, special: Special, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let args = &call.args;
        match special {
            Special::Absent => self.absent(call, times),
            Special::Clamp | Special::ClampMax | Special::ClampMin => self.clamp(special, call, times, span),
            Special::HistogramFraction => self.histogram_fraction(call, times, span),
            Special::HistogramQuantile => self.histogram_quantile(call, times, span),
            Special::HistogramQuantiles => self.histogram_quantiles(call, times, span),
            Special::LabelJoin => self.label_join(call, times, span),
            Special::LabelReplace => self.label_replace(call, times, span),
            Special::Native => {
                // The argument may still be at fault.
                self.vector(&args[0], times)?;
                Ok(Matrix::new(times.count))
            }
            Special::Round => {
                let mut input = self.vector(&args[0], times)?;
                let steps = match args.get(1) {
                    Some(arg) => self.scalar(arg, times)?,
                    None => vec![1.0; times.count],
                };
                input.map_steps(|step, value| Some(math::round(value, steps[step])));
                self.unnamed(input, span)
            }
            Special::Sort { descending } => {
                let input = self.vector(&args[0], times)?;
                Ok(ordered(input, |matrix, a, b| {
                    let (a, b) = (matrix.values(a)[0], matrix.values(b)[0]);
                    // NaN comes last either way.
                    if descending { math::nan_last(-a, -b) } else { math::nan_last(a, b) }
                }))
            }
            Special::SortByLabel { descending } => {
                let names: Vec<&str> = args[1..].iter().filter_map(|arg| arg.text()).collect();
                let input = self.vector(&args[0], times)?;
                Ok(ordered(input, |matrix, a, b| {
                    let (a, b) = (&matrix.rows[a].labels, &matrix.rows[b].labels);
                    let by_name = names.iter().map(|name| order::natural(a.get(name), b.get(name)));
                    let rising = by_name.fold(Ordering::Equal, Ordering::then).then_with(|| a.cmp(b));
                    if descending { rising.reverse() } else { rising }
                }))
            }
            Special::Timestamp => self.timestamp(call, times, span),
            Special::Vector => Ok(Matrix::of_scalar(self.scalar(&args[0], times)?)),
            _ => Err(Fault::evaluation(span, "expected an instant vector")),
        }
    }

    fn absent(&mut self, call: &Call, times: Times) -> Result<Matrix, Fault> {
        let input = self.vector(&call.args[0], times)?;
        let mut values = vec![1.0; times.count];
        for (_, row) in input.iter() {
            values.iter_mut().zip(row).filter(|(_, found)| is_present(**found)).for_each(|(value, _)| *value = ABSENT);
        }
        let mut out = Matrix::new(times.count);
        out.push(Row { labels: labels_of_absent(&call.args[0]), drop_name: false }, &values);
        Ok(out)
    }

    fn clamp(&mut self, special: Special, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let mut input = self.vector(&call.args[0], times)?;
        let first = self.scalar(&call.args[1], times)?;
        let second = match call.args.get(2) {
            Some(arg) => self.scalar(arg, times)?,
            None => Vec::new(),
        };
        input.map_steps(|step, value| {
            let (least, most) = match special {
                Special::ClampMin => (first[step], f64::INFINITY),
                Special::ClampMax => (f64::NEG_INFINITY, first[step]),
                _ => (first[step], second[step]),
            };
            // Bounds that cross leave nothing.
            let crossed = most < least;
            (!crossed).then(|| math::max(least, math::min(most, value)))
        });
        self.unnamed(input, span)
    }

    /// When each sample was taken; of what is computed, when it was.
    fn timestamp(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let arg = call.args[0].bare();
        let matrix = match &arg.kind {
            Kind::Selector(selector) => {
                self.each_latest(selector, times, arg.span, |sample| sample.t as f64 / 1000.0)?
            }
            _ => {
                let mut input = self.vector(arg, times)?;
                input.map_steps(|step, _| Some(times.at(step) as f64 / 1000.0));
                input
            }
        };
        self.unnamed(matrix, span)
    }
}

/// The rows of one step in order; results of range queries are sorted by labels in any case.
fn ordered(matrix: Matrix, compare: impl Fn(&Matrix, usize, usize) -> Ordering) -> Matrix {
    if matrix.steps() > 1 {
        return matrix;
    }
    let mut order: Vec<usize> = (0..matrix.len()).collect();
    order.sort_by(|a, b| compare(&matrix, *a, *b));
    matrix.reordered(&order)
}
