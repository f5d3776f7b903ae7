//! Scalars: one number per step.

use super::matrix::is_present;
use super::{Evaluator, Times, binary};
use crate::promql::ast::{Call, Expr, Kind};
use crate::promql::error::{Fault, Span};
use crate::promql::function::{Run, Special, math};

impl Evaluator<'_> {
    pub(super) fn scalar(&mut self, expr: &Expr, times: Times) -> Result<Vec<f64>, Fault> {
        self.charge(times.count, expr.span)?;
        match &expr.kind {
            Kind::Number(value) => Ok(vec![*value; times.count]),
            Kind::Paren(inner) => self.scalar(inner, times),
            Kind::Negate(inner) => {
                let mut values = self.scalar(inner, times)?;
                values.iter_mut().for_each(|value| *value = -*value);
                Ok(values)
            }
            Kind::Binary(b) => {
                let (left, right) = (self.scalar(&b.left, times)?, self.scalar(&b.right, times)?);
                let compute = |(l, r): (&f64, &f64)| binary::of_scalars(b.op, *l, *r);
                Ok(left.iter().zip(&right).map(compute).collect())
            }
            Kind::Call(call) => match call.function.run {
                Run::Special(special) => self.scalar_function(special, call, times, expr.span),
                _ => Err(Fault::evaluation(expr.span, "expected a scalar")),
            },
            _ => Err(Fault::evaluation(expr.span, "expected a scalar")),
        }
    }

    fn scalar_function(&mut self, special: Special, call: &Call, times: Times, span: Span) -> Result<Vec<f64>, Fault> {
        let (start, end, step) = self.query;
        let constant = |milliseconds: i64| Ok(vec![milliseconds as f64 / 1000.0; times.count]);
        match special {
            Special::Time => Ok(times.iter().map(|at| at as f64 / 1000.0).collect()),
            Special::Pi => Ok(vec![std::f64::consts::PI; times.count]),
            Special::Start => constant(start),
            Special::End => constant(end),
            Special::Step => constant(step),
            Special::Range => constant(end - start),
            Special::MaxOf | Special::MinOf => {
                let pick = if special == Special::MaxOf { math::max } else { math::min };
                let (a, b) = (self.scalar(&call.args[0], times)?, self.scalar(&call.args[1], times)?);
                Ok(a.iter().zip(&b).map(|(a, b)| pick(*a, *b)).collect())
            }
            Special::Scalar => self.only_value(&call.args[0], times),
            _ => Err(Fault::evaluation(span, "expected a scalar")),
        }
    }

    /// The value of the one series there is at a step; NaN where there is none or more than one.
    fn only_value(&mut self, arg: &Expr, times: Times) -> Result<Vec<f64>, Fault> {
        let input = self.vector(arg, times)?;
        let mut found = vec![0_usize; times.count];
        let mut values = vec![f64::NAN; times.count];
        for (_, row) in input.iter() {
            for (step, value) in row.iter().enumerate().filter(|(_, value)| is_present(**value)) {
                found[step] += 1;
                values[step] = if found[step] == 1 { *value } else { f64::NAN };
            }
        }
        Ok(values)
    }
}
