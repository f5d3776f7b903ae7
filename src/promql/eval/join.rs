//! Arithmetic and comparison between two vectors: the join of their series.
//!
//! The sides are called "many" and "one", which `group_left` and `group_right` tell apart; one-to-one is the case of few.

use super::binary::compute;
use super::matching::{Signatures, Steps};
use super::matrix::{ABSENT, Matrix, Row, is_metadata, is_present};
use crate::base::{Labels, Map};
use crate::promql::ast::{Binary, Cardinality};
use crate::promql::error::{Fault, SAME_LABELS, Span};
use crate::promql::quote::quote;

pub(super) struct Join<'a> {
    binary: &'a Binary,
    many: &'a Matrix,
    one: &'a Matrix,
    span: Span,
    late_names: bool,
    signatures: Signatures,
    /// For each signature, the rows of "one" that have it.
    ones: Vec<Vec<usize>>,
    out: Matrix,
    rows: Map<Labels, usize>,
    /// At which steps each signature has had its match.
    matched: Steps,
    /// With grouping: which results each signature has had, and at which steps.
    results: Map<(usize, Labels), usize>,
    result_steps: Steps,
}

/// Where the results of one pair of series go.
struct Target {
    labels: Labels,
    signature: usize,
    /// Its row, once it has a value.
    row: Option<usize>,
    /// Its place in `Join::results`, once known.
    slot: Option<usize>,
}

impl<'a> Join<'a> {
    pub(super) fn new(binary: &'a Binary, left: &'a Matrix, right: &'a Matrix, span: Span, late_names: bool) -> Self {
        let swapped = binary.matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if swapped { (right, left) } else { (left, right) };
        let signatures = Signatures::of(&binary.matching.on, many, one);
        let mut ones = vec![Vec::new(); signatures.labels.len()];
        for (row, signature) in signatures.right.iter().enumerate() {
            ones[*signature].push(row);
        }
        let steps = left.steps();
        let matched = Steps::new(signatures.labels.len(), steps);
        Self {
            binary,
            many,
            one,
            span,
            late_names,
            signatures,
            ones,
            out: Matrix::new(steps),
            rows: Map::default(),
            matched,
            results: Map::default(),
            result_steps: Steps::new(0, steps),
        }
    }

    pub(super) fn run(mut self) -> Result<Matrix, Fault> {
        let matching = &self.binary.matching;
        // Seen from "many" and "one", the fills of left and right may have changed sides.
        let (fill_many, fill_one) = match matching.cardinality {
            Cardinality::OneToMany => (matching.fill_right, matching.fill_left),
            _ => (matching.fill_left, matching.fill_right),
        };
        self.check_one_side(fill_many.is_some() || fill_one.is_some())?;
        for row in 0..self.many.len() {
            self.match_row(row, fill_one)?;
        }
        if let Some(fill) = fill_many {
            self.fill_unmatched(fill)?;
        }
        Ok(self.out)
    }

    /// No two series of the "one" side have the same signature at a step at which there is anything to match.
    fn check_one_side(&self, filled: bool) -> Result<(), Fault> {
        if self.ones.iter().all(|rows| rows.len() < 2) {
            return Ok(());
        }
        for step in 0..self.one.steps() {
            if !filled && !self.many.iter().any(|(_, values)| is_present(values[step])) {
                continue;
            }
            for (signature, rows) in self.ones.iter().enumerate() {
                let mut there = rows.iter().filter(|row| is_present(self.one.values(**row)[step]));
                if let (Some(first), Some(second)) = (there.next(), there.next()) {
                    return Err(self.duplicate(signature, *first, *second));
                }
            }
        }
        Ok(())
    }

