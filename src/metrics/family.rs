//! One metric family and its children by label values.
//!
//! The `prometheus` crate's own vectors hold their lock while they collect, so a new label value would wait for a scrape of
//! ten thousand series. Here a scrape holds the lock only to copy the handles.

use super::registry::{Budget, Registry};
use parking_lot::Mutex;
use prometheus::core::{Collector, Desc, Metric};
use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{Counter, Gauge, Histogram, HistogramOpts, IntCounter, IntGauge, Opts};
use std::collections::HashMap;
use std::sync::Arc;

/// A kind of metric that a family can have children of.
pub trait Instrument: Metric + Clone + 'static {
    /// As the exposition has it.
    const TYPE: MetricType;

    /// How many series a child is.
    fn series(_buckets: &[f64]) -> usize {
        1
    }

    /// A child with its labels in `opts`. `buckets` are for histograms.
    fn make(opts: Opts, buckets: &[f64]) -> prometheus::Result<Self>;
}

impl Instrument for IntCounter {
    const TYPE: MetricType = MetricType::COUNTER;
    fn make(opts: Opts, _: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(opts)
    }
}

impl Instrument for Counter {
    const TYPE: MetricType = MetricType::COUNTER;
    fn make(opts: Opts, _: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(opts)
    }
}

impl Instrument for IntGauge {
    const TYPE: MetricType = MetricType::GAUGE;
    fn make(opts: Opts, _: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(opts)
    }
}

impl Instrument for Gauge {
    const TYPE: MetricType = MetricType::GAUGE;
    fn make(opts: Opts, _: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(opts)
    }
}

impl Instrument for Histogram {
    const TYPE: MetricType = MetricType::HISTOGRAM;
    fn series(buckets: &[f64]) -> usize {
        // Those of `+Inf`, the sum and the count.
        buckets.len() + 3
    }
    fn make(opts: Opts, buckets: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(HistogramOpts { common_opts: opts, buckets: buckets.to_vec() })
    }
}

/// A family. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Family<M>(Arc<Inner<M>>);

struct Inner<M> {
    desc: Desc,
    labels: Vec<String>,
    buckets: Vec<f64>,
    children: Mutex<HashMap<Box<[Box<str>]>, M>>,
    /// Labels whose values come from traffic: where there are too many series they become [`OTHER`].
    open: Vec<bool>,
    budget: Budget,
}

/// What stands for all values that found no room.
const OTHER: &str = "other";
/// Labels whose values come from traffic, by themselves.
const OPEN: [&str; 2] = ["endpoint", "client"];

