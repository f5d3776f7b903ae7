//! Endpoint names and their ids: one table for all workers, until a reload builds the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::fold::Folds;
use super::levels::Levels;
use super::matcher::Matcher;
use super::pattern::Pattern;
use super::report::{Fold, Report};
use super::target::Target;

/// An endpoint of one [`Table`], or a template that is not one yet. Small and `Copy`: keep it with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint(pub(super) u32);

impl Endpoint {
    /// `other`: everything that has no endpoint of its own.
    pub const OTHER: Self = Self(0);
    /// Set in the id of a template that waits to be settled.
    pub(super) const CANDIDATE: u32 = 1 << 31;

    /// A dense index below [`Table::capacity`], fit for a `Vec` of metric handles. A template that is not settled is `other`.
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
    /// The gateway's OpenAPI document.
    OpenApi,
    /// The shape of its segments (and `static`).
    Shape,
    /// A level with too many words.
    Fold,
    /// `other`.
    Other,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pattern, Self::OpenApi, Self::Shape, Self::Fold, Self::Other];

    /// As the label `source` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::OpenApi => "openapi",
            Self::Shape => "shape",
            Self::Fold => "fold",
            Self::Other => "other",
        }
    }
}

/// The endpoints that exist. Ids are given out once and never taken back; the same name in the next table may have another
/// id, so what outlives a table keeps the name.
pub struct Table {
    pub(super) patterns: Matcher,
    pub(super) documented: Matcher,
    documented_names: Vec<Arc<str>>,
    /// Paths that somebody looks at more closely, whatever their endpoint.
    pub(super) marked: Matcher,
    capacity: usize,
    /// Changes whenever a router has something to learn, so that it sees without the lock that it knows everything.
    pub(super) version: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: Vec<Name>,
    ids: HashMap<Arc<str>, Endpoint>,
    levels: Levels,
    refused: u64,
}

struct Name {
    text: Arc<str>,
    source: Source,
    /// Requests, as far as the workers have told, the first one included.
    hits: u64,
}

impl Table {
    /// A table with the explicit patterns, which always have their endpoint: the number of endpoints stays within `max`, or
    /// within the number of patterns and `other` where that is more. The `documented` templates of an OpenAPI document
    /// become endpoints when a request matches them.
    pub fn new(patterns: &[Pattern], documented: &[Pattern], max: usize) -> Self {
        let mut state = State::default();
        state.add("other".into(), Source::Other);
        let mut explicit = Matcher::default();
        for pattern in patterns {
            let next = state.names.len() as u32;
            if explicit.add(pattern, next) {
                state.add(pattern.text.clone(), Source::Pattern);
            }
        }
        let mut matcher = Matcher::default();
        for (at, pattern) in documented.iter().enumerate() {
            matcher.add(pattern, at as u32);
        }
        Self {
            patterns: explicit,
            documented: matcher,
            documented_names: documented.iter().map(|pattern| pattern.text.clone()).collect(),
            marked: Matcher::default(),
            capacity: max.max(state.names.len()),
            version: AtomicU64::new(1),
            state: Mutex::new(state),
        }
    }

    /// Marks the paths that one of `patterns` matches: [`Router::is_marked`](super::Router::is_marked).
    pub fn mark(mut self, patterns: impl IntoIterator<Item = Pattern>) -> Self {
        for (at, pattern) in patterns.into_iter().enumerate() {
            self.marked.add(&pattern, at as u32);
        }
        self
    }

    /// Takes over what `old` learned from traffic, so that a reload neither forgets endpoints nor spends the budget on
    /// folding the same levels again. What the new patterns and document cover, or a fold has since, is left out.
    pub fn inherit(self, old: &Self) -> Self {
        let old = old.state.lock();
        let mut state = self.state.lock();
        let mut target = Target::default();
        for name in old.names.iter().filter(|name| matches!(name.source, Source::Shape | Source::Fold)) {
            let covered = target.read(name.text.as_bytes())
                && (self.patterns.find(&target).is_some() || self.documented.find(&target).is_some());
            let mut folded = String::new();
            old.levels.folds.apply(&name.text, &mut folded);
            if !covered && *name.text == folded && state.names.len() < self.capacity {
                let endpoint = state.add(name.text.clone(), name.source);
                state.names[endpoint.index()].hits = name.hits;
            }
        }
        state.levels = old.levels.clone();
        drop(state);
        self
    }

