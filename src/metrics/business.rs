//! Families that the configuration names: they come and go with its rules.

use super::family::Family;
use super::registry::Registry;
use parking_lot::Mutex;
use prometheus::{Counter, Histogram, IntCounter};
use std::collections::HashMap;
use std::sync::Arc;

/// A family that a rule wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What it counts in.
    pub kind: Kind,
    /// What it is.
    pub help: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// A kind of family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts.
    Counter,
    /// Adds numbers.
    Sum,
    /// Seconds.
    Histogram,
}

/// A name that another family has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("business: there is a metric {0} already")]
pub struct Taken(pub String);

/// All of them, and how many exchanges rules could not read. Cloning gives another handle to the same ones.
#[derive(Clone)]
pub struct BusinessMetrics {
    registry: Registry,
    /// Seconds.
    buckets: Arc<[f64]>,
    families: Arc<Mutex<HashMap<String, (Spec, Any)>>>,
    unjudged: Family<IntCounter>,
}

#[derive(Clone)]
enum Any {
    Counter(Family<IntCounter>),
    Sum(Family<Counter>),
    Histogram(Family<Histogram>),
}

impl BusinessMetrics {
    /// Without any rule yet; `buckets` are of seconds.
    pub fn register(registry: &Registry, buckets: &[f64]) -> Self {
        let unjudged = Family::register(
            registry,
            "outrider_business_unjudged_total",
            "Exchanges of which a business rule could not read what it needs.",
            &["rule", "reason"],
        );
        Self { registry: registry.clone(), buckets: buckets.into(), families: Arc::default(), unjudged }
    }

    /// A rule could not read something.
    pub fn unjudged(&self, rule: &str, reason: &str) {
        self.unjudged.with(&[rule, reason]).inc();
    }

    /// Takes out what is not in `specs`, as it is there.
    pub fn keep(&self, specs: impl Iterator<Item = Spec>) {
        let specs: Vec<Spec> = specs.collect();
        self.families.lock().retain(|_, (spec, family)| {
            let stays = specs.contains(spec);
            if !stays {
                match family {
                    Any::Counter(family) => self.registry.remove(family),
                    Any::Sum(family) => self.registry.remove(family),
                    Any::Histogram(family) => self.registry.remove(family),
                }
            }
            stays
        });
    }

    /// A counter.
    pub fn counter(&self, spec: &Spec) -> Result<Family<IntCounter>, Taken> {
        match self.family(spec, |labels| self.make(spec, labels, &[]).map(Any::Counter))? {
            Any::Counter(family) => Ok(family),
            _ => Err(Taken(spec.name.clone())),
        }
    }

    /// A counter that adds numbers.
    pub fn sum(&self, spec: &Spec) -> Result<Family<Counter>, Taken> {
        match self.family(spec, |labels| self.make(spec, labels, &[]).map(Any::Sum))? {
            Any::Sum(family) => Ok(family),
            _ => Err(Taken(spec.name.clone())),
        }
    }

    /// A histogram of seconds.
    pub fn histogram(&self, spec: &Spec) -> Result<Family<Histogram>, Taken> {
        match self.family(spec, |labels| self.make(spec, labels, &self.buckets).map(Any::Histogram))? {
            Any::Histogram(family) => Ok(family),
            _ => Err(Taken(spec.name.clone())),
        }
    }

    fn family(&self, spec: &Spec, make: impl FnOnce(&[&str]) -> Result<Any, Taken>) -> Result<Any, Taken> {
        let mut families = self.families.lock();
        if let Some((_, family)) = families.get(&spec.name) {
            return Ok(family.clone());
        }
        let labels: Vec<&str> = spec.labels.iter().map(String::as_str).collect();
        let family = make(&labels)?;
        families.insert(spec.name.clone(), (spec.clone(), family.clone()));
        Ok(family)
    }

    fn make<M: super::family::Instrument>(
        &self,
        spec: &Spec,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<Family<M>, Taken> {
        Family::try_register(&self.registry, &spec.name, &spec.help, labels, buckets, |label| label != "status")
            .map_err(|_| Taken(spec.name.clone()))
    }
}
