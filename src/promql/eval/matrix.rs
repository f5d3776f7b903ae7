//! Series by steps.
//!
//! Values lie row by row in one vector. A step at which a series has no value holds [`STALE`], which no computation
//! yields: arithmetic on NaNs sets the bit that tells it from others.

use super::Times;
use crate::base::labels::NAME;
use crate::base::{Labels, Map, Set};
use crate::promql::error::{Fault, SAME_LABELS, Span};
use crate::promql::series::{STALE, Sample, SeriesData, is_stale};

/// What a step without a value holds.
pub(super) const ABSENT: f64 = f64::from_bits(STALE);

/// Whether a step has a value.
pub(super) fn is_present(value: f64) -> bool {
    !is_stale(value)
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) labels: Labels,
    /// The name goes when the query is done. Only where names are removed late.
    pub(super) drop_name: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    values: Vec<f64>,
    steps: usize,
}

impl Matrix {
    pub(super) fn new(steps: usize) -> Self {
        Self { rows: Vec::new(), values: Vec::new(), steps }
    }

    /// One series without labels.
    pub(super) fn of_scalar(values: Vec<f64>) -> Self {
        let row = Row { labels: Labels::empty(), drop_name: false };
        Self { rows: vec![row], steps: values.len(), values }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn values(&self, row: usize) -> &[f64] {
        &self.values[row * self.steps..(row + 1) * self.steps]
    }

    pub(super) fn values_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.steps..(row + 1) * self.steps]
    }

    /// Every row with its values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Row, &[f64])> {
        self.rows.iter().zip(self.values.chunks_exact(self.steps))
    }

    /// Adds a row without values and returns its index.
    pub(super) fn push_absent(&mut self, row: Row) -> usize {
        self.rows.push(row);
        self.values.resize(self.values.len() + self.steps, ABSENT);
        self.rows.len() - 1
    }

    /// Adds a row, unless it has no value at any step.
    pub(super) fn push(&mut self, row: Row, values: &[f64]) {
        if values.iter().any(|value| is_present(*value)) {
            self.rows.push(row);
            self.values.extend_from_slice(values);
        }
    }

    /// Computes every value anew; none appears and none goes.
    pub(super) fn map_values(&mut self, map: impl Fn(f64) -> f64) {
        for value in self.values.iter_mut().filter(|value| is_present(**value)) {
            *value = present(map(*value));
        }
    }

    /// Sets every value from its step and itself; a value may go.
    pub(super) fn map_steps(&mut self, map: impl Fn(usize, f64) -> Option<f64>) {
        for values in self.values.chunks_exact_mut(self.steps) {
            for (step, value) in values.iter_mut().enumerate().filter(|(_, value)| is_present(**value)) {
                *value = map(step, *value).map_or(ABSENT, present);
            }
        }
        self.remove_empty();
    }

    /// Removes rows without a value.
    pub(super) fn remove_empty(&mut self) {
        let steps = self.steps;
        let mut kept = 0;
        for row in 0..self.rows.len() {
            if self.values(row).iter().any(|value| is_present(*value)) {
                self.rows.swap(kept, row);
                self.values.copy_within(row * steps..(row + 1) * steps, kept * steps);
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.values.truncate(kept * steps);
    }

    /// The rows in another order.
    pub(super) fn reordered(&self, order: &[usize]) -> Self {
        let mut out = Self::new(self.steps);
        for row in order {
            out.rows.push(self.rows[*row].clone());
            out.values.extend_from_slice(self.values(*row));
        }
        out
    }

    /// A matrix of one step, as it is at each of `steps`.
    pub(super) fn repeated(self, steps: usize) -> Self {
        let values = self.values.iter().flat_map(|value| std::iter::repeat_n(*value, steps)).collect();
        Self { rows: self.rows, values, steps }
    }

    /// Drops the name and what else describes the metric from all labels, and says whether rows may now be alike.
    pub(super) fn drop_names(&mut self) -> bool {
        // Rows were unlike before; so they are without a name that all of them share.
        let alike = self.rows.windows(2).any(|pair| pair[0].labels.name() != pair[1].labels.name())
            || self.rows.iter().any(|row| row.labels.iter().any(|(name, _)| name != NAME && is_metadata(name)));
        for row in &mut self.rows {
            row.labels = without_metadata(&row.labels);
        }
        alike
    }

    pub(super) fn drop_marked_names(&mut self) {
        for row in self.rows.iter_mut().filter(|row| row.drop_name) {
            row.labels = without_metadata(&row.labels);
        }
    }

    /// Rows with the same labels as one row. Two values at one step cannot be.
    pub(super) fn merged(self, span: Span) -> Result<Self, Fault> {
        if !self.has_same_labels() {
            return Ok(self);
        }
        let mut out = Self::new(self.steps);
        let mut index: Map<Labels, usize> = Map::with_capacity_and_hasher(self.len(), Default::default());
        for (row, values) in self.iter() {
            let at = *index.entry(row.labels.clone()).or_insert_with(|| out.push_absent(row.clone()));
            for (kept, value) in out.values_mut(at).iter_mut().zip(values).filter(|(_, value)| is_present(**value)) {
                if is_present(*kept) {
                    return Err(Fault::evaluation(span, SAME_LABELS));
                }
                *kept = *value;
            }
        }
        Ok(out)
    }

    /// Whether two rows have the same labels, be it at different steps.
    pub(super) fn has_same_labels(&self) -> bool {
        let mut seen = Set::with_capacity_and_hasher(self.len(), Default::default());
        !self.rows.iter().all(|row| seen.insert(&row.labels))
    }

    pub(super) fn into_rows(self) -> impl Iterator<Item = (Labels, Vec<f64>)> {
        let Self { rows, values, steps } = self;
        rows.into_iter().enumerate().map(move |(at, row)| (row.labels, values[at * steps..(at + 1) * steps].to_vec()))
    }

    /// As series with a sample at each step that has a value.
    pub(super) fn into_series(self, times: Times) -> Vec<SeriesData> {
        let samples = |values: &[f64]| {
            let sample = |(t, v): (i64, &f64)| is_present(*v).then_some(Sample { t, v: *v });
            times.iter().zip(values).filter_map(sample).collect()
        };
        self.iter().map(|(row, values)| SeriesData { labels: row.labels.clone(), samples: samples(values) }).collect()
    }
}

/// A computed value that might have the bits of [`ABSENT`] only if it was copied from nowhere.
fn present(value: f64) -> f64 {
    if is_stale(value) { f64::NAN } else { value }
}

/// Labels that describe the metric rather than the series.
pub(super) fn is_metadata(label: &str) -> bool {
    matches!(label, NAME | "__type__" | "__unit__")
}

pub(super) fn without_metadata(labels: &Labels) -> Labels {
    labels.filter(|name| !is_metadata(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(labels: &[(&str, &str)]) -> Row {
        Row { labels: Labels::new(labels.iter().copied()), drop_name: false }
    }

    #[test]
    fn rows_that_meet_at_no_step_become_one() {
        let mut matrix = Matrix::new(2);
        matrix.push(row(&[("a", "1")]), &[1.0, ABSENT]);
        matrix.push(row(&[("a", "2")]), &[5.0, 6.0]);
        matrix.push(row(&[("a", "1")]), &[ABSENT, 2.0]);
        let merged = matrix.clone().merged(Span::default()).expect("no two values at one step");
        assert_eq!((merged.len(), merged.values(0)), (2, [1.0, 2.0].as_slice()));
        matrix.push(row(&[("a", "2")]), &[7.0, ABSENT]);
        assert_eq!(matrix.merged(Span::default()).expect_err("two values").message, SAME_LABELS);
    }

    #[test]
    fn a_row_that_loses_its_last_value_goes() {
        let mut matrix = Matrix::new(2);
        matrix.push(row(&[("a", "1")]), &[1.0, 2.0]);
        matrix.push(row(&[("a", "2")]), &[3.0, 4.0]);
        matrix.map_steps(|step, value| (value > 2.0 && step == 1).then_some(-value));
        assert_eq!((matrix.len(), matrix.rows[0].labels.get("a")), (1, "2"));
        assert_eq!(matrix.values(0)[1], -4.0);
    }

    #[test]
    fn the_negative_of_a_nan_is_a_value() {
        let mut matrix = Matrix::new(1);
        matrix.push(row(&[]), &[f64::NAN]);
        matrix.map_values(|value| -value);
        assert!(is_present(matrix.values(0)[0]));
    }
}