    fn duplicate(&self, signature: usize, first: usize, second: usize) -> Fault {
        let side = if self.binary.matching.cardinality == Cardinality::OneToMany { "left" } else { "right" };
        let group = braces(&self.signatures.labels[signature]);
        let [first, second] = [first, second].map(|row| braces(&self.one.rows[row].labels));
        let message = format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
             [{second}, {first}];many-to-many matching not allowed: matching labels must be unique on one side"
        );
        Fault::evaluation(self.span, message)
    }

    fn match_row(&mut self, row: usize, fill: Option<f64>) -> Result<(), Fault> {
        let signature = self.signatures.left[row];
        let partners = std::mem::take(&mut self.ones[signature]);
        for partner in &partners {
            let target = self.target(signature, &self.many.rows[row].labels, &self.one.rows[*partner].labels);
            self.pair(target, |join, step| (join.many.values(row)[step], join.one.values(*partner)[step]))?;
        }
        if let Some(fill) = fill {
            let target = self.target(signature, &self.many.rows[row].labels, &self.signatures.labels[signature]);
            self.pair(target, |join, step| {
                let alone = partners.iter().all(|partner| !is_present(join.one.values(*partner)[step]));
                (join.many.values(row)[step], if alone { fill } else { ABSENT })
            })?;
        }
        self.ones[signature] = partners;
        Ok(())
    }

    /// Series of "one" that have found nobody are matched with the fill value.
    fn fill_unmatched(&mut self, fill: f64) -> Result<(), Fault> {
        let matched = std::mem::replace(&mut self.matched, Steps::new(self.signatures.labels.len(), self.out.steps()));
        for row in 0..self.one.len() {
            let signature = self.signatures.right[row];
            let target = self.target(signature, &self.signatures.labels[signature], &self.one.rows[row].labels);
            self.pair(target, |join, step| {
                let alone = !matched.contains(signature, step);
                (if alone { fill } else { ABSENT }, join.one.values(row)[step])
            })?;
        }
        Ok(())
    }

    /// Computes what two series come to at each step at which both have a value.
    fn pair(&mut self, mut target: Target, values: impl Fn(&Self, usize) -> (f64, f64)) -> Result<(), Fault> {
        let swapped = self.binary.matching.cardinality == Cardinality::OneToMany;
        for step in 0..self.out.steps() {
            let (many, one) = values(self, step);
            if !is_present(many) || !is_present(one) {
                continue;
            }
            self.check_unique(&mut target, step)?;
            let (left, right) = if swapped { (one, many) } else { (many, one) };
            let (mut value, keep) = compute(self.binary.op, left, right);
            if self.binary.bool {
                value = f64::from(u8::from(keep));
            } else if !keep {
                continue;
            }
            let row = match target.row {
                Some(row) => row,
                None => *target.row.insert(self.row(&target.labels)),
            };
            let cell = &mut self.out.values_mut(row)[step];
            if is_present(*cell) {
                return Err(Fault::evaluation(self.span, SAME_LABELS));
            }
            *cell = value;
        }
        Ok(())
    }

    fn check_unique(&mut self, target: &mut Target, step: usize) -> Result<(), Fault> {
        let first_match = self.matched.insert(target.signature, step);
        if self.binary.matching.cardinality == Cardinality::OneToOne {
            let message = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
            return if first_match { Ok(()) } else { Err(Fault::evaluation(self.span, message)) };
        }
        let slot = *target.slot.get_or_insert_with(|| {
            let key = (target.signature, target.labels.clone());
            *self.results.entry(key).or_insert_with(|| self.result_steps.add())
        });
        if self.result_steps.insert(slot, step) {
            return Ok(());
        }
        let message = "multiple matches for labels: grouping labels must ensure unique matches";
        Err(Fault::evaluation(self.span, message))
    }

    fn row(&mut self, labels: &Labels) -> usize {
        if let Some(row) = self.rows.get(labels) {
            return *row;
        }
        let drop_name = self.binary.bool && self.late_names;
        let row = self.out.push_absent(Row { labels: labels.clone(), drop_name });
        self.rows.insert(labels.clone(), row);
        row
    }

    /// The labels of a result: those of "many", less what matching ignored, plus what it takes over from "one".
    fn target(&self, signature: usize, many: &Labels, one: &Labels) -> Target {
        let matching = &self.binary.matching;
        let keep_name = self.binary.op.is_comparison() && (!self.binary.bool || self.late_names);
        let one_to_one = matching.cardinality == Cardinality::OneToOne;
        let mut labels = many.filter(|name| {
            let matched = || matching.on.labels.iter().any(|label| label == name) != matching.on.without;
            (keep_name || !is_metadata(name)) && (!one_to_one || matched())
        });
        for name in &matching.include {
            labels = labels.with(name, one.get(name));
        }
        Target { labels, signature, row: None, slot: None }
    }
}

/// Labels as Prometheus' messages have them, the name among the others.
fn braces(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}
