//! Quantiles and fractions from the buckets of classic histograms.

use std::cmp::Ordering;

/// How many observations were at most `bound`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::promql) struct Bucket {
    pub(in crate::promql) bound: f64,
    pub(in crate::promql) count: f64,
}

/// Counts that differ by less than this, relative to their sum, differ by rounding only.
const TOLERANCE: f64 = 1e-12;

/// The quantile `q`, interpolated within its bucket, and whether counts that fell had to be raised for it.
pub(in crate::promql) fn quantile(q: f64, mut buckets: Vec<Bucket>) -> (f64, bool) {
    if q.is_nan() {
        return (f64::NAN, false);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, false);
    }
    if q > 1.0 {
        return (f64::INFINITY, false);
    }
    if !merge(&mut buckets) {
        return (f64::NAN, false);
    }
    let forced = make_monotonic(&mut buckets);
    let last = buckets.len() - 1;
    if last == 0 || buckets[last].count == 0.0 {
        return (f64::NAN, false);
    }
    let rank = q * buckets[last].count;
    let at = buckets[..last].partition_point(|bucket| bucket.count.partial_cmp(&rank).is_none_or(Ordering::is_lt));
    if at == last {
        return (buckets[last - 1].bound, forced);
    }
    if at == 0 && buckets[0].bound <= 0.0 {
        return (buckets[0].bound, forced);
    }
    let below = if at == 0 { Bucket { bound: 0.0, count: 0.0 } } else { buckets[at - 1] };
    let share = (rank - below.count) / (buckets[at].count - below.count);
    (below.bound + (buckets[at].bound - below.bound) * share, forced)
}

/// The fraction of observations between `lower` and `upper`.
pub(in crate::promql) fn fraction(lower: f64, upper: f64, mut buckets: Vec<Bucket>) -> f64 {
    if !merge(&mut buckets) {
        return f64::NAN;
    }
    let total = buckets[buckets.len() - 1].count;
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank(upper, &buckets, total) - rank(lower, &buckets, total)) / total
}

/// How many observations are estimated to lie below `value`.
fn rank(value: f64, buckets: &[Bucket], total: f64) -> f64 {
    // The lowest bucket begins at zero, unless it ends there or below.
    let mut from = if buckets[0].bound <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let mut below = 0.0;
    for bucket in buckets {
        if from >= value {
            return below;
        }
        if bucket.bound > value {
            let share = (value - from) / (bucket.bound - from);
            let rank = if from == f64::NEG_INFINITY { bucket.count } else { below + (bucket.count - below) * share };
            return rank.min(total);
        }
        (from, below) = (bucket.bound, bucket.count);
    }
    total
}

/// Sorts by bound and adds up equal bounds. Without a `+Inf` bucket there is no histogram, and the answer is false.
fn merge(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    buckets.dedup_by(|next, kept| {
        let same = next.bound == kept.bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY)
}

/// Raises counts that fell, and levels differences that are but rounding. The answer is whether any fell for real.
fn make_monotonic(buckets: &mut [Bucket]) -> bool {
    let mut forced = false;
    let mut before = buckets[0].count;
    for bucket in &mut buckets[1..] {
        if bucket.count == before {
            continue;
        }
        if almost_equal(bucket.count, before) {
            bucket.count = before;
        } else if bucket.count < before {
            bucket.count = before;
            forced = true;
        } else {
            before = bucket.count;
        }
    }
    forced
}

fn almost_equal(a: f64, b: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    (a.is_nan() && b.is_nan()) || difference / sum.min(f64::MAX) < TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
        pairs.iter().map(|(bound, count)| Bucket { bound: *bound, count: *count }).collect()
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn a_quantile_is_interpolated_in_its_bucket() {
        let b = || buckets(&[(INF, 10.0), (1.0, 4.0), (2.0, 8.0)]);
        assert_eq!(quantile(0.2, b()), (0.5, false));
        assert_eq!(quantile(0.6, b()), (1.5, false));
        assert_eq!(quantile(0.9, b()), (2.0, false));
        assert_eq!(quantile(-0.1, b()).0, -INF);
        assert_eq!(quantile(1.1, b()).0, INF);
    }

    #[test]
    fn the_lowest_bucket_ends_where_it_says_if_that_is_not_above_zero() {
        assert_eq!(quantile(0.1, buckets(&[(-5.0, 5.0), (0.0, 10.0), (INF, 10.0)])).0, -5.0);
        assert_eq!(quantile(0.75, buckets(&[(-5.0, 5.0), (0.0, 10.0), (INF, 10.0)])).0, -2.5);
    }

    #[test]
    fn what_is_no_histogram_has_no_quantile() {
        for b in [buckets(&[(1.0, 4.0), (2.0, 8.0)]), buckets(&[(INF, 4.0)]), buckets(&[(1.0, 0.0), (INF, 0.0)])] {
            assert!(quantile(0.5, b).0.is_nan());
        }
    }

    #[test]
    fn counts_that_fall_are_raised_and_said_so_unless_it_is_rounding() {
        assert_eq!(quantile(0.5, buckets(&[(1.0, 8.0), (2.0, 6.0), (INF, 10.0)])), (0.625, true));
        assert_eq!(quantile(0.5, buckets(&[(1.0, 8.0), (2.0, 8.0 - 1e-14), (INF, 8.0)])), (0.5, false));
    }

    #[test]
    fn a_fraction_is_the_inverse_of_a_quantile() {
        let b = || buckets(&[(1.0, 4.0), (2.0, 8.0), (INF, 10.0)]);
        assert_eq!(fraction(0.5, 1.5, b()), 0.4);
        assert_eq!(fraction(f64::NEG_INFINITY, INF, b()), 1.0);
        assert_eq!(fraction(1.0, 2.0, b()), 0.4);
        assert_eq!(fraction(2.0, 1.0, b()), 0.0);
        assert!(fraction(f64::NAN, 1.0, b()).is_nan());
    }
}