impl<M: Instrument> Family<M> {
    /// A family in `registry`.
    ///
    /// # Panics
    /// At start only: when the name is taken, or is no metric name.
    pub fn register(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Self {
        Self::with_buckets(registry, name, help, labels, &[])
    }

    /// A family of histograms with the upper bounds `buckets`.
    ///
    /// # Panics
    /// As [`Self::register`] does.
    pub fn with_buckets(registry: &Registry, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> Self {
        Self::try_register(registry, name, help, labels, buckets, |label| OPEN.contains(&label))
            .expect("a family is registered once, under a valid name")
    }

    /// As [`Self::with_buckets`] does, of a name that may be taken or no name at all. The values of `open` labels come from
    /// traffic.
    pub fn try_register(
        registry: &Registry,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
        open: impl Fn(&str) -> bool,
    ) -> prometheus::Result<Self> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let desc = Desc::new(name.to_owned(), help.to_owned(), labels.clone(), HashMap::new())?;
        let open = labels.iter().map(|label| open(label)).collect();
        let (buckets, children, budget) = (buckets.to_vec(), Mutex::default(), registry.budget.clone());
        let family = Self(Arc::new(Inner { desc, labels, buckets, children, open, budget }));
        registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    /// The child with these label values, in the order of the family's labels; made where it is not there yet. Where there are
    /// as many series as there may be, it is the one that stands for all others.
    pub fn with(&self, values: &[&str]) -> M {
        let Inner { desc, labels, buckets, children, open, budget } = &*self.0;
        assert_eq!(values.len(), labels.len(), "a value for each label of {}", desc.fq_name);
        let key = |values: &[&str]| -> Box<[Box<str>]> { values.iter().map(|value| Box::from(*value)).collect() };
        let mut children = children.lock();
        if let Some(child) = children.get(&key(values)) {
            return child.clone();
        }
        let mut values = values.to_vec();
        if !budget.take(M::series(buckets)) {
            values.iter_mut().zip(open).filter(|(_, open)| **open).for_each(|(value, _)| *value = OTHER);
            if open.contains(&true) {
                budget.dropped(&desc.fq_name).inc();
            }
            if let Some(child) = children.get(&key(&values)) {
                return child.clone();
            }
            budget.force(M::series(buckets));
        }
        let child = self.child(&values);
        children.insert(key(&values), child.clone());
        child
    }

    /// Takes the child with these label values out; who holds it counts into nothing from now on.
    pub fn take(&self, values: &[&str]) -> Option<M> {
        let key: Box<[Box<str>]> = values.iter().map(|value| Box::from(*value)).collect();
        let child = self.0.children.lock().remove(&key)?;
        self.0.budget.give_back(M::series(&self.0.buckets));
        Some(child)
    }

    /// How many series its children are.
    pub fn series(&self) -> usize {
        self.0.children.lock().len() * M::series(&self.0.buckets)
    }

    /// Takes the children away whose label values are `gone`. Handles that others have count on, unseen.
    pub fn forget(&self, gone: impl Fn(&[Box<str>]) -> bool) {
        let mut children = self.0.children.lock();
        let before = children.len();
        children.retain(|values, _| !gone(values));
        self.0.budget.give_back((before - children.len()) * M::series(&self.0.buckets));
    }

    /// A label without a value is none, as Prometheus has it.
    fn child(&self, values: &[&str]) -> M {
        let labels = self.0.labels.iter().zip(values).filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(label, value)| (label.to_string(), value.to_string()));
        let opts = Opts::new(&self.0.desc.fq_name, &self.0.desc.help).const_labels(labels.collect());
        M::make(opts, &self.0.buckets).expect("the family's description was valid")
    }
}

impl<M: Instrument> Collector for Family<M> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let children: Vec<M> = self.0.children.lock().values().cloned().collect();
        let mut family = MetricFamily::default();
        family.set_name(self.0.desc.fq_name.clone());
        family.set_help(self.0.desc.help.clone());
        family.set_field_type(M::TYPE);
        family.set_metric(children.iter().map(Metric::metric).collect());
        vec![family]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_told_apart_by_their_values() {
        let registry = Registry::new();
        let family: Family<IntCounter> = Family::register(&registry, "a_total", "A.", &["x", "y"]);
        family.with(&["1", "2"]).inc();
        family.with(&["1", "2"]).inc();
        family.with(&["2", "1"]).inc();
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert_eq!(
            text,
            "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} 2\na_total{x=\"2\",y=\"1\"} 1\n"
        );
    }

    #[test]
    fn a_label_without_a_value_is_left_out_and_children_can_be_forgotten() {
        let registry = Registry::new();
        let family: Family<IntCounter> = Family::register(&registry, "a_total", "A.", &["x", "y"]);
        family.with(&["1", ""]).inc();
        family.with(&["2", "1"]).inc();
        family.forget(|values| *values[0] == *"2");
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert_eq!(text, "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\n");
    }

    #[test]
    fn beyond_the_limit_everything_is_other() {
        let registry = Registry::new();
        let family: Family<IntCounter> = Family::register(&registry, "a_total", "A.", &["endpoint", "status_code"]);
        registry.limit(10);
        for endpoint in 0..1000 {
            family.with(&[&format!("/{endpoint}"), "200"]).inc();
        }
        family.with(&["/5", "200"]).inc();
        assert_eq!((family.series(), registry.series()), (11, 11), "those of the limit, and the one for all others");
        assert_eq!((family.with(&["other", "200"]).get(), family.with(&["/5", "200"]).get()), (990, 2));
        assert_eq!(registry.budget.dropped("a_total").get(), 990);
        family.take(&["/5", "200"]);
        assert_eq!(registry.series(), 10);
    }

    #[test]
    fn a_family_without_children_is_absent() {
        let registry = Registry::new();
        let _family: Family<Histogram> = Family::with_buckets(&registry, "a_seconds", "A.", &["x"], &[1.0]);
        assert!(registry.gather().is_empty());
    }
}
