//! Endpoint names and their ids: one table for all workers, until a reload builds the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::matcher::Matcher;
use super::pattern::Pattern;

/// An endpoint of one [`Table`], or a template that is not one yet. Small and `Copy`: keep it with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint(pub(super) u32);

impl Endpoint {
    /// `other`: everything that has no endpoint of its own.
    pub const OTHER: Self = Self(0);
    /// Set in the id of a template that waits to be settled.
    pub(super) const CANDIDATE: u32 = 1 << 31;

    /// A dense index below `routes.max` (or the number of patterns, where that is more), fit for a `Vec` of metric handles.
    /// A template that is not settled is `other`.
    pub fn index(self) -> usize {
        if self.is_settled() { self.0 as usize } else { 0 }
    }

    /// Whether this is an endpoint, and not a template that [`Router::settle`](super::Router::settle) has yet to judge.
    pub fn is_settled(self) -> bool {
        self.0 & Self::CANDIDATE == 0
    }
}

/// Where an endpoint came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `routes.patterns`.
    Pattern,
    /// The shape of its segments (and `static`).
    Shape,
    /// `other`.
    Other,
}

impl Source {
    /// As the label `source` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Shape => "shape",
            Self::Other => "other",
        }
    }
}

/// The endpoints that exist. Ids are given out once and never taken back; the same name in the next table may have another
/// id, so what outlives a table keeps the name.
pub struct Table {
    pub(super) patterns: Matcher,
    max: usize,
    /// How many names there are: lets a router see without the lock that it knows them all.
    pub(super) version: AtomicUsize,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    all: Vec<(Arc<str>, Source)>,
    ids: HashMap<Arc<str>, Endpoint>,
    refused: u64,
}

impl Table {
    /// A table with the explicit patterns, which always have their endpoint: the number of endpoints stays within `max`, or
    /// within the number of patterns and `other` where that is more.
    pub fn new(patterns: &[Pattern], max: usize) -> Self {
        let mut names = Names::default();
        names.add("other".into(), Source::Other);
        let mut matcher = Matcher::default();
        for pattern in patterns {
            let next = names.all.len() as u32;
            if matcher.add(pattern, next) {
                names.add(pattern.text.clone(), Source::Pattern);
            }
        }
        let version = AtomicUsize::new(names.all.len());
        Self { patterns: matcher, max, version, names: Mutex::new(names) }
    }

    /// The label value of an endpoint of this table; `other` for one that is not settled.
    pub fn name(&self, endpoint: Endpoint) -> Arc<str> {
        let names = self.names.lock();
        names.all.get(endpoint.index()).unwrap_or(&names.all[0]).0.clone()
    }

    /// How many endpoints there are by now, `other` included.
    pub fn len(&self) -> usize {
        self.version.load(Ordering::Acquire)
    }

    /// Never: `other` is always there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of endpoints by source.
    pub fn sources(&self) -> [(Source, usize); 3] {
        let names = self.names.lock();
        [Source::Pattern, Source::Shape, Source::Other]
            .map(|source| (source, names.all.iter().filter(|(_, s)| *s == source).count()))
    }

    /// Makes `template` an endpoint, if there is room for one.
    pub(super) fn admit(&self, template: &str) -> Endpoint {
        let mut names = self.names.lock();
        if let Some(known) = names.ids.get(template) {
            return *known;
        }
        if names.all.len() >= self.max {
            names.refused += 1;
            return Endpoint::OTHER;
        }
        let endpoint = names.add(template.into(), Source::Shape);
        self.version.store(names.all.len(), Ordering::Release);
        endpoint
    }

    /// Tells `learn` every endpoint from the one with index `from`, and how many there are.
    pub(super) fn since(&self, from: usize, mut learn: impl FnMut(Arc<str>, Endpoint)) -> usize {
        let names = self.names.lock();
        for (at, (name, _)) in names.all.iter().enumerate().skip(from) {
            learn(name.clone(), Endpoint(at as u32));
        }
        names.all.len()
    }
}

impl Names {
    fn add(&mut self, name: Arc<str>, source: Source) -> Endpoint {
        let endpoint = Endpoint(self.all.len() as u32);
        self.ids.insert(name.clone(), endpoint);
        self.all.push((name, source));
        endpoint
    }
}
