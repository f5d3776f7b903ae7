//! An observer that may fail. Whatever it does, the bytes go on: a panic costs the observation of its connection.

use crate::event::{Awaited, Decline, Edits, End, HELD, Observer, Side};
use crate::metrics::RoadMetrics;
use crate::metrics::road::Opaque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Instant;

/// An observer, until it fails.
pub struct Guard<O> {
    observer: Option<O>,
    metrics: Rc<RoadMetrics>,
}

impl<O: Observer> Guard<O> {
    /// Guards `observer`.
    pub fn new(observer: O, metrics: Rc<RoadMetrics>) -> Self {
        Self { observer: Some(observer), metrics }
    }

    /// Runs `f` on the observer. One that panics is given up.
    fn run<R>(&mut self, f: impl FnOnce(&mut O) -> R) -> Option<R> {
        let observer = self.observer.as_mut()?;
        // The observer is dropped when it panics, so nobody sees the state that it was left in.
        let result = catch_unwind(AssertUnwindSafe(|| f(observer)));
        if result.is_err() {
            self.give_up();
        }
        result.ok()
    }

    #[cold]
    fn give_up(&mut self) {
        self.metrics.opaque(Opaque::Panic);
        let observer = self.observer.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(observer)));
    }
}

impl<O: Observer> Observer for Guard<O> {
    fn client_bytes(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        let gone = self.run(|observer| observer.client_bytes(now, bytes, edits));
        let Some(gone) = gone else {
            // Edits of an observer that failed are worth nothing.
            edits.clear();
            return bytes.len();
        };
        let declined = self.declined().is_some();
        let held = bytes.len().checked_sub(gone).is_some_and(|held| held <= HELD || declined);
        debug_assert!(held, "all but the start of something small goes on");
        if held { gone } else { bytes.len() }
    }

    fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.run(|observer| observer.gateway_bytes(now, bytes));
    }

    fn ended(&mut self, now: Instant, side: Side, end: End) {
        self.run(|observer| observer.ended(now, side, end));
    }

    fn closed(&mut self, now: Instant) {
        self.run(|observer| observer.closed(now));
    }

    fn is_idle(&self) -> bool {
        self.observer.as_ref().is_some_and(Observer::is_idle)
    }

    fn may_ask(&self) -> bool {
        self.observer.as_ref().is_some_and(Observer::may_ask)
    }

    fn awaited(&self) -> Option<Awaited> {
        self.observer.as_ref().and_then(Observer::awaited)
    }

    fn declined(&self) -> Option<Decline> {
        self.observer.as_ref().and_then(Observer::declined)
    }

    fn resume(&mut self) {
        self.run(Observer::resume);
    }
}

/// Dropping the observer must not take the worker down either.
impl<O> Drop for Guard<O> {
    fn drop(&mut self) {
        let observer = self.observer.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(observer)));
    }
}
