//! Functions of classic histograms, whose buckets are series that differ in `le`.

use super::matrix::{Matrix, Row, is_present, without_metadata};
use super::{Evaluator, Times};
use crate::base::labels::NAME;
use crate::base::{Labels, Map};
use crate::promql::ast::{Call, Expr};
use crate::promql::error::{Fault, Span};
use crate::promql::function::histogram::{Bucket, fraction, quantile};
use crate::promql::number::format_short;

const BOUND: &str = "le";

/// One histogram: its labels, and its buckets as rows of a matrix.
struct Histogram {
    /// With the metric's name, without `le`.
    labels: Labels,
    rows: Vec<(f64, usize)>,
}

impl Evaluator<'_> {
    pub(super) fn histogram_quantile(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let q = self.quantiles(&call.args[0], times)?;
        let input = self.vector(&call.args[1], times)?;
        let out = self.each_quantile(&input, &q, call.args[1].span, |labels| labels);
        out.merged(span)
    }

    pub(super) fn histogram_quantiles(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let label = call.args[1].text().unwrap_or_default();
        let mut all = Vec::new();
        for arg in &call.args[2..] {
            all.push(self.quantiles(arg, times)?);
        }
        let input = self.vector(&call.args[0], times)?;
        let mut out = Matrix::new(times.count);
        for q in all {
            // The label names the quantile, which may differ from step to step.
            for (step, one) in q.iter().enumerate() {
                let named = open_metrics(*one);
                let mut at_step = vec![f64::NAN; times.count];
                at_step[step] = *one;
                let mut part = self.each_quantile(&input, &at_step, call.args[0].span, |l| l.with(label, &named));
                part.map_steps(|at, value| (at == step).then_some(value));
                for (row, values) in part.iter() {
                    out.push(row.clone(), values);
                }
            }
        }
        self.charge(out.len() * times.count, span)?;
        out.merged(span)
    }

    pub(super) fn histogram_fraction(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let lower = self.scalar(&call.args[0], times)?;
        let upper = self.scalar(&call.args[1], times)?;
        let input = self.vector(&call.args[2], times)?;
        let histograms = self.histograms(&input, call.args[2].span);
        let out = self.each(
            &input,
            &histograms,
            |labels| labels,
            |step, buckets, _| fraction(lower[step], upper[step], buckets),
        );
        out.merged(span)
    }

    fn quantiles(&mut self, arg: &Expr, times: Times) -> Result<Vec<f64>, Fault> {
        let q = self.scalar(arg, times)?;
        for value in q.iter().filter(|value| !(0.0..=1.0).contains(*value)) {
            self.remarks.quantile_out_of_range(*value, arg.span);
        }
        Ok(q)
    }

    fn each_quantile(&mut self, input: &Matrix, q: &[f64], span: Span, label: impl Fn(Labels) -> Labels) -> Matrix {
        let histograms = self.histograms(input, span);
        let mut forced = Vec::new();
        let out = self.each(input, &histograms, label, |step, buckets, histogram| {
            let (value, raised) = quantile(q[step], buckets);
            if raised {
                forced.push(histogram.labels.name().to_owned());
            }
            value
        });
        for name in forced {
            let name = if self.options.delayed_name_removal { name.as_str() } else { "" };
            self.remarks.forced_monotonicity(name, span);
        }
        out
    }

    /// The value of each histogram at each step at which it has a bucket.
    fn each(
        &self,
        input: &Matrix,
        histograms: &[Histogram],
        label: impl Fn(Labels) -> Labels,
        mut value: impl FnMut(usize, Vec<Bucket>, &Histogram) -> f64,
    ) -> Matrix {
        let late = self.options.delayed_name_removal;
        let mut out = Matrix::new(input.steps());
        for histogram in histograms {
            let labels = if late { histogram.labels.clone() } else { without_metadata(&histogram.labels) };
            let row = out.push_absent(Row { labels: label(labels), drop_name: late });
            for step in 0..input.steps() {
                let count = |(bound, row): &(f64, usize)| Bucket { bound: *bound, count: input.values(*row)[step] };
                let buckets: Vec<Bucket> =
                    histogram.rows.iter().map(count).filter(|bucket| is_present(bucket.count)).collect();
                if !buckets.is_empty() {
                    out.values_mut(row)[step] = value(step, buckets, histogram);
                }
            }
        }
        out.remove_empty();
        out
    }

    fn histograms(&mut self, input: &Matrix, span: Span) -> Vec<Histogram> {
        let mut index: Map<Labels, usize> = Map::default();
        let mut out: Vec<Histogram> = Vec::new();
        for (at, row) in input.rows.iter().enumerate() {
            let text = row.labels.get(BOUND);
            let Ok(bound) = text.parse::<f64>() else {
                let late = self.options.delayed_name_removal;
                let name = if late { row.labels.get(NAME) } else { "" };
                self.remarks.bad_bucket(name, text, span);
                continue;
            };
            let labels = row.labels.filter(|name| name != BOUND);
            let histogram = *index.entry(labels).or_insert_with_key(|labels| {
                out.push(Histogram { labels: labels.clone(), rows: Vec::new() });
                out.len() - 1
            });
            out[histogram].rows.push((bound, at));
        }
        out
    }
}

/// A number as OpenMetrics writes it in a label: never without a point or an exponent.
fn open_metrics(value: f64) -> String {
    let text = format_short(value);
    if text.contains(['.', 'e', 'f', 'N']) { text } else { format!("{text}.0") }
}
