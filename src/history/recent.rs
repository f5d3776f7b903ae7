//! Windows that were decoded lately. Rules, and the panels of a dashboard, read the same few minutes of the same series one
//! after the other; each series is decoded once for all of them.

use std::collections::HashMap;

use super::index::Id;
use super::record::Record;
use crate::promql::series::Sample;

/// The samples of one series from some time on.
#[derive(Debug)]
struct Window {
    from: i64,
    /// The series' last sample when it was decoded: with another one the window is outdated.
    last: i64,
    samples: Box<[Sample]>,
}

/// Windows that reach up to their series' newest sample, of one instant: they go with the next sampling.
#[derive(Debug, Default)]
pub(super) struct Recent {
    windows: HashMap<Id, Window>,
    at: i64,
    /// Samples of all windows together.
    held: usize,
}

impl Recent {
    /// The samples of `from <= t <= to` of `record`, which is `id`. They are remembered if there is `room` for so many.
    pub(super) fn window(&mut self, id: Id, record: &Record, from: i64, to: i64, room: usize) -> Vec<Sample> {
        let Some(last) = record.last().filter(|last| *last <= to) else { return record.window(from, to) };
        let known = self.windows.get(&id).filter(|window| window.from <= from && window.last == last);
        if let Some(window) = known {
            let start = window.samples.partition_point(|sample| sample.t < from);
            return window.samples[start..].to_vec();
        }
        let samples = record.window(from, to);
        self.forget(id);
        if self.held + samples.len() <= room {
            self.held += samples.len();
            self.windows.insert(id, Window { from, last, samples: samples.as_slice().into() });
        }
        samples
    }

    /// Forgets everything if a new instant has come.
    pub(super) fn advance(&mut self, now: i64) {
        if self.at != now {
            *self = Self { at: now, ..Self::default() };
        }
    }

    /// Forgets a series whose `id` may become another's.
    pub(super) fn forget(&mut self, id: Id) {
        self.held -= self.windows.remove(&id).map_or(0, |window| window.samples.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Labels;

    fn record(times: std::ops::Range<i64>) -> Record {
        let mut record = Record::new(Labels::empty(), 0);
        times.for_each(|t| assert!(record.push(Sample { t, v: t as f64 })));
        record
    }

    fn times(samples: &[Sample]) -> Vec<i64> {
        samples.iter().map(|sample| sample.t).collect()
    }

    #[test]
    fn a_window_within_a_known_one_is_the_records_own() {
        let record = record(0..500);
        let mut recent = Recent::default();
        for (from, to) in [(450, 600), (470, 600), (400, 499), (499, 499), (500, 600), (300, 420), (-5, 498)] {
            assert_eq!(recent.window(0, &record, from, to, 1000), record.window(from, to), "{from}..={to}");
        }
    }

    #[test]
    fn a_new_sample_and_a_new_series_are_seen() {
        let mut grown = record(0..10);
        let mut recent = Recent::default();
        assert_eq!(times(&recent.window(0, &grown, 8, 20, 100)), [8, 9]);
        grown.push(Sample { t: 10, v: 0.0 });
        assert_eq!(times(&recent.window(0, &grown, 8, 20, 100)), [8, 9, 10]);
        recent.forget(0);
        assert_eq!(times(&recent.window(0, &record(9..11), 8, 20, 100)), [9, 10], "another of the same last sample");
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        let record = record(0..100);
        let mut recent = Recent::default();
        for id in 0..10 {
            assert_eq!(recent.window(id, &record, 70, 100, 100).len(), 30);
            assert_eq!(recent.window(id, &record, 60, 100, 100).len(), 40);
        }
        assert!(recent.held <= 100 && recent.windows.len() == 2, "{recent:?}");
        recent.advance(1);
        assert_eq!((recent.held, recent.windows.len()), (0, 0));
    }
}
