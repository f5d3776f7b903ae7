//! Lines through samples, and smoothing.

use super::Window;
use super::kahan::Sum;
use crate::promql::series::Sample;

pub(super) fn deriv(window: &Window, _: &[f64]) -> Option<f64> {
    let [first, _, ..] = window.samples else { return None };
    // Times are taken relative to a sample, as large numbers lose precision.
    Some(line(window.samples, first.t).slope)
}

pub(super) fn predict(window: &Window, args: &[f64]) -> Option<f64> {
    let [_, _, ..] = window.samples else { return None };
    let line = line(window.samples, window.now);
    Some(line.slope * args[0] + line.intercept)
}

struct Line {
    /// Per second.
    slope: f64,
    /// The value at the time of reference.
    intercept: f64,
}

/// The least-squares line; `intercept` is its value at `reference`.
fn line(samples: &[Sample], reference: i64) -> Line {
    if samples.iter().all(|sample| sample.v == samples[0].v) {
        return match samples[0].v {
            v if v.is_infinite() => Line { slope: f64::NAN, intercept: f64::NAN },
            v => Line { slope: 0.0, intercept: v },
        };
    }
    let (mut x, mut y, mut xy, mut xx) = (Sum::default(), Sum::default(), Sum::default(), Sum::default());
    for sample in samples {
        let seconds = (sample.t - reference) as f64 / 1000.0;
        x = x.plus(seconds);
        y = y.plus(sample.v);
        xy = xy.plus(seconds * sample.v);
        xx = xx.plus(seconds * seconds);
    }
    let n = samples.len() as f64;
    let (x, y, xy, xx) = (x.total(), y.total(), xy.total(), xx.total());
    let slope = (xy - x * y / n) / (xx - x * x / n);
    Line { slope, intercept: y / n - slope * x / n }
}

/// Double exponential smoothing (Holt): `args` are the smoothing factor and the trend factor, each within 0 and 1.
pub(super) fn smoothing(window: &Window, args: &[f64]) -> Option<f64> {
    let [first, second, ..] = window.samples else { return None };
    let (factor, trend_factor) = (args[0], args[1]);
    let (mut before, mut smooth, mut trend) = (0.0, first.v, second.v - first.v);
    for (at, sample) in window.samples.iter().enumerate().skip(1) {
        if at > 1 {
            trend = trend_factor * (smooth - before) + (1.0 - trend_factor) * trend;
        }
        let next = factor * sample.v + (1.0 - factor) * (smooth + trend);
        (before, smooth) = (smooth, next);
    }
    Some(smooth)
}

/// Why these factors cannot smooth.
pub(in crate::promql) fn factors_fault(args: &[f64]) -> Option<String> {
    let within = |value: f64| value > 0.0 && value < 1.0;
    let names = [("smoothing", "sf"), ("trend", "tf")];
    // A NaN is let through, as Prometheus does: it smooths to NaN.
    args.iter()
        .zip(names)
        .find(|(value, _)| !within(**value) && !value.is_nan())
        .map(|(value, (name, short))| format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {value:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::ast::Edges;

    fn over(run: fn(&Window, &[f64]) -> Option<f64>, values: &[f64], args: &[f64]) -> Option<f64> {
        let samples: Vec<Sample> =
            values.iter().enumerate().map(|(at, v)| Sample { t: at as i64 * 60_000, v: *v }).collect();
        let end = (samples.len() as i64 - 1) * 60_000;
        run(&Window { samples: &samples, now: end, start: -60_000, end, edges: Edges::AsFound }, args)
    }

    #[test]
    fn a_line_has_its_own_slope() {
        assert_eq!(over(deriv, &[0.0, 60.0, 120.0], &[]), Some(1.0));
        assert_eq!(over(predict, &[0.0, 60.0, 120.0], &[60.0]), Some(180.0));
        assert_eq!(over(predict, &[5.0, 5.0], &[60.0]), Some(5.0));
        assert_eq!(over(deriv, &[1.0], &[]), None);
    }

    #[test]
    fn infinities_have_no_slope() {
        assert!(over(deriv, &[f64::INFINITY, f64::INFINITY], &[]).is_some_and(f64::is_nan));
        assert!(over(deriv, &[1.0, f64::INFINITY], &[]).is_some_and(f64::is_nan));
    }

    #[test]
    fn smoothing_follows_a_steady_trend() {
        assert_eq!(over(smoothing, &[0.0, 10.0, 20.0, 30.0], &[0.5, 0.5]), Some(30.0));
        assert_eq!(over(smoothing, &[1.0], &[0.5, 0.5]), None);
        assert!(factors_fault(&[0.5, 1.0]).is_some_and(|message| message.starts_with("invalid trend factor")));
        assert_eq!(factors_fault(&[0.5, 0.5]), None);
    }
}
