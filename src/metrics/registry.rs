//! All families of this process, and how many series they may have.

use super::family::{Family, Instrument};
use parking_lot::Mutex;
use prometheus::core::Collector;
use prometheus::proto::MetricType;
use prometheus::{IntCounter, IntCounterVec, Opts};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A registry with a budget. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Registry {
    families: prometheus::Registry,
    described: Arc<Mutex<Vec<Described>>>,
    pub(super) budget: Budget,
}

/// A family as it was registered, whether it has children or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it counts.
    pub help: String,
    /// `counter`, `gauge`, `histogram` and so on.
    pub kind: &'static str,
    /// The names of its labels; those of a histogram's buckets are not among them.
    pub labels: Vec<String>,
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
        let (limit, used) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
        let budget = Budget(Arc::new(Inner { limit, used, dropped: dropped.clone() }));
        let registry = Self { families: prometheus::Registry::new(), described: Arc::default(), budget };
        registry.register(Box::new(dropped)).expect("an empty registry takes any family");
        registry
    }

    /// Takes a family in. Fails where its name is taken, or is none.
    pub fn register(&self, family: Box<dyn Collector>) -> prometheus::Result<()> {
        let described = describe(&*family);
        self.families.register(family)?;
        self.described.lock().extend(described);
        Ok(())
    }

    /// All families, by name.
    pub fn described(&self) -> Vec<Described> {
        let mut all = self.described.lock().clone();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
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
        let gone = describe(family);
        self.described.lock().retain(|known| !gone.contains(known));
    }
}

/// The families of a collector.
fn describe(collector: &dyn Collector) -> Vec<Described> {
    let kinds: HashMap<String, &'static str> =
        collector.collect().iter().map(|family| (family.name().to_owned(), kind(family.get_field_type()))).collect();
    let described = collector.desc().into_iter().map(|desc| Described {
        name: desc.fq_name.clone(),
        help: desc.help.clone(),
        // What cannot be collected here, where there is no /proc say, has no type either.
        kind: kinds.get(&desc.fq_name).copied().unwrap_or("untyped"),
        labels: desc.variable_labels.clone(),
    });
    described.collect()
}

fn kind(kind: MetricType) -> &'static str {
    match kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        MetricType::UNTYPED => "untyped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::Histogram;

    #[test]
    fn families_are_described_whether_they_have_children_or_not() {
        let registry = Registry::new();
        let family: Family<Histogram> = Family::with_buckets(&registry, "a_seconds", "A.", &["x"], &[1.0]);
        let a = Described {
            name: "a_seconds".to_owned(),
            help: "A.".to_owned(),
            kind: "histogram",
            labels: vec!["x".to_owned()],
        };
        let names = |all: Vec<Described>| all.into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(registry.described()[0], a);
        assert_eq!(names(registry.described()), ["a_seconds", "outrider_series_dropped_total"]);
        registry.remove(&family);
        assert_eq!(names(registry.described()), ["outrider_series_dropped_total"]);
    }
}
