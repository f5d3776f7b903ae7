//! Series that are held in memory as they are: those of a test, or of a recorded file.

use super::series::{Matcher, Sample, Series, SeriesData};
use crate::base::{Labels, Map};

/// A list of series, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    series: Vec<SeriesData>,
    index: Map<Labels, usize>,
}

impl Memory {
    /// Without any series.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds samples to a series, which is new or has been there. They may come in any order; of two at the same time the
    /// later one stays.
    pub fn append(&mut self, labels: Labels, samples: impl IntoIterator<Item = Sample>) {
        let at = *self.index.entry(labels).or_insert_with_key(|labels| {
            self.series.push(SeriesData { labels: labels.clone(), samples: Vec::new() });
            self.series.len() - 1
        });
        let held = &mut self.series[at].samples;
        let in_order = held.len();
        held.extend(samples);
        if !held[in_order.saturating_sub(1)..].is_sorted_by(|a, b| a.t < b.t) {
            // A stable sort and a look from behind keep the latest of equals.
            held.sort_by_key(|sample| sample.t);
            held.reverse();
            held.dedup_by_key(|sample| sample.t);
            held.reverse();
        }
    }

    /// All series.
    pub fn series(&self) -> &[SeriesData] {
        &self.series
    }
}

impl Series for Memory {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        let within = |series: &SeriesData| {
            let start = series.samples.partition_point(|sample| sample.t < from);
            let end = series.samples.partition_point(|sample| sample.t <= to);
            (start < end)
                .then(|| SeriesData { labels: series.labels.clone(), samples: series.samples[start..end].to_vec() })
        };
        let matching = |series: &&SeriesData| matchers.iter().all(|matcher| matcher.accepts(&series.labels));
        self.series.iter().filter(matching).filter_map(within).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(times: &[(i64, f64)]) -> Vec<Sample> {
        times.iter().map(|(t, v)| Sample { t: *t, v: *v }).collect()
    }

    #[test]
    fn samples_are_kept_in_order_and_the_later_of_two_stays() {
        let mut memory = Memory::new();
        let labels = Labels::new([("a", "1")]);
        memory.append(labels.clone(), samples(&[(1, 1.0), (3, 3.0)]));
        memory.append(labels, samples(&[(2, 2.0), (3, 4.0)]));
        assert_eq!(memory.series()[0].samples, samples(&[(1, 1.0), (2, 2.0), (3, 4.0)]));
    }

    #[test]
    fn a_series_without_a_sample_in_the_window_is_left_out() {
        let mut memory = Memory::new();
        memory.append(Labels::new([("a", "1")]), samples(&[(1, 1.0), (5, 5.0)]));
        assert_eq!(memory.select(&[], 2, 5)[0].samples, samples(&[(5, 5.0)]));
        assert!(memory.select(&[], 2, 4).is_empty());
    }
}
