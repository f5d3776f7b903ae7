//! All series of the history behind one lock: who writes them, what they weigh, and what has to go.

use parking_lot::Mutex;

use super::index::{Id, Index};
use super::recent::Recent;
use super::record::Record;
use super::spill::Stored;
use super::{Guarantee, HistoryMetrics, Limits};
use crate::base::{Labels, Map};
use crate::promql::series::{Matcher, STALE, Sample, SeriesData};

/// A sample takes at most 25 bytes, for which a buffer may grow by one step and a queue of chunks by another.
const SAMPLE: usize = 400;

/// How often retention is looked after, in milliseconds.
const EXPIRY: i64 = 60_000;

/// What part of the budget may be used besides it, for samples that a reader has decoded and another one may ask for.
const DECODED: usize = 16;

/// Whose samplings are compared with each other to find what has vanished.
#[derive(Debug)]
struct Source {
    name: Box<str>,
    samplings: u64,
    /// The series of its newest sampling.
    members: Vec<Id>,
}

/// A chunk that may go, in the order in which chunks go.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Victim {
    /// Whether a rule needs it.
    needed: bool,
    /// Whether it is what a series that has ended was writing; a living series' is none at all.
    open: bool,
    end: i64,
    id: Id,
}

/// The tables.
#[derive(Debug)]
pub(super) struct Store {
    limits: Limits,
    guarantees: Vec<Guarantee>,
    records: Vec<Option<Record>>,
    free: Vec<Id>,
    ids: Map<Labels, Id>,
    index: Index,
    sources: Vec<Source>,
    /// The records' part of the budget, kept up to date by each change.
    records_size: usize,
    expired: i64,
    full: Full,
    recent: Mutex<Recent>,
    metrics: HistoryMetrics,
}

/// The last samplings in which a search for room ended without any. At one instant nothing more becomes old, so that a flood of
/// series costs one search and not one each.
#[derive(Debug)]
struct Full {
    for_series: i64,
    for_samples: i64,
}

impl Store {
    /// See [`super::History::limit`].
    pub(super) fn limit(&mut self, limits: Limits) {
        self.metrics.budget.set(limits.budget as f64);
        self.limits = limits;
        self.full = Full { for_series: i64::MIN, for_samples: i64::MIN };
    }

    pub(super) fn new(limits: Limits, metrics: HistoryMetrics) -> Self {
        metrics.budget.set(limits.budget as f64);
        Self {
            limits,
            guarantees: Vec::new(),
            records: Vec::new(),
            free: Vec::new(),
            ids: Map::default(),
            index: Index::default(),
            sources: Vec::new(),
            records_size: 0,
            expired: i64::MIN,
            full: Full { for_series: i64::MIN, for_samples: i64::MIN },
            recent: Mutex::default(),
            metrics,
        }
    }

