//! How fast a series changes within a window.
//!
//! Samples seldom lie at the edges of a window, so `rate`, `increase` and `delta` extend what they saw to the edges: all the
//! way where a sample would have been expected beyond it, by half a sample's distance where the series seems to begin or end
//! within the window, and never below zero for a counter.

use super::Window;
use crate::promql::ast::Edges;
use crate::promql::series::Sample;

pub(super) fn rate(window: &Window, _: &[f64]) -> Option<f64> {
    extended(window, true, window.seconds())
}

pub(super) fn increase(window: &Window, _: &[f64]) -> Option<f64> {
    extended(window, true, 1.0)
}

pub(super) fn delta(window: &Window, _: &[f64]) -> Option<f64> {
    extended(window, false, 1.0)
}

pub(super) fn irate(window: &Window, _: &[f64]) -> Option<f64> {
    let [.., before, after] = window.samples else { return None };
    let interval = after.t - before.t;
    // After a counter's reset all of its value is new.
    let grown = if after.v < before.v { after.v } else { after.v - before.v };
    (interval != 0).then(|| grown / (interval as f64 / 1000.0))
}

pub(super) fn idelta(window: &Window, _: &[f64]) -> Option<f64> {
    let [.., before, after] = window.samples else { return None };
    (after.t != before.t).then_some(after.v - before.v)
}

/// The change over the window, over `seconds`.
fn extended(window: &Window, counter: bool, seconds: f64) -> Option<f64> {
    match window.edges {
        Edges::AsFound => extrapolated(window, counter, seconds),
        edges => at_edges(window, counter, edges == Edges::Smoothed).map(|change| change / seconds),
    }
}

fn extrapolated(window: &Window, counter: bool, seconds: f64) -> Option<f64> {
    let [first, .., last] = window.samples else { return None };
    let mut change = last.v - first.v;
    if counter {
        change = with_resets(change, first.v, &window.samples[1..]);
    }
    let mut to_start = (first.t - window.start) as f64 / 1000.0;
    let mut to_end = (window.end - last.t) as f64 / 1000.0;
    let sampled = (last.t - first.t) as f64 / 1000.0;
    let distance = sampled / (window.samples.len() - 1) as f64;
    // A sample that comes up to a tenth late is still on time.
    let threshold = distance * 1.1;
    if to_start >= threshold {
        to_start = distance / 2.0;
    }
    if counter && change > 0.0 && first.v >= 0.0 {
        // Where the slope, drawn back, reaches zero, the counter began.
        to_start = to_start.min(sampled * (first.v / change));
    }
    if to_end >= threshold {
        to_end = distance / 2.0;
    }
    Some(change * ((sampled + to_start + to_end) / sampled / seconds))
}

/// The change plus what a counter lost by resets in `samples`, `before` being its value ahead of them.
fn with_resets(mut change: f64, mut before: f64, samples: &[Sample]) -> f64 {
    for sample in samples {
        if sample.v < before {
            change += before;
        }
        before = sample.v;
    }
    change
}

/// The change between the values at the window's two edges, without extrapolation: `anchored` and `smoothed`.
fn at_edges(window: &Window, counter: bool, smoothed: bool) -> Option<f64> {
    let samples = window.samples;
    let mut first = first_index(window);
    let mut last = samples.len() - 1;
    if smoothed {
        last = samples[..last].partition_point(|sample| sample.t < window.end);
    }
    if samples[last].t <= window.start {
        return None;
    }
    let (left, right) = edge_values(window, first, last, smoothed, counter);
    let mut change = right - left;
    if counter {
        // Only samples strictly inside; resets at the edges are in the values there.
        first += usize::from(samples[first].t <= window.start);
        let end = if samples[last].t >= window.end { last } else { last + 1 };
        let inside = samples.get(first..end).unwrap_or(&[]);
        let mut lost = with_resets(0.0, left, inside);
        let before = inside.last().map_or(left, |sample| sample.v);
        if right < before {
            lost += before;
        }
        change += lost;
    }
    Some(change)
}

/// The index of the last sample at or before the start of the window, or of the first one there is.
fn first_index(window: &Window) -> usize {
    let last = window.samples.len() - 1;
    window.samples[..last].partition_point(|sample| sample.t <= window.start).saturating_sub(1)
}

/// As `first_index`, but nothing where no sample lies within the window.
pub(super) fn first_at_start(window: &Window) -> Option<usize> {
    window.samples.last().is_some_and(|sample| sample.t > window.start).then(|| first_index(window))
}

