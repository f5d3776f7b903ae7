//! One number from the samples of a window.

use super::Window;
use super::kahan::{Mean, Sum};
use super::math;
use crate::promql::ast::Edges;
use crate::promql::series::Sample;

pub(super) fn avg(window: &Window, _: &[f64]) -> Option<f64> {
    let mut mean = Mean::of(window.samples[0].v);
    window.samples[1..].iter().for_each(|sample| mean.add(sample.v));
    Some(mean.value())
}

pub(super) fn sum(window: &Window, _: &[f64]) -> Option<f64> {
    let sum = window.samples.iter().fold(Sum::default(), |sum, sample| sum.plus(sample.v));
    Some(sum.total())
}

pub(super) fn count(window: &Window, _: &[f64]) -> Option<f64> {
    Some(window.samples.len() as f64)
}

pub(super) fn present(_: &Window, _: &[f64]) -> Option<f64> {
    Some(1.0)
}

pub(super) fn first(window: &Window, _: &[f64]) -> Option<f64> {
    window.samples.first().map(|sample| sample.v)
}

pub(super) fn last(window: &Window, _: &[f64]) -> Option<f64> {
    window.samples.last().map(|sample| sample.v)
}

pub(super) fn time_of_first(window: &Window, _: &[f64]) -> Option<f64> {
    window.samples.first().map(seconds)
}

pub(super) fn time_of_last(window: &Window, _: &[f64]) -> Option<f64> {
    window.samples.last().map(seconds)
}

pub(super) fn max(window: &Window, _: &[f64]) -> Option<f64> {
    Some(extreme(window, |value, best| value > best).v)
}

pub(super) fn min(window: &Window, _: &[f64]) -> Option<f64> {
    Some(extreme(window, |value, best| value < best).v)
}

pub(super) fn time_of_max(window: &Window, _: &[f64]) -> Option<f64> {
    Some(seconds(&extreme(window, |value, best| value >= best)))
}

pub(super) fn time_of_min(window: &Window, _: &[f64]) -> Option<f64> {
    Some(seconds(&extreme(window, |value, best| value <= best)))
}

pub(super) fn quantile(window: &Window, args: &[f64]) -> Option<f64> {
    Some(math::quantile(args[0], &mut values(window)))
}

pub(super) fn mad(window: &Window, _: &[f64]) -> Option<f64> {
    let mut values = values(window);
    let median = math::quantile(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    Some(math::quantile(0.5, &mut values))
}

pub(super) fn stdvar(window: &Window, _: &[f64]) -> Option<f64> {
    let (mut count, mut mean, mut squares) = (0.0, Sum::default(), Sum::default());
    for sample in window.samples {
        count += 1.0;
        let delta = sample.v - mean.total();
        mean = mean.plus(delta / count);
        squares = squares.plus(delta * (sample.v - mean.total()));
    }
    Some(squares.total() / count)
}

pub(super) fn stddev(window: &Window, args: &[f64]) -> Option<f64> {
    stdvar(window, args).map(f64::sqrt)
}

pub(super) fn changes(window: &Window, _: &[f64]) -> Option<f64> {
    count_pairs(window, |before, after| after != before && !(after.is_nan() && before.is_nan()))
}

pub(super) fn resets(window: &Window, _: &[f64]) -> Option<f64> {
    count_pairs(window, |before, after| after < before)
}

/// How many neighbours are such a pair. An anchored window begins with the sample that stood at its start.
fn count_pairs(window: &Window, is_pair: impl Fn(f64, f64) -> bool) -> Option<f64> {
    let samples = match window.edges {
        Edges::Anchored => &window.samples[super::rate::first_at_start(window)?..],
        _ => window.samples,
    };
    Some(samples.windows(2).filter(|pair| is_pair(pair[0].v, pair[1].v)).count() as f64)
}

/// The sample that beats all before it; NaN is beaten by everything.
fn extreme(window: &Window, beats: impl Fn(f64, f64) -> bool) -> Sample {
    let mut best = window.samples[0];
    for sample in window.samples {
        if beats(sample.v, best.v) || best.v.is_nan() {
            best = *sample;
        }
    }
    best
}

fn values(window: &Window) -> Vec<f64> {
    window.samples.iter().map(|sample| sample.v).collect()
}

fn seconds(sample: &Sample) -> f64 {
    sample.t as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(run: fn(&Window, &[f64]) -> Option<f64>, values: &[f64]) -> f64 {
        let samples: Vec<Sample> =
            values.iter().enumerate().map(|(at, v)| Sample { t: (at as i64 + 1) * 1000, v: *v }).collect();
        let end = samples.len() as i64 * 1000;
        let window = Window { samples: &samples, now: end, start: 0, end, edges: Edges::AsFound };
        run(&window, &[0.5]).expect("a window with samples has a value")
    }

    #[test]
    fn nan_is_no_extreme_unless_it_is_all_there_is() {
        assert_eq!(over(max, &[f64::NAN, 1.0, 3.0, f64::NAN]), 3.0);
        assert_eq!(over(min, &[2.0, f64::NAN, 1.0]), 1.0);
        assert!(over(max, &[f64::NAN]).is_nan());
    }

    #[test]
    fn the_time_of_an_extreme_is_that_of_its_last_occurrence() {
        assert_eq!(over(time_of_max, &[3.0, 1.0, 3.0, 2.0]), 3.0);
        assert_eq!(over(time_of_min, &[1.0, 1.0, 3.0]), 2.0);
    }

    #[test]
    fn a_change_to_nan_counts_once() {
        assert_eq!(over(changes, &[1.0, f64::NAN, f64::NAN, 2.0, 2.0]), 2.0);
        assert_eq!(over(resets, &[3.0, 1.0, 1.0, 0.5, 4.0]), 2.0);
    }

    #[test]
    fn deviations_are_those_of_the_population() {
        assert_eq!(over(stdvar, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 4.0);
        assert_eq!(over(stddev, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 2.0);
        assert_eq!(over(mad, &[4.0, 6.0, 2.0, 1.0, 999.0, 1.0, 2.0]), 1.0);
        assert_eq!(over(quantile, &[1.0, 2.0, 4.0]), 2.0);
    }
}
