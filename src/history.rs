//! What was measured, in memory: every sampling of our registry, of what is merged into it and of what rules record.
//!
//! Samples are compressed to a bit or two each while nothing changes and to about one byte for traffic's counters. The
//! whole lives within a byte budget. When it is full the oldest chunks go first, and what rules need goes after what they do
//! not; every chunk that goes is counted. Staleness is Prometheus': a series that a source no longer reports ends with a
//! stale marker at that source's next sampling, and a source that is down is sampled with nothing.
//!
//! Time is the caller's (Unix milliseconds) and must not step back: a sample that is not later than its series' last is
//! refused and counted.
//!
//! - `bits`, `codec`, `chunk`: samples as bits
//! - `record`, `index`, `store`: one series; its labels; all of them, within the budget
//! - `recent`: what was decoded lately, for whoever reads it next
//! - `families`: samples out of a registry's families
//! - `metrics`: what it tells about itself
//! - `spill`: the file that carries it over a restart
//! - `recorded`: samples with their times out of a text

mod bits;
mod chunk;
mod codec;
pub mod families;
mod index;
mod metrics;
mod recent;
mod record;
pub mod recorded;
mod spill;
mod store;

use parking_lot::RwLock;

pub use self::metrics::HistoryMetrics;
pub use self::spill::SpillError;
use self::store::Store;
use crate::base::Labels;
use crate::promql::series::{Matcher, Series, SeriesData};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that all of it together may take in memory.
    pub budget: usize,
    /// Milliseconds after which samples go, budget or not, unless a [`Guarantee`] is longer.
    pub retention: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { budget: 16 << 20, retention: 6 * 3_600_000 }
    }
}

/// Series that a rule reads, and how far back: they are the last to go when the budget is full.
#[derive(Clone, Debug)]
pub struct Guarantee {
    /// All of them must pass.
    pub matchers: Vec<Matcher>,
    /// Milliseconds back from now.
    pub window: i64,
}

impl Guarantee {
    fn accepts(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.accepts(labels))
    }
}

/// What a history holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series, ended ones included.
    pub series: usize,
    /// Samples, stale markers included.
    pub samples: u64,
    /// Bytes in memory.
    pub bytes: usize,
    /// Unix milliseconds of the oldest sample.
    pub oldest: Option<i64>,
    /// Unix milliseconds of the newest sample.
    pub newest: Option<i64>,
}

/// The samples of all series. Shared by reference: readers do not wait for each other, and a sampling is short.
#[derive(Debug)]
pub struct History(RwLock<Store>);

impl History {
    /// An empty one.
    pub fn new(limits: Limits, metrics: HistoryMetrics) -> Self {
        Self(RwLock::new(Store::new(limits, metrics)))
    }

    /// Takes what `source` reports at `now` (Unix milliseconds). Series that it reported at its last sampling, and now does
    /// not, end here. A source that could not be read is sampled with nothing.
    pub fn sample(&self, source: &str, now: i64, samples: impl IntoIterator<Item = (Labels, f64)>) {
        self.0.write().sample(source, now, samples);
    }

    /// Sets how much is kept; what is too much goes with the next samplings.
    pub fn limit(&self, limits: Limits) {
        self.0.write().limit(limits);
    }

    /// Sets what rules need; replaces what was set before.
    pub fn guarantee(&self, guarantees: Vec<Guarantee>) {
        self.0.write().guarantee(guarantees);
    }

    /// The labels of the series that pass every matcher and may have a sample of `from <= t <= to`; no sample is decoded,
    /// so a series with a gap over the whole window is among them.
    pub fn labels(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<Labels> {
        self.0.read().passing(matchers, from, to).map(|(_, record)| record.labels.clone()).collect()
    }

    /// What it holds.
    pub fn stats(&self) -> Stats {
        let store = self.0.read();
        store.records().fold(Stats { bytes: store.size(), ..Stats::default() }, |stats, record| Stats {
            series: stats.series + 1,
            samples: stats.samples + record.count(),
            oldest: stats.oldest.into_iter().chain(record.first()).min(),
            newest: stats.newest.max(record.last()),
            ..stats
        })
    }
}

impl Series for History {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        self.0.read().select(matchers, from, to)
    }
}

#[cfg(test)]
mod tests;
