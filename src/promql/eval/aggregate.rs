//! Aggregations that make one series of each group.

use super::matrix::{Matrix, Row, is_present};
use super::{Evaluator, Times};
use crate::base::{Labels, Map};
use crate::promql::ast::{Aggregate, AggregateOp, Grouping};
use crate::promql::error::{Fault, Span};
use crate::promql::function::kahan::{Mean, Sum};
use crate::promql::function::math;
use crate::promql::number::format_number;

impl Evaluator<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, times: Times, span: Span) -> Result<Matrix, Fault> {
        if aggregate.op == AggregateOp::CountValues {
            return self.count_values(aggregate, times, span);
        }
        let param = match &aggregate.param {
            Some(param) => self.scalar(param, times)?,
            None => Vec::new(),
        };
        let input = self.vector(&aggregate.expr, times)?;
        self.charge(input.len() * times.count, span)?;
        let groups = Groups::of(&aggregate.grouping, &input);
        match aggregate.op {
            AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio => {
                self.ranked(aggregate, &param, &input, &groups, span)
            }
            AggregateOp::Quantile => {
                for q in param.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
                    let at = aggregate.param.as_ref().map_or(span, |param| param.span);
                    self.remarks.quantile_out_of_range(*q, at);
                }
                let add = |values: &mut Vec<f64>, value| values.push(value);
                Ok(fold(
                    &input,
                    groups,
                    |first| vec![first],
                    add,
                    |step, mut values| math::quantile(param[step], &mut values),
                ))
            }
            op => Ok(simple(op, &input, groups)),
        }
    }

    /// How many series have each value; the value becomes a label.
    fn count_values(&mut self, aggregate: &Aggregate, times: Times, span: Span) -> Result<Matrix, Fault> {
        let label = aggregate.param.as_ref().and_then(|param| param.text()).unwrap_or_default();
        let mut grouping = aggregate.grouping.clone();
        if !grouping.without {
            grouping.labels.push(label.to_owned());
        }
        let input = self.vector(&aggregate.expr, times)?;
        self.charge(input.len() * times.count, span)?;
        let mut out = Matrix::new(times.count);
        let mut index: Map<Labels, usize> = Map::default();
        for (row, values) in input.iter() {
            for (step, value) in values.iter().enumerate().filter(|(_, value)| is_present(**value)) {
                let labels = row.labels.with(label, &format_number(*value)).filter(|name| grouping.keeps(name));
                let at = *index
                    .entry(labels)
                    .or_insert_with_key(|labels| out.push_absent(Row { labels: labels.clone(), drop_name: false }));
                let count = &mut out.values_mut(at)[step];
                *count = if is_present(*count) { *count + 1.0 } else { 1.0 };
            }
        }
        Ok(out)
    }
}

/// Which group each series belongs to.
pub(super) struct Groups {
    /// The group of each row.
    pub(super) of_row: Vec<usize>,
    /// The labels of each group, and whether their name goes at the end.
    pub(super) rows: Vec<Row>,
}

impl Groups {
    fn of(grouping: &Grouping, input: &Matrix) -> Self {
        let mut index: Map<Labels, usize> = Map::default();
        let mut rows: Vec<Row> = Vec::new();
        let mut of_row = Vec::with_capacity(input.len());
        for row in &input.rows {
            let labels = row.labels.filter(|name| grouping.keeps(name));
            let group = *index.entry(labels).or_insert_with_key(|labels| {
                rows.push(Row { labels: labels.clone(), drop_name: false });
                rows.len() - 1
            });
            rows[group].drop_name |= row.drop_name;
            of_row.push(group);
        }
        Self { of_row, rows }
    }
}

/// Folds the values of each group at each step, in the order of the series.
fn fold<A: Clone>(
    input: &Matrix,
    groups: Groups,
    first: impl Fn(f64) -> A,
    add: impl Fn(&mut A, f64),
    finish: impl Fn(usize, A) -> f64,
) -> Matrix {
    let steps = input.steps();
    let mut folded: Vec<Option<A>> = vec![None; groups.rows.len() * steps];
    for (group, (_, values)) in groups.of_row.iter().zip(input.iter()) {
        let cells = &mut folded[group * steps..(group + 1) * steps];
        for (cell, value) in cells.iter_mut().zip(values).filter(|(_, value)| is_present(**value)) {
            match cell {
                Some(folded) => add(folded, *value),
                None => *cell = Some(first(*value)),
            }
        }
    }
    let mut out = Matrix::new(steps);
    let mut folded = folded.into_iter();
    for row in groups.rows {
        let at = out.push_absent(row);
        for (step, cell) in out.values_mut(at).iter_mut().enumerate() {
            if let Some(folded) = folded.next().flatten() {
                *cell = finish(step, folded);
            }
        }
    }
    out
}

fn simple(op: AggregateOp, input: &Matrix, groups: Groups) -> Matrix {
    let same = |_, value| value;
    match op {
        AggregateOp::Sum => {
            let add = |sum: &mut Sum, value| *sum = sum.plus(value);
            fold(input, groups, |first| Sum { sum: first, lost: 0.0 }, add, |_, sum| sum.total())
        }
        AggregateOp::Avg => fold(input, groups, Mean::of, Mean::add, |_, mean| mean.value()),
        AggregateOp::Count => fold(input, groups, |_| 1.0, |count, _| *count += 1.0, same),
        AggregateOp::Max => fold(input, groups, |first| first, |most, value| keep(most, value, value > *most), same),
        AggregateOp::Min => fold(input, groups, |first| first, |least, value| keep(least, value, value < *least), same),
        AggregateOp::StdDev => fold(input, groups, Spread::of, Spread::add, |_, spread| spread.variance().sqrt()),
        AggregateOp::StdVar => fold(input, groups, Spread::of, Spread::add, |_, spread| spread.variance()),
        _ => fold(input, groups, |_| 1.0, |_, _| {}, same),
    }
}

/// NaN is an extreme only where there is nothing else.
fn keep(best: &mut f64, value: f64, better: bool) {
    if better || best.is_nan() {
        *best = value;
    }
}

/// The variance of a population, by Welford's method.
#[derive(Clone)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn of(first: f64) -> Self {
        Self { count: 1.0, mean: first, squares: if first.is_finite() { 0.0 } else { f64::NAN } }
    }

    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / self.count
    }
}
