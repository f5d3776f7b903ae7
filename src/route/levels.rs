//! Which words each level of the tree of templates has had, to find the levels that must fold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fold::{Folds, parts};

/// A word stays as it is when its level folds, if it has had this many requests …
const MANY: u64 = 4;
/// … and this many times the mean of its level.
const TIMES_THE_MEAN: u64 = 2;

/// The levels of one table, keyed by what comes before them. As many as its templates have segments, at most.
#[derive(Clone, Default)]
pub(super) struct Levels {
    open: BTreeMap<String, BTreeSet<String>>,
    pub(super) folds: Arc<Folds>,
    /// The prefixes that folded, in that order, and how many words each had.
    pub(super) folded: Vec<(String, usize)>,
}

impl Levels {
    /// The first level that gets one word more than `limit` through `template`.
    pub(super) fn crowded(&self, template: &str, limit: usize) -> Option<String> {
        parts(template)
            .filter(|part| part.is_word())
            .find(|part| {
                self.open.get(part.prefix).is_some_and(|words| words.len() >= limit && !words.contains(part.text))
            })
            .map(|part| part.prefix.to_owned())
    }

    /// Notes the words of a template.
    pub(super) fn note(&mut self, template: &str) {
        for part in parts(template).filter(|part| part.is_word()) {
            self.open.entry(part.prefix.to_owned()).or_default().insert(part.text.to_owned());
        }
    }

    /// Folds the level below `prefix`. `hits` tells the requests by endpoint so far.
    pub(super) fn fold<'a>(&mut self, prefix: &str, hits: impl Iterator<Item = (&'a str, u64)>) {
        let mut words: BTreeMap<String, u64> =
            self.open.get(prefix).into_iter().flatten().map(|word| (word.clone(), 0)).collect();
        for (name, hits) in hits {
            let below = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
            let word = below.map(|below| below.split('/').next().unwrap_or(below));
            if let Some(sum) = word.and_then(|word| words.get_mut(word)) {
                *sum += hits;
            }
        }
        let all: u64 = words.values().sum();
        let count = words.len();
        self.folded.push((prefix.to_owned(), count));
        words.retain(|_, hits| *hits >= MANY && *hits * count as u64 >= all * TIMES_THE_MEAN);
        let below = format!("{prefix}/");
        self.open.retain(|level, _| {
            match level.strip_prefix(&below).map(|rest| rest.split('/').next().unwrap_or(rest)) {
                Some(word) => word.starts_with('{') || words.contains_key(word),
                None => true,
            }
        });
        Arc::make_mut(&mut self.folds).add(prefix, words.keys().map(|word| word.as_str().into()).collect());
        self.open.insert(prefix.to_owned(), words.into_keys().collect());
    }
}