    /// The label value of an endpoint of this table; `other` for one that is not settled.
    pub fn name(&self, endpoint: Endpoint) -> Arc<str> {
        let state = self.state.lock();
        state.names.get(endpoint.index()).unwrap_or(&state.names[0]).text.clone()
    }

    /// How many endpoints there can ever be, `other` included.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// What there is by now, by source, and what to write into `routes.patterns` for the levels that folded.
    pub fn report(&self) -> Report {
        let state = self.state.lock();
        let count = |source| (source, state.names.iter().filter(|name| name.source == source).count());
        let folded = state.names.iter().filter(|name| name.source == Source::Fold);
        let folded: Vec<&str> = folded.map(|name| &*name.text).collect();
        let folds = state.levels.folded.iter();
        Report {
            sources: Source::ALL.map(count),
            capacity: self.capacity,
            documented: self.documented_names.len(),
            refused: state.refused,
            folds: folds.map(|(prefix, words)| Fold::new(prefix, *words, &folded)).collect(),
        }
    }

    /// Makes `template` (or what it folds to) an endpoint, if there is room for one. Takes the worker's `hits` since the
    /// last time, by index.
    pub(super) fn admit(&self, template: &str, hits: &mut [u32]) -> Endpoint {
        let mut state = self.state.lock();
        for (name, hits) in state.names.iter_mut().zip(hits) {
            name.hits += u64::from(std::mem::take(hits));
        }
        let mut folds = state.levels.folds.clone();
        loop {
            let mut folded = String::new();
            let passed = folds.apply(template, &mut folded);
            if let Some(known) = state.ids.get(folded.as_str()) {
                return *known;
            }
            if state.names.len() >= self.capacity {
                state.refused += 1;
                return Endpoint::OTHER;
            }
            self.version.fetch_add(1, Ordering::Release);
            let limit = self.words_per_level(state.names.len());
            let State { names, levels, .. } = &mut *state;
            if let Some(prefix) = levels.crowded(&folded, limit) {
                // Each turn folds a level that had not folded: there are no more turns than segments.
                levels.fold(&prefix, names.iter().map(|name| (&*name.text, name.hits)));
                folds = levels.folds.clone();
                continue;
            }
            levels.note(&folded);
            return state.add(folded.into(), if passed { Source::Fold } else { Source::Shape });
        }
    }

    /// The endpoint of the document's template at `index`.
    pub(super) fn admit_documented(&self, index: u32) -> Endpoint {
        let mut state = self.state.lock();
        let name = &self.documented_names[index as usize];
        if let Some(known) = state.ids.get(name) {
            return *known;
        }
        if state.names.len() >= self.capacity {
            state.refused += 1;
            return Endpoint::OTHER;
        }
        self.version.fetch_add(1, Ordering::Release);
        state.add(name.clone(), Source::OpenApi)
    }

    /// How many words a level may have: a fifth of the budget, so that one level cannot eat it; and few in its last quarter,
    /// which so is left to the folded templates.
    fn words_per_level(&self, used: usize) -> usize {
        if used * 4 >= self.capacity * 3 { 8 } else { (self.capacity / 5).clamp(8, 100) }
    }

    /// Tells `learn` every endpoint from the one with index `from`; the folds and the version come with them.
    pub(super) fn since(&self, from: usize, mut learn: impl FnMut(Arc<str>, Endpoint)) -> (Arc<Folds>, u64) {
        let state = self.state.lock();
        for (at, name) in state.names.iter().enumerate().skip(from) {
            learn(name.text.clone(), Endpoint(at as u32));
        }
        (state.levels.folds.clone(), self.version.load(Ordering::Acquire))
    }
}

impl State {
    /// The id of `name`, which is new unless the name is known.
    fn add(&mut self, text: Arc<str>, source: Source) -> Endpoint {
        let State { names, ids, .. } = self;
        *ids.entry(text.clone()).or_insert_with(|| {
            names.push(Name { text, source, hits: 1 });
            Endpoint((names.len() - 1) as u32)
        })
    }
}
