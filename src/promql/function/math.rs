//! Numbers where Go, and so Prometheus, computes otherwise than Rust.

use std::cmp::Ordering;
use std::f64::consts::PI;

/// Go's `math.Max`: a NaN wins, unless the other is `+Inf`.
pub(in crate::promql) fn max(a: f64, b: f64) -> f64 {
    match (a, b) {
        _ if a == f64::INFINITY || b == f64::INFINITY => f64::INFINITY,
        _ if a.is_nan() || b.is_nan() => f64::NAN,
        _ => a.max(b),
    }
}

/// Go's `math.Min`: a NaN wins, unless the other is `-Inf`.
pub(in crate::promql) fn min(a: f64, b: f64) -> f64 {
    -max(-a, -b)
}

/// To the nearest multiple of `step`; ties go up.
pub(in crate::promql) fn round(value: f64, step: f64) -> f64 {
    let inverse = 1.0 / step;
    (value * inverse + 0.5).floor() / inverse
}

pub(super) fn sgn(value: f64) -> f64 {
    match value {
        v if v < 0.0 => -1.0,
        v if v > 0.0 => 1.0,
        v => v,
    }
}

pub(super) fn rad(value: f64) -> f64 {
    value * PI / 180.0
}

pub(super) fn deg(value: f64) -> f64 {
    value * 180.0 / PI
}

/// By value, with NaN below everything.
pub(in crate::promql) fn nan_first(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// By value, with NaN above everything.
pub(in crate::promql) fn nan_last(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The quantile `q` of the values, which are sorted here; between two values it is interpolated.
pub(in crate::promql) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| nan_first(*a, *b));
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_loses_only_to_the_infinity_that_decides() {
        assert!(max(1.0, f64::NAN).is_nan() && min(f64::NAN, 1.0).is_nan());
        assert_eq!(max(f64::INFINITY, f64::NAN), f64::INFINITY);
        assert_eq!(min(f64::NAN, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!((max(1.0, 2.0), min(1.0, 2.0)), (2.0, 1.0));
    }

    #[test]
    fn ties_round_up() {
        assert_eq!([2.5, -2.5, 0.4].map(|v| round(v, 1.0)), [3.0, -2.0, 0.0]);
        assert_eq!(round(17.0, 5.0), 15.0);
        assert!((round(0.127, 0.01) - 0.13).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        let mut values = [3.0, 1.0, 2.0, 4.0];
        assert_eq!([0.0, 0.5, 1.0].map(|q| quantile(q, &mut values)), [1.0, 2.5, 4.0]);
        assert_eq!([-1.0, 2.0].map(|q| quantile(q, &mut values)), [f64::NEG_INFINITY, f64::INFINITY]);
        assert!(quantile(f64::NAN, &mut values).is_nan() && quantile(0.5, &mut []).is_nan());
    }
}
