//! Which series have which label: for each name and value the ids of the series, rising. It also keeps each name and value
//! once for all series that share it.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::base::{Labels, Map};
use crate::promql::series::{Matcher, Op};

/// A series' place in the store.
pub(super) type Id = u32;

/// What the allocator and a hash map take for one string and its entry, measured on the side of too much.
const ENTRY: usize = 96;

/// Postings by label name, then value.
#[derive(Debug, Default)]
pub(super) struct Index {
    names: Map<Arc<str>, Map<Arc<str>, Vec<Id>>>,
    size: usize,
}

impl Index {
    /// What it holds in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// What [`Self::insert`] would add to [`Self::size`].
    pub(super) fn cost(&self, labels: &Labels) -> usize {
        labels
            .iter()
            .map(|(name, value)| {
                let values = self.names.get(name);
                let name_cost = if values.is_some() { 0 } else { ENTRY + name.len() };
                let known = values.is_some_and(|values| values.contains_key(value));
                name_cost + if known { size_of::<Id>() } else { ENTRY + value.len() + size_of::<Id>() }
            })
            .sum()
    }

    /// What [`Self::insert`] adds to [`Self::size`] at most: as if no label were known.
    pub(super) fn most(labels: &Labels) -> usize {
        labels.iter().map(|(name, value)| 2 * ENTRY + name.len() + value.len() + size_of::<Id>()).sum()
    }

    /// Files `id` under each of its labels and returns them with their strings shared. Each is looked up once: a flood of new
    /// series, as of alerts that begin, is mostly this.
    pub(super) fn insert(&mut self, id: Id, labels: &Labels) -> Labels {
        let Self { names, size } = self;
        labels.shared(|name, value| {
            let values = names.entry(name.clone());
            *size += if let Entry::Vacant(new) = &values { ENTRY + new.key().len() } else { 0 };
            let name = values.key().clone();
            let ids = values.or_default().entry(value.clone());
            *size += if let Entry::Vacant(new) = &ids { ENTRY + new.key().len() } else { 0 };
            *size += size_of::<Id>();
            let value = ids.key().clone();
            let ids = ids.or_default();
            // Mostly the newest one, which comes last.
            if ids.last().is_none_or(|last| *last < id) {
                ids.push(id);
            } else if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, id);
            }
            (name, value)
        })
    }

    /// Takes `id` out again.
    pub(super) fn remove(&mut self, id: Id, labels: &Labels) {
        for (name, value) in labels.iter() {
            let Some(values) = self.names.get_mut(name) else { continue };
            if let Some(ids) = values.get_mut(value) {
                if let Ok(at) = ids.binary_search(&id) {
                    ids.remove(at);
                }
                if ids.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                self.names.remove(name);
            }
        }
        self.size -= self.cost(labels);
    }

    /// The series that can pass `matchers`, rising; `None` where the index cannot tell, so that all must be tried. A series
    /// it names may still fail a matcher that an absent label passes.
    pub(super) fn candidates(&self, matchers: &[Matcher]) -> Option<Vec<Id>> {
        let mut lists: Vec<Vec<Id>> = matchers.iter().filter_map(|matcher| self.with_value(matcher)).collect();
        lists.sort_by_key(Vec::len);
        let mut lists = lists.into_iter();
        let first = lists.next()?;
        Some(lists.fold(first, |found, list| intersect(&found, &list)))
    }

    /// The series whose label passes `matcher`, unless an absent one would pass too.
    fn with_value(&self, matcher: &Matcher) -> Option<Vec<Id>> {
        if matcher.op.accepts("") {
            return None;
        }
        let Some(values) = self.names.get(matcher.name.as_str()) else { return Some(Vec::new()) };
        if let Op::Equal(want) = &matcher.op {
            return Some(values.get(want.as_str()).cloned().unwrap_or_default());
        }
        let mut ids: Vec<Id> =
            values.iter().filter(|(value, _)| matcher.op.accepts(value)).flat_map(|(_, ids)| ids).copied().collect();
        ids.sort_unstable();
        Some(ids)
    }
}

/// What is in both of two rising lists; the first is the shorter one.
fn intersect(short: &[Id], long: &[Id]) -> Vec<Id> {
    short.iter().copied().filter(|id| long.binary_search(id).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_falls_to_nothing_with_the_last_series() {
        let mut index = Index::default();
        let (a, b) = (Labels::new([("x", "1"), ("y", "2")]), Labels::new([("x", "1"), ("y", "3")]));
        index.insert(0, &a);
        let one = index.size();
        let before = index.cost(&b);
        index.insert(1, &b);
        assert_eq!(index.size(), one + before);
        assert!(one <= Index::most(&a) && before < Index::most(&b));
        index.remove(0, &a);
        index.remove(1, &b);
        assert_eq!((index.size(), index.names.len()), (0, 0));
    }

    #[test]
    fn a_matcher_that_an_absent_label_passes_tells_nothing() {
        let mut index = Index::default();
        index.insert(0, &Labels::new([("x", "1")]));
        let with = |op| index.candidates(&[Matcher { name: "x".into(), op }]);
        assert_eq!(with(Op::NotEqual("2".into())), None);
        assert_eq!(with(Op::NotEqual(String::new())), Some(vec![0]));
        assert_eq!(with(Op::Equal("2".into())), Some(vec![]));
        assert_eq!(index.candidates(&[Matcher { name: "z".into(), op: Op::Equal("1".into()) }]), Some(vec![]));
    }
}