    /// What it holds in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        self.records_size + self.index.size()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().flatten()
    }

    /// Their names, in the order of [`Record::source`].
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| &*source.name)
    }

    pub(super) fn guarantee(&mut self, guarantees: Vec<Guarantee>) {
        self.guarantees = guarantees;
        for record in self.records.iter_mut().flatten() {
            record.guarantee = longest(&self.guarantees, &record.labels);
        }
    }

    pub(super) fn sample(&mut self, source: &str, now: i64, samples: impl IntoIterator<Item = (Labels, f64)>) {
        self.recent.get_mut().advance(now);
        let source = self.source(source);
        self.sources[source].samplings += 1;
        let sampling = self.sources[source].samplings;
        let before = std::mem::take(&mut self.sources[source].members);
        for (labels, v) in samples {
            self.append(source, sampling, &labels, Sample { t: now, v });
        }
        for id in before {
            let vanished = self.records[id as usize]
                .as_ref()
                .is_some_and(|record| record.source == source && record.seen != sampling && !record.is_ended());
            if vanished {
                self.push(id, Sample { t: now, v: f64::from_bits(STALE) });
            }
        }
        if now >= self.expired.saturating_add(EXPIRY) {
            self.expired = now;
            self.expire(now);
        }
        self.report();
    }

    fn report(&self) {
        self.metrics.bytes.set(self.size() as f64);
        self.metrics.series.set(self.ids.len() as f64);
    }

    fn source(&mut self, name: &str) -> usize {
        self.sources.iter().position(|source| &*source.name == name).unwrap_or_else(|| {
            self.sources.push(Source { name: name.into(), samplings: 0, members: Vec::new() });
            self.sources.len() - 1
        })
    }

    fn append(&mut self, source: usize, sampling: u64, labels: &Labels, sample: Sample) {
        let id = match self.ids.get(labels).copied() {
            Some(id) => id,
            None if self.make_room_for_series(labels, sample.t) => self.insert(Record::new(labels.clone(), source)),
            None => return self.metrics.refused_budget.inc(),
        };
        if let Some(record) = self.records[id as usize].as_mut() {
            // The last one to write a series owns it: an application that starts to report what rules recorded before, say.
            (record.source, record.seen) = (source, sampling);
        }
        self.sources[source].members.push(id);
        self.push(id, sample);
    }

    /// Takes over series of an earlier run, unless they are there already. The newest chunks of each come in first, so that
    /// what does not fit is what is oldest.
    pub(super) fn restore(&mut self, mut series: Vec<Stored>) {
        series.retain(|stored| !self.ids.contains_key(&stored.labels));
        series.sort_by_key(|stored| std::cmp::Reverse(stored.chunks.last().map(|chunk| chunk.last)));
        for stored in series {
            let source = self.source(&stored.source);
            let mut record = Record::restored(stored.labels, source, stored.chunks);
            let base = self.index.cost(&record.labels) + SAMPLE;
            while self.size() + record.size() + base > self.limits.budget && !record.is_empty() {
                record.drop_oldest();
                self.metrics.dropped_budget.inc();
            }
            if !record.is_empty() {
                let id = self.insert(record);
                self.sources[source].members.push(id);
            }
        }
        self.report();
    }

    /// Files a record whose labels are new.
    fn insert(&mut self, mut record: Record) -> Id {
        let id = self.free.pop().unwrap_or_else(|| {
            self.records.push(None);
            (self.records.len() - 1) as Id
        });
        record.labels = self.index.insert(id, &record.labels);
        record.guarantee = longest(&self.guarantees, &record.labels);
        self.records_size += record.size();
        self.ids.insert(record.labels.clone(), id);
        self.records[id as usize] = Some(record);
        id
    }

    fn push(&mut self, id: Id, sample: Sample) {
        if !self.make_room_for_sample(id, sample.t) {
            return self.metrics.refused_budget.inc();
        }
        let Some(record) = self.records[id as usize].as_mut() else { return };
        let before = record.size();
        match record.push(sample) {
            true => self.metrics.samples.inc(),
            false => self.metrics.refused_order.inc(),
        }
        self.records_size = self.records_size + record.size() - before;
    }

    /// Forgets what is past retention, and series of which nothing is left.
    fn expire(&mut self, now: i64) {
        for at in 0..self.records.len() {
            let Some(record) = self.records[at].as_mut() else { continue };
            let before = record.size();
            let horizon = now.saturating_sub(self.limits.retention.max(record.guarantee));
            self.metrics.dropped_retention.inc_by(record.expire(horizon) as u64);
            self.records_size = self.records_size + record.size() - before;
            if record.is_empty() {
                self.remove(at as Id);
            }
        }
    }

    fn remove(&mut self, id: Id) {
        let Some(record) = self.records[id as usize].take() else { return };
        self.records_size -= record.size();
        self.recent.get_mut().forget(id);
        self.index.remove(id, &record.labels);
        self.ids.remove(&record.labels);
        self.free.push(id);
    }

    /// Whether a new series fits. It takes room only from chunks that no rule needs, and leaves an eighth of the budget to
    /// the series that are there already, so that a flood of new ones cannot stop them.
    fn make_room_for_series(&mut self, labels: &Labels, now: i64) -> bool {
        let most = self.limits.budget - self.limits.budget / 8;
        let base = Record::base_size(labels) + SAMPLE;
        // What it costs exactly takes a search for each label; where there is much room nobody needs to know.
        if self.size() + base + Index::most(labels) <= most {
            return true;
        }
        let bytes = base + self.index.cost(labels);
        if self.size() + bytes <= most {
            return true;
        }
        let fits = self.full.for_series != now && self.evict(bytes, most, None);
        if !fits {
            self.full.for_series = now;
        }
        fits
    }

    /// Whether one more sample fits. Its own series' open chunk is the last thing to go.
    fn make_room_for_sample(&mut self, id: Id, now: i64) -> bool {
        if self.size() + SAMPLE <= self.limits.budget {
            return true;
        }
        if self.full.for_samples != now {
            if self.evict(SAMPLE, self.limits.budget, Some(id)) {
                return true;
            }
            self.full.for_samples = now;
        }
        if let Some(record) = self.records[id as usize].as_mut() {
            let before = record.size();
            record.drop_open();
            self.records_size = self.records_size + record.size() - before;
            self.metrics.dropped_needed.inc();
        }
        self.size() + SAMPLE <= self.limits.budget
    }

    /// Drops chunks, oldest first, until `bytes` more fit under `most`; whether they do.
    fn evict(&mut self, bytes: usize, most: usize, writing: Option<Id>) -> bool {
        // Some more than is asked for, so that not every sample has to search again.
        let aim = most - most / 64;
        for victim in self.victims(writing) {
            if self.size() + bytes <= aim {
                break;
            }
            self.drop_chunk(&victim, writing);
        }
        self.size() + bytes <= most
    }

    /// What may go, in the order in which it goes. For a new series (`writing` is none) that is only what no rule needs.
    fn victims(&self, writing: Option<Id>) -> Vec<Victim> {
        let newest = self.records().filter_map(Record::last).max().unwrap_or_default();
        let mut victims = Vec::new();
        for (at, record) in self.records.iter().enumerate() {
            let (id, Some(record)) = (at as Id, record) else { continue };
            let horizon = newest.saturating_sub(record.guarantee);
            let victim = |end, open| Victim { needed: record.guarantee > 0 && end >= horizon, open, end, id };
            victims.extend(record.ends().map(|end| victim(end, false)));
            let ended = record.last().filter(|_| record.is_ended() && record.has_open() && writing != Some(id));
            victims.extend(ended.map(|end| victim(end, true)));
        }
        if writing.is_none() {
            victims.retain(|victim| !victim.needed);
        }
        victims.sort_unstable();
        victims
    }

    fn drop_chunk(&mut self, victim: &Victim, writing: Option<Id>) {
        let Some(record) = self.records[victim.id as usize].as_mut() else { return };
        let before = record.size();
        match victim.open {
            true => record.drop_open(),
            false => record.drop_oldest(),
        }
        self.records_size = self.records_size + record.size() - before;
        let empty = record.is_empty();
        match victim.needed {
            true => self.metrics.dropped_needed.inc(),
            false => self.metrics.dropped_budget.inc(),
        }
        if empty && writing != Some(victim.id) {
            self.remove(victim.id);
        }
    }

    /// All series that pass, with their samples in the window.
    pub(super) fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        // Who comes while another one reads decodes for himself: readers do not wait for each other.
        let mut recent = self.recent.try_lock();
        let room = self.limits.budget / DECODED / size_of::<Sample>();
        let mut window = |id, record: &Record| match &mut recent {
            Some(recent) => recent.window(id, record, from, to, room),
            None => record.window(from, to),
        };
        self.passing(matchers, from, to)
            .map(|(id, record)| (record, window(id, record)))
            .filter(|(_, samples)| !samples.is_empty())
            .map(|(record, samples)| SeriesData { labels: record.labels.clone(), samples })
            .collect()
    }

    /// The records that pass every matcher and may have a sample in the window.
    pub(super) fn passing(&self, matchers: &[Matcher], from: i64, to: i64) -> impl Iterator<Item = (Id, &Record)> {
        let ids = self.index.candidates(matchers).unwrap_or_else(|| (0..self.records.len() as Id).collect());
        ids.into_iter().filter_map(|id| self.records[id as usize].as_ref().map(|record| (id, record))).filter(
            move |(_, record)| {
                record.overlaps(from, to) && matchers.iter().all(|matcher| matcher.accepts(&record.labels))
            },
        )
    }
}

/// How long `labels` are needed.
fn longest(guarantees: &[Guarantee], labels: &Labels) -> i64 {
    guarantees.iter().filter(|guarantee| guarantee.accepts(labels)).map(|guarantee| guarantee.window).max().unwrap_or(0)
}
