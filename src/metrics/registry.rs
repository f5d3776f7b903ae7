//! All families of this process, and how many series they may have.

use super::family::{Family, Instrument};
use prometheus::{IntCounter, IntCounterVec, Opts};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A registry with a budget. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Registry {
    families: prometheus::Registry,
    pub(super) budget: Budget,
}

/// How many series there may be, and are. What it refuses is counted under another label value, never lost.
#[derive(Clone)]
pub(super) struct Budget(Arc<Inner>);

struct Inner {
    limit: AtomicUsize,
    used: AtomicUsize,
    dropped: IntCounterVec,
}

impl Registry {
    /// An empty one without a limit.
    ///
    /// # Panics
    /// Never: the one family in it is described by constants.
    #[expect(clippy::new_without_default, reason = "as the registry that it stands for")]
    pub fn new() -> Self {
        let opts = Opts::new(
            "outrider_series_dropped_total",
            "Label values that became `other`, since there were as many series as there may be.",
        );
        let dropped = IntCounterVec::new(opts, &["family"]).expect("a name of ours is a valid name");
        let families = prometheus::Registry::new();
        families.register(Box::new(dropped.clone())).expect("an empty registry takes any family");
        let (limit, used) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
        Self { families, budget: Budget(Arc::new(Inner { limit, used, dropped })) }
    }

    /// From now on no more series than `limit`; those that are there stay.
    pub fn limit(&self, limit: usize) {
        self.budget.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Series so far, buckets included.
    pub fn series(&self) -> usize {
        self.budget.0.used.load(Ordering::Relaxed)
    }
}

impl Deref for Registry {
    type Target = prometheus::Registry;

    fn deref(&self) -> &Self::Target {
        &self.families
    }
}

impl Budget {
    /// Takes `series` more, if they may be.
    pub(super) fn take(&self, series: usize) -> bool {
        let Inner { limit, used, .. } = &*self.0;
        let limit = limit.load(Ordering::Relaxed);
        let more = |used: usize| used.checked_add(series).filter(|used| *used <= limit);
        used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Takes `series` more in any case.
    pub(super) fn force(&self, series: usize) {
        self.0.used.fetch_add(series, Ordering::Relaxed);
    }

    /// Gives `series` back.
    pub(super) fn give_back(&self, series: usize) {
        self.0.used.fetch_sub(series, Ordering::Relaxed);
    }

    /// What counts the refusals of a family.
    pub(super) fn dropped(&self, family: &str) -> IntCounter {
        self.0.dropped.with_label_values(&[family])
    }
}

impl Registry {
    /// Takes a family out.
    pub(super) fn remove<M: Instrument>(&self, family: &Family<M>) {
        self.budget.give_back(family.series());
        // It was registered, so this cannot fail.
        let _ = self.families.unregister(Box::new(family.clone()));
    }
}
