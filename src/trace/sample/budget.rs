//! Spans per second. Shared by the workers and without a lock: a count or two at the edge of a second may fall into the next.

use super::Share;
use crate::event::TraceId;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// The budget.
pub(super) struct Budget {
    most: u64,
    began: Instant,
    /// The second that is counted.
    second: AtomicU64,
    /// What was asked for in it.
    asked: AtomicU64,
    /// What was made in it.
    made: AtomicU64,
    /// The share of it that there is room for.
    share: AtomicU64,
}

impl Budget {
    pub(super) fn new(most: u64, now: Instant) -> Self {
        let zero = || AtomicU64::new(0);
        Self { most, began: now, second: zero(), asked: zero(), made: zero(), share: AtomicU64::new(Share::ALL) }
    }

    /// What is sampled at the head leaves a tenth for what is kept at the end.
    fn most_at_head(&self) -> u64 {
        self.most - self.most / 10
    }

    /// Takes one, if the share takes `trace` and there is one left.
    pub(super) fn take(&self, now: Instant, trace: &TraceId) -> bool {
        self.turn(now);
        self.asked.fetch_add(1, Relaxed);
        self.share().takes(trace) && self.make(self.most_at_head())
    }

    /// Takes one for what is over.
    pub(super) fn take_late(&self, now: Instant) -> bool {
        self.turn(now);
        self.make(self.most)
    }

    fn make(&self, most: u64) -> bool {
        self.made.fetch_update(Relaxed, Relaxed, |made| (made < most).then_some(made + 1)).is_ok()
    }

    /// The share of what is asked for that there is room for.
    pub(super) fn share(&self) -> Share {
        Share(self.share.load(Relaxed))
    }

    /// Begins another second, once.
    fn turn(&self, now: Instant) {
        let (second, current) = (now.saturating_duration_since(self.began).as_secs(), self.second.load(Relaxed));
        if second <= current || self.second.compare_exchange(current, second, Relaxed, Relaxed).is_err() {
            return;
        }
        self.made.store(0, Relaxed);
        let asked = self.asked.swap(0, Relaxed) / (second - current);
        let share = (u128::from(Share::ALL) * u128::from(self.most_at_head())).checked_div(u128::from(asked));
        self.share.store(share.map_or(Share::ALL, |share| share.min(u128::from(Share::ALL)) as u64), Relaxed);
    }
}
