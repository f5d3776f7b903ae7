//! Arithmetic and comparison.

use super::matrix::Matrix;
use super::{Evaluator, Times, join};
use crate::promql::ast::{Binary, BinaryOp, ValueType};
use crate::promql::error::{Fault, Span};

/// What an operator makes of two values: a value that stays, or one that a comparison filters out.
pub(super) fn compute(op: BinaryOp, l: f64, r: f64) -> (f64, bool) {
    match op {
        BinaryOp::Add => (l + r, true),
        BinaryOp::Sub => (l - r, true),
        BinaryOp::Mul => (l * r, true),
        BinaryOp::Div => (l / r, true),
        BinaryOp::Mod => (l % r, true),
        BinaryOp::Pow => (l.powf(r), true),
        BinaryOp::Atan2 => (l.atan2(r), true),
        BinaryOp::Equal => (l, l == r),
        BinaryOp::NotEqual => (l, l != r),
        BinaryOp::Greater => (l, l > r),
        BinaryOp::Less => (l, l < r),
        BinaryOp::GreaterOrEqual => (l, l >= r),
        BinaryOp::LessOrEqual => (l, l <= r),
        // Sets are not computed value by value.
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => (l, false),
    }
}

/// Between scalars a comparison is always one of 0 and 1.
pub(super) fn of_scalars(op: BinaryOp, l: f64, r: f64) -> f64 {
    let (value, keep) = compute(op, l, r);
    if op.is_comparison() { f64::from(u8::from(keep)) } else { value }
}

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, binary: &Binary, times: Times, span: Span) -> Result<Matrix, Fault> {
        if binary.op.is_set() {
            return self.set(binary, times, span);
        }
        match (binary.left.value_type(), binary.right.value_type()) {
            (ValueType::Vector, ValueType::Vector) => {
                let left = self.vector(&binary.left, times)?;
                let right = self.vector(&binary.right, times)?;
                self.charge(left.len().max(right.len()) * times.count, span)?;
                join::Join::new(binary, &left, &right, span, self.options.delayed_name_removal).run()
            }
            (ValueType::Vector, _) => {
                let left = self.vector(&binary.left, times)?;
                let right = self.scalar(&binary.right, times)?;
                self.with_scalar(binary, left, span, |step, value| {
                    with_scalar(binary, compute(binary.op, value, right[step]))
                })
            }
            _ => {
                let left = self.scalar(&binary.left, times)?;
                let right = self.vector(&binary.right, times)?;
                self.with_scalar(binary, right, span, |step, value| {
                    let (result, keep) = compute(binary.op, left[step], value);
                    // What a comparison lets through is always the vector's value.
                    let result = if binary.op.is_comparison() { value } else { result };
                    with_scalar(binary, (result, keep))
                })
            }
        }
    }

    fn with_scalar(
        &mut self,
        binary: &Binary,
        mut vector: Matrix,
        span: Span,
        map: impl Fn(usize, f64) -> Option<f64>,
    ) -> Result<Matrix, Fault> {
        self.charge(vector.len() * vector.steps(), span)?;
        vector.map_steps(map);
        // What passes a filter is still the metric; what is computed is not.
        if binary.op.is_comparison() && !binary.bool { Ok(vector) } else { self.unnamed(vector, span) }
    }
}

fn with_scalar(binary: &Binary, (value, keep): (f64, bool)) -> Option<f64> {
    if binary.bool { Some(f64::from(u8::from(keep))) } else { keep.then_some(value) }
}
