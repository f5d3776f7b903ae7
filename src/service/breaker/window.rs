//! Calls and failures of the last while, in slices: exact about what counts, and of a size that does not grow.

use std::time::{Duration, Instant};

/// Slices of a window. A call counts for the slice that it fell in and the 29 behind it.
pub(super) const SLICES: u32 = 30;

/// A sliding window.
#[derive(Clone, Debug)]
pub(super) struct Window {
    origin: Instant,
    slice: Duration,
    /// The number of the youngest slice that was looked at.
    latest: u64,
    /// Calls and failures by the slice's number, modulo.
    slices: [(u64, u64); SLICES as usize],
    sum: (u64, u64),
}

impl Window {
    /// As long as `length`, with nothing in it.
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let slice = (length / SLICES).max(Duration::from_nanos(1));
        Self { origin: now, slice, latest: 0, slices: Default::default(), sum: (0, 0) }
    }

    /// A call that ended at `now`, which is never before an earlier one.
    pub(super) fn add(&mut self, failed: bool, now: Instant) {
        self.slide(now);
        let at = (self.latest % u64::from(SLICES)) as usize;
        for (calls, failures) in [&mut self.slices[at], &mut self.sum] {
            *calls += 1;
            *failures += u64::from(failed);
        }
    }

    /// Calls and failures in the window that ends at `now`.
    pub(super) fn counts(&mut self, now: Instant) -> (u64, u64) {
        self.slide(now);
        self.sum
    }

    fn slide(&mut self, now: Instant) {
        let number = (now.saturating_duration_since(self.origin).as_nanos() / self.slice.as_nanos()) as u64;
        // What is older than all slices empties each of them once.
        let passed = number.saturating_sub(self.latest).min(u64::from(SLICES));
        for old in 1..=passed {
            let at = ((self.latest + old) % u64::from(SLICES)) as usize;
            let (calls, failures) = std::mem::take(&mut self.slices[at]);
            self.sum.0 -= calls;
            self.sum.1 -= failures;
        }
        self.latest = self.latest.max(number);
    }
}
