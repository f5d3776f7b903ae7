//! Selectors of instant vectors: the latest sample of each series.

use super::matrix::{ABSENT, Matrix, Row};
use super::{Evaluator, Times};
use crate::promql::ast::{Edges, Selector};
use crate::promql::error::{Fault, Span};
use crate::promql::function::rate::between;
use crate::promql::series::{Matcher, Sample, SeriesData, is_stale};

impl Evaluator<'_> {
    /// The series that match and their samples of `from <= t <= to`, within the limits.
    pub(super) fn select(
        &mut self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        span: Span,
    ) -> Result<Vec<SeriesData>, Fault> {
        let series = self.source.select(matchers, from, to);
        if series.len() > self.limits.series {
            let (found, limit) = (series.len(), self.limits.series);
            return Err(Fault::limit(
                span,
                format!("the selector finds {found} series, more than the limit of {limit}"),
            ));
        }
        self.charge(series.iter().map(|one| one.samples.len()).sum(), span)?;
        Ok(series)
    }

    /// At each step the latest sample that is not too old, unless the series has ended there.
    pub(super) fn latest(&mut self, selector: &Selector, times: Times, span: Span) -> Result<Matrix, Fault> {
        if selector.edges == Edges::Smoothed {
            return self.smoothed(selector, times, span);
        }
        self.each_latest(selector, times, span, |sample| sample.v)
    }

    /// What `value` makes of the latest sample at each step.
    pub(super) fn each_latest(
        &mut self,
        selector: &Selector,
        times: Times,
        span: Span,
        value: impl Fn(Sample) -> f64,
    ) -> Result<Matrix, Fault> {
        let first = self.reference(&selector.shift, times.start)?;
        let last = self.reference(&selector.shift, times.last())?;
        let lookback = self.options.lookback;
        let series = self.select(&selector.matchers, first.saturating_sub(lookback).saturating_add(1), last, span)?;
        self.charge(series.len() * times.count, span)?;

        let mut out = Matrix::new(times.count);
        let mut values = vec![ABSENT; times.count];
        for one in series {
            let mut seen = 0;
            for (step, value_at) in values.iter_mut().enumerate() {
                // With `@` all steps look at the same instant.
                let at = if first == last { first } else { first + times.step * step as i64 };
                seen += one.samples[seen..].iter().take_while(|sample| sample.t <= at).count();
                let latest = one.samples[..seen].last();
                let fresh = latest.filter(|sample| sample.t > at.saturating_sub(lookback) && !is_stale(sample.v));
                *value_at = fresh.map_or(ABSENT, |sample| value(*sample));
            }
            out.push(Row { labels: one.labels, drop_name: false }, &values);
        }
        Ok(out)
    }

    /// At each step the value between the samples before and after it.
    fn smoothed(&mut self, selector: &Selector, times: Times, span: Span) -> Result<Matrix, Fault> {
        let first = self.reference(&selector.shift, times.start)?;
        let last = self.reference(&selector.shift, times.last())?;
        let lookback = self.options.lookback;
        let (from, to) = (first.saturating_sub(lookback).saturating_add(1), last.saturating_add(lookback));
        let series = self.select(&selector.matchers, from, to, span)?;
        self.charge(series.len() * times.count, span)?;

        let mut out = Matrix::new(times.count);
        for mut one in series {
            one.samples.retain(|sample| !is_stale(sample.v));
            let value = |step: usize| {
                let at = if first == last { first } else { first + times.step * step as i64 };
                let next = one.samples.partition_point(|sample| sample.t < at);
                let after = one.samples.get(next).filter(|sample| sample.t <= at.saturating_add(lookback));
                let before = next.checked_sub(1).map(|at| one.samples[at]);
                let before = before.filter(|sample| sample.t > at.saturating_sub(lookback));
                match (before, after) {
                    (_, Some(after)) if after.t == at => after.v,
                    (Some(before), Some(after)) => between(before, *after, at, false),
                    (Some(before), None) => before.v,
                    (None, _) => ABSENT,
                }
            };
            let values: Vec<f64> = (0..times.count).map(value).collect();
            out.push(Row { labels: one.labels, drop_name: false }, &values);
        }
        Ok(out)
    }
}
