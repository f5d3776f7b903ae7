//! A histogram of whole numbers that many observations are added to at once.
//!
//! The `prometheus` crate's takes one observation after the other, each a search among the bounds and a few atomic additions; a read
//! may have hundreds of messages in it. Here they are counted by plain additions first ([`Tally`]), and shown together.

use super::family::Instrument;
use parking_lot::Mutex;
use prometheus::Opts;
use prometheus::core::{Describer as _, Metric};
use prometheus::proto::{self, MetricType};
use std::sync::Arc;

/// A histogram that is shown. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Sizes(Arc<Shown>);

struct Shown {
    labels: Vec<proto::LabelPair>,
    bounds: Vec<f64>,
    counted: Mutex<Counted>,
}

/// Observations by the bound that they are under, the last above all of them, and their sum.
#[derive(Clone)]
struct Counted {
    counts: Box<[u64]>,
    sum: u64,
}

/// Observations of one writer, which [`Tally::show`] adds to what is shown.
pub struct Tally {
    shown: Sizes,
    /// The largest whole number under each bound.
    floors: Box<[u64]>,
    /// By the number of an observation's significant bits: the first bound that it can be under.
    first: [u16; 65],
    counted: Counted,
    any: bool,
}

impl Sizes {
    /// What a writer counts with.
    pub fn tally(&self) -> Tally {
        let bounds = &self.0.bounds;
        let floors: Box<[u64]> = bounds.iter().map(|bound| *bound as u64).collect();
        let least = |bits: usize| if bits == 0 { 0 } else { 1_u64 << (bits - 1) };
        let first = std::array::from_fn(|bits| floors.partition_point(|floor| *floor < least(bits)) as u16);
        Tally { shown: self.clone(), floors, first, counted: Counted::none(bounds.len()), any: false }
    }
}

impl Tally {
    /// Counts an observation.
    #[inline]
    pub fn observe(&mut self, size: u64) {
        let bits = u64::BITS - size.leading_zeros();
        let mut at = usize::from(self.first[bits as usize]);
        while self.floors.get(at).is_some_and(|floor| size > *floor) {
            at += 1;
        }
        if let Some(count) = self.counted.counts.get_mut(at) {
            *count += 1;
        }
        self.counted.sum = self.counted.sum.wrapping_add(size);
        self.any = true;
    }

    /// Shows what was counted since the last time; how many that were.
    pub fn show(&mut self) -> u64 {
        if !std::mem::take(&mut self.any) {
            return 0;
        }
        let mut shown = self.shown.0.counted.lock();
        shown.sum = shown.sum.wrapping_add(std::mem::take(&mut self.counted.sum));
        let counts = shown.counts.iter_mut().zip(&mut self.counted.counts);
        counts
            .map(|(shown, count)| {
                let count = std::mem::take(count);
                *shown += count;
                count
            })
            .sum()
    }
}

impl Metric for Sizes {
    fn metric(&self) -> proto::Metric {
        let Counted { counts, sum } = self.0.counted.lock().clone();
        let mut total = 0;
        let mut histogram = proto::Histogram::default();
        let bounds = self.0.bounds.iter().zip(&counts).map(|(bound, count)| {
            total += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(total);
            bucket
        });
        histogram.set_bucket(bounds.collect());
        histogram.set_sample_count(counts.iter().sum());
        histogram.set_sample_sum(sum as f64);
        let mut metric = proto::Metric::default();
        metric.set_label(self.0.labels.clone());
        metric.set_histogram(histogram);
        metric
    }
}

impl Instrument for Sizes {
    const TYPE: MetricType = MetricType::HISTOGRAM;

    fn series(buckets: &[f64]) -> usize {
        prometheus::Histogram::series(buckets)
    }

    fn make(opts: Opts, buckets: &[f64]) -> prometheus::Result<Self> {
        let labels = opts.describe()?.const_label_pairs;
        let counted = Mutex::new(Counted::none(buckets.len()));
        Ok(Self(Arc::new(Shown { labels, bounds: buckets.to_vec(), counted })))
    }
}

impl Counted {
    fn none(bounds: usize) -> Self {
        Self { counts: vec![0; bounds + 1].into(), sum: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::family::Family;
    use super::super::registry::Registry;
    use super::*;
    use prometheus::{Histogram, TextEncoder};
    use proptest::prelude::*;

    fn exposition<M: Instrument>(bounds: &[f64], count: impl FnOnce(M)) -> String {
        let registry = Registry::new();
        count(Family::<M>::with_buckets(&registry, "a_bytes", "A.", &["x"], bounds).with(&["1"]));
        TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
    }

    proptest! {
        #[test]
        fn it_shows_what_the_crates_own_would(
            steps in prop::collection::vec(0.001_f64..5e4, 1..12),
            sizes in prop::collection::vec(prop_oneof![0_u64..300, 0_u64..200_000, 0_u64..1 << 40], 0..60),
            split in 0_usize..60,
        ) {
            let bounds: Vec<f64> = steps.iter().scan(0.0, |sum, step| { *sum += step; Some(*sum) }).collect();
            let ours = exposition(&bounds, |shown: Sizes| {
                let mut tally = shown.tally();
                for (nth, size) in sizes.iter().enumerate() {
                    if nth == split {
                        assert_eq!(tally.show(), split as u64);
                    }
                    tally.observe(*size);
                }
                tally.show();
                assert_eq!(tally.show(), 0);
            });
            let theirs = exposition(&bounds, |histogram: Histogram| {
                sizes.iter().for_each(|size| histogram.observe(*size as f64));
            });
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn whole_bounds_are_their_own(sizes in prop::collection::vec(0_u64..20, 0..60)) {
            let bounds = [1.0, 2.0, 3.0, 8.0, 9.0, 16.0];
            let ours = exposition(&bounds, |shown: Sizes| {
                let mut tally = shown.tally();
                sizes.iter().for_each(|size| tally.observe(*size));
                tally.show();
            });
            let theirs = exposition(&bounds, |histogram: Histogram| {
                sizes.iter().for_each(|size| histogram.observe(*size as f64));
            });
            prop_assert_eq!(ours, theirs);
        }
    }
}
