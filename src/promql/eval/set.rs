//! `and`, `or` and `unless`: which series are there decides, not their values.

use super::matching::Signatures;
use super::matrix::{ABSENT, Matrix, is_present};
use super::{Evaluator, Times};
use crate::promql::ast::{Binary, BinaryOp};
use crate::promql::error::{Fault, Span};

impl Evaluator<'_> {
    pub(super) fn set(&mut self, binary: &Binary, times: Times, span: Span) -> Result<Matrix, Fault> {
        let left = self.vector(&binary.left, times)?;
        let right = self.vector(&binary.right, times)?;
        self.charge((left.len() + right.len()) * times.count, span)?;
        let signatures = Signatures::of(&binary.matching.on, &left, &right);
        match binary.op {
            BinaryOp::Or => {
                let there = signatures.present(&left, &signatures.left);
                let mut out = left;
                append_where(&mut out, &right, |row, step| !there.contains(signatures.right[row], step));
                // A series of the right may be one that the left has at other steps.
                out.merged(span)
            }
            op => {
                let there = signatures.present(&right, &signatures.right);
                let wanted = op == BinaryOp::And;
                let mut out = Matrix::new(times.count);
                append_where(&mut out, &left, |row, step| there.contains(signatures.left[row], step) == wanted);
                Ok(out)
            }
        }
    }
}

/// Adds the rows of `from` with the values that `keep` lets through.
fn append_where(out: &mut Matrix, from: &Matrix, keep: impl Fn(usize, usize) -> bool) {
    let mut values = vec![ABSENT; from.steps()];
    for (at, (row, found)) in from.iter().enumerate() {
        for (step, value) in found.iter().enumerate() {
            values[step] = if is_present(*value) && keep(at, step) { *value } else { ABSENT };
        }
        out.push(row.clone(), &values);
    }
}