/// The values at both ends, given the samples next to them.
fn edge_values(window: &Window, first: usize, last: usize, smoothed: bool, counter: bool) -> (f64, f64) {
    let samples = window.samples;
    let left = if smoothed && samples[first].t < window.start {
        between(samples[first], samples[first + 1], window.start, counter)
    } else {
        samples[first].v
    };
    let right = if smoothed && last > 0 && samples[last].t > window.end {
        between(samples[last - 1], samples[last], window.end, counter)
    } else {
        samples[last].v
    };
    (left, right)
}

/// The value at `t` on the line through two samples; a counter that fell is taken to have begun at zero.
pub(in crate::promql) fn between(a: Sample, b: Sample, t: i64, counter: bool) -> f64 {
    let from = if counter && b.v < a.v { 0.0 } else { a.v };
    from + (b.v - from) * (t - a.t) as f64 / (b.t - a.t) as f64
}

/// The samples of a window with made-up ones at both ends: what a range selector with `anchored` or `smoothed` shows.
pub(in crate::promql) fn with_edges(window: &Window) -> Vec<Sample> {
    let smoothed = window.edges == Edges::Smoothed;
    let samples = window.samples;
    let mut first = first_index(window);
    let mut last = samples.len() - 1;
    if smoothed {
        last = samples[..last].partition_point(|sample| sample.t < window.end);
    }
    if samples[last].t <= window.start {
        return Vec::new();
    }
    let (left, right) = edge_values(window, first, last, smoothed, false);
    first += usize::from(samples[first].t <= window.start);
    let end = if samples[last].t >= window.end { last } else { last + 1 };
    let mut out = vec![Sample { t: window.start, v: left }];
    out.extend_from_slice(samples.get(first..end).unwrap_or(&[]));
    out.push(Sample { t: window.end, v: right });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(run: fn(&Window, &[f64]) -> Option<f64>, samples: &[(i64, f64)], edges: Edges) -> Option<f64> {
        let samples: Vec<Sample> = samples.iter().map(|(t, v)| Sample { t: t * 1000, v: *v }).collect();
        run(&Window { samples: &samples, now: 60_000, start: 0, end: 60_000, edges }, &[])
    }

    #[test]
    fn a_gauge_is_extended_to_both_edges() {
        // 10 s to the start, 10 s to the end, 20 s between samples: both edges are near.
        let samples = [(10, 1.0), (30, 3.0), (50, 5.0)];
        assert_eq!(over(delta, &samples, Edges::AsFound), Some(6.0));
    }

    #[test]
    fn a_counter_is_not_extended_below_zero() {
        // The slope of 0.1/s reaches zero 5 s before the first sample, not at the edge 10 s before it.
        let samples = [(10, 0.5), (30, 2.5), (50, 4.5)];
        assert_eq!(over(increase, &samples, Edges::AsFound), Some(5.5));
    }

    #[test]
    fn a_reset_adds_what_was_lost() {
        let samples = [(10, 100.0), (30, 120.0), (50, 10.0)];
        assert_eq!(over(rate, &samples, Edges::AsFound), Some(30.0 * 1.5 / 60.0));
        assert_eq!(over(irate, &samples, Edges::AsFound), Some(0.5));
        assert_eq!(over(idelta, &samples, Edges::AsFound), Some(-110.0));
    }

    #[test]
    fn a_series_that_ends_early_is_extended_by_half_a_distance() {
        let samples = [(10, 10.0), (20, 20.0), (30, 30.0)];
        assert_eq!(over(delta, &samples, Edges::AsFound), Some(35.0));
    }

    #[test]
    fn one_sample_has_no_rate() {
        assert_eq!(over(rate, &[(10, 1.0)], Edges::AsFound), None);
        assert_eq!(over(irate, &[(10, 1.0)], Edges::AsFound), None);
    }

    #[test]
    fn anchored_counts_from_the_sample_before_the_window() {
        let samples = [(-10, 1.0), (20, 2.0), (50, 4.0)];
        assert_eq!(over(increase, &samples, Edges::Anchored), Some(3.0));
        assert_eq!(over(increase, &[(-10, 1.0)], Edges::Anchored), None);
    }

    #[test]
    fn smoothed_interpolates_at_both_edges() {
        let samples = [(-10, 0.0), (10, 2.0), (50, 6.0), (70, 8.0)];
        assert_eq!(over(delta, &samples, Edges::Smoothed), Some(6.0));
    }
}
