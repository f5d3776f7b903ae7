//! How the series of two vectors find each other: by the labels that matching looks at.

use super::matrix::{Matrix, is_present};
use crate::base::{Labels, Map};
use crate::promql::ast::Grouping;

/// The signature of every series of both sides: equal numbers for equal matching labels.
pub(super) struct Signatures {
    pub(super) left: Vec<usize>,
    pub(super) right: Vec<usize>,
    /// The labels of each signature.
    pub(super) labels: Vec<Labels>,
}

impl Signatures {
    pub(super) fn of(on: &Grouping, left: &Matrix, right: &Matrix) -> Self {
        let most = left.len().max(right.len());
        let mut index: Map<Labels, usize> = Map::with_capacity_and_hasher(most, Default::default());
        let mut labels = Vec::new();
        let mut number = |matrix: &Matrix| {
            let one = |row: &super::matrix::Row| {
                *index.entry(row.labels.filter(|name| on.keeps(name))).or_insert_with_key(|key| {
                    labels.push(key.clone());
                    labels.len() - 1
                })
            };
            matrix.rows.iter().map(one).collect()
        };
        let (left, right) = (number(left), number(right));
        Self { left, right, labels }
    }

    /// At which steps each signature has a series in `matrix`, whose signatures are `of_rows`.
    pub(super) fn present(&self, matrix: &Matrix, of_rows: &[usize]) -> Steps {
        let mut steps = Steps::new(self.labels.len(), matrix.steps());
        for (signature, (_, values)) in of_rows.iter().zip(matrix.iter()) {
            for (step, _) in values.iter().enumerate().filter(|(_, value)| is_present(**value)) {
                steps.insert(*signature, step);
            }
        }
        steps
    }
}

/// A set of steps for each of many things.
pub(super) struct Steps {
    found: Vec<bool>,
    steps: usize,
}

impl Steps {
    pub(super) fn new(things: usize, steps: usize) -> Self {
        Self { found: vec![false; things * steps], steps }
    }

    pub(super) fn contains(&self, thing: usize, step: usize) -> bool {
        self.found[thing * self.steps + step]
    }

    /// Whether it was not there yet.
    pub(super) fn insert(&mut self, thing: usize, step: usize) -> bool {
        !std::mem::replace(&mut self.found[thing * self.steps + step], true)
    }

    /// Room for one thing more, and its number.
    pub(super) fn add(&mut self) -> usize {
        self.found.resize(self.found.len() + self.steps, false);
        self.found.len() / self.steps - 1
    }
}
