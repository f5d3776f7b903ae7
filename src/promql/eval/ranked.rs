//! Aggregations that keep some of the series of each group as they are.

use super::Evaluator;
use super::aggregate::Groups;
use super::matrix::{ABSENT, Matrix, is_present};
use super::sample_hash::share;
use crate::promql::ast::{Aggregate, AggregateOp};
use crate::promql::error::{Fault, Span};
use crate::promql::function::math;
use crate::promql::number::format_short;

impl Evaluator<'_> {
    /// `param` holds k, or the ratio, of every step.
    pub(super) fn ranked(
        &mut self,
        aggregate: &Aggregate,
        param: &[f64],
        input: &Matrix,
        groups: &Groups,
        span: Span,
    ) -> Result<Matrix, Fault> {
        let steps = input.steps();
        let param_span = aggregate.param.as_ref().map_or(span, |param| param.span);
        if aggregate.op == AggregateOp::LimitRatio {
            self.check_ratio(param, param_span)?;
        } else {
            check_count(param, param_span)?;
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups.rows.len()];
        groups.of_row.iter().enumerate().for_each(|(row, group)| members[*group].push(row));

        let mut kept = vec![ABSENT; input.len() * steps];
        let mut order = Vec::new();
        for (step, param) in param.iter().enumerate() {
            for members in &members {
                let value = |row: &usize| input.values(*row)[step];
                let mut there: Vec<usize> = members.iter().copied().filter(|row| is_present(value(row))).collect();
                choose(aggregate.op, *param, input, step, &mut there);
                there.iter().for_each(|row| kept[row * steps + step] = value(row));
                order.extend(there);
            }
        }
        // One step is in order of rank; of many, no order is asked.
        if steps > 1 {
            order = (0..input.len()).collect();
        }
        let mut out = Matrix::new(steps);
        for row in order {
            out.push(input.rows[row].clone(), &kept[row * steps..(row + 1) * steps]);
        }
        Ok(out)
    }

    fn check_ratio(&mut self, ratios: &[f64], span: Span) -> Result<(), Fault> {
        if ratios.iter().any(|ratio| ratio.is_nan()) {
            return Err(Fault::evaluation(span, "Ratio value is NaN"));
        }
        for ratio in ratios.iter().filter(|ratio| ratio.abs() > 1.0) {
            self.remarks.ratio_out_of_range(*ratio, ratio.signum(), span);
        }
        Ok(())
    }
}

/// Leaves the chosen rows, best first.
fn choose(op: AggregateOp, param: f64, input: &Matrix, step: usize, rows: &mut Vec<usize>) {
    let value = |row: &usize| input.values(*row)[step];
    match op {
        AggregateOp::LimitRatio => {
            rows.retain(|row| {
                let share = share(&input.rows[*row].labels);
                // A negative ratio takes what its complement leaves.
                if param >= 0.0 { share < param.min(1.0) } else { share >= 1.0 + param.max(-1.0) }
            });
            return;
        }
        AggregateOp::TopK => rows.sort_by(|a, b| math::nan_last(-value(a), -value(b))),
        AggregateOp::BottomK => rows.sort_by(|a, b| math::nan_last(value(a), value(b))),
        _ => {}
    }
    rows.truncate(if param < 1.0 { 0 } else { param as usize });
}

fn check_count(counts: &[f64], span: Span) -> Result<(), Fault> {
    /// The largest number below 2^63.
    const MOST: f64 = 9_223_372_036_854_774_784.0;
    let most = counts.iter().copied().fold(f64::NEG_INFINITY, math::max);
    let least = counts.iter().copied().fold(f64::INFINITY, math::min);
    if most < 1.0 {
        return Ok(());
    }
    if most.is_nan() || counts.iter().any(|count| count.is_nan()) {
        return Err(Fault::evaluation(span, "Parameter value is NaN"));
    }
    if least <= i64::MIN as f64 {
        return Err(Fault::evaluation(span, format!("Scalar value {} underflows int64", format_short(least))));
    }
    if most >= MOST {
        return Err(Fault::evaluation(span, format!("Scalar value {} overflows int64", format_short(most))));
    }
    Ok(())
}
