//! One series of the history: its labels, its closed chunks and the one that is being written.

use std::collections::VecDeque;

use super::chunk::{Chunk, Open};
use crate::base::Labels;
use crate::promql::series::{Sample, is_stale};

/// What the allocator and the tables take for one series beyond what is counted by name, measured on the side of too much.
const ENTRY: usize = 96;

/// A series and its samples.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) labels: Labels,
    /// Which source writes it, and in which of that source's samplings it was last seen.
    pub(super) source: usize,
    pub(super) seen: u64,
    /// How long rules need its samples, in milliseconds.
    pub(super) guarantee: i64,
    closed: VecDeque<Chunk>,
    /// What the closed chunks hold together.
    closed_size: usize,
    open: Option<Open>,
    ended: bool,
}

impl Record {
    pub(super) fn new(labels: Labels, source: usize) -> Self {
        Self {
            labels,
            source,
            seen: 0,
            guarantee: 0,
            closed: VecDeque::new(),
            closed_size: 0,
            open: None,
            ended: false,
        }
    }

    /// A series as it was stored, chunks oldest first.
    pub(super) fn restored(labels: Labels, source: usize, chunks: Vec<Chunk>) -> Self {
        let closed_size = chunks.iter().map(Chunk::size).sum();
        let ended = chunks.last().and_then(|chunk| chunk.samples().last()).is_some_and(|sample| is_stale(sample.v));
        Self { closed: chunks.into(), closed_size, ended, ..Self::new(labels, source) }
    }

    /// What a series of these labels takes before it has a sample.
    pub(super) fn base_size(labels: &Labels) -> usize {
        size_of::<Self>() + ENTRY + labels.len() * 32
    }

    /// What it holds in memory, without its labels' strings, which the index counts.
    pub(super) fn size(&self) -> usize {
        let spare = (self.closed.capacity() - self.closed.len()) * size_of::<Chunk>();
        Self::base_size(&self.labels) + spare + self.closed_size + self.open.as_ref().map_or(0, Open::size)
    }

    /// The time of its newest sample.
    pub(super) fn last(&self) -> Option<i64> {
        self.open.as_ref().map(Open::last).or_else(|| self.closed.back().map(|chunk| chunk.last))
    }

    /// The time of its oldest sample.
    pub(super) fn first(&self) -> Option<i64> {
        self.closed.front().map(|chunk| chunk.first).or_else(|| self.open.as_ref().map(Open::first))
    }

    /// Whether its last sample is the stale marker.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Appends a sample unless it is not later than the newest.
    pub(super) fn push(&mut self, sample: Sample) -> bool {
        if self.last().is_some_and(|last| sample.t <= last) {
            return false;
        }
        self.ended = is_stale(sample.v);
        match &mut self.open {
            Some(open) if !open.is_full() => open.push(sample),
            slot => {
                let next = Open::new(sample, slot.as_ref());
                if let Some(full) = slot.replace(next) {
                    if self.closed.len() == self.closed.capacity() {
                        self.closed.reserve_exact(4);
                    }
                    let chunk = full.close();
                    self.closed_size += chunk.size();
                    self.closed.push_back(chunk);
                }
            }
        }
        true
    }

    /// Forgets whole chunks that end before `horizon`; how many.
    pub(super) fn expire(&mut self, horizon: i64) -> usize {
        let mut dropped = 0;
        while self.closed.front().is_some_and(|chunk| chunk.last < horizon) {
            self.drop_oldest();
            dropped += 1;
        }
        if self.closed.is_empty() && self.open.as_ref().is_some_and(|open| open.last() < horizon) {
            self.open = None;
            dropped += 1;
        }
        dropped
    }

    /// Where each closed chunk ends, oldest first.
    pub(super) fn ends(&self) -> impl Iterator<Item = i64> {
        self.closed.iter().map(|chunk| chunk.last)
    }

    /// Forgets the oldest closed chunk.
    pub(super) fn drop_oldest(&mut self) {
        if let Some(chunk) = self.closed.pop_front() {
            self.closed_size -= chunk.size();
        }
        if self.closed.capacity() > self.closed.len() + 8 {
            self.closed.shrink_to(self.closed.len() + 4);
        }
    }

    /// Forgets the chunk that is being written.
    pub(super) fn drop_open(&mut self) {
        self.open = None;
    }

    /// Whether it has a sample of `from <= t <= to`, as far as its chunks' ends tell.
    pub(super) fn overlaps(&self, from: i64, to: i64) -> bool {
        self.first().is_some_and(|first| first <= to) && self.last().is_some_and(|last| last >= from)
    }

    /// The samples of `from <= t <= to`; chunks outside are not touched.
    pub(super) fn window(&self, from: i64, to: i64) -> Vec<Sample> {
        let start = self.closed.partition_point(|chunk| chunk.last < from);
        let closed = self.closed.range(start..).take_while(|chunk| chunk.first <= to).map(Chunk::samples);
        let open = self.open.iter().filter(|open| open.first() <= to && open.last() >= from).map(Open::samples);
        let mut found = Vec::new();
        for samples in closed.chain(open) {
            found.extend(samples.skip_while(|sample| sample.t < from).take_while(|sample| sample.t <= to));
        }
        found
    }

    /// All its chunks, oldest first, with the one that is being written as if it were closed.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.closed.iter().cloned().chain(self.open.clone().map(Open::close))
    }

    /// How many samples it has.
    pub(super) fn count(&self) -> u64 {
        let closed: u64 = self.closed.iter().map(|chunk| u64::from(chunk.count)).sum();
        closed + self.open.as_ref().map_or(0, |open| u64::from(open.count()))
    }

    /// Whether a chunk is being written.
    pub(super) fn has_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.open.is_none()
    }
}
