//! The road from the workers to the observe thread: bounded, and nobody on the data path waits. A worker holds the lock for
//! as long as it takes to put a pointer in a list; the observe thread for as long as it takes to swap two lists. The thread
//! looks by itself every [`PERIOD`], or a few times a second where hardly anything is told, so a request costs no wake-up; only
//! a queue that is half full calls it.
//!
//! What finds the queue full is dropped and counted. Boxes come back for reuse, so a steady state allocates nothing.

use super::exchange::MessageRecord;
use super::{Call, Exchange, Session};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long what is told may wait to be looked at, where much is.
const PERIOD: Duration = Duration::from_millis(50);
/// How long it may wait behind a look that found fewer than [`FEW`]: to wake up for nothing is what an idle agent costs.
const QUIET: Duration = Duration::from_millis(200);
/// Records in a look that are not many.
const FEW: usize = 64;
/// What the queue holds at most, bytes.
const LIMIT: usize = 8 << 20;
/// Boxes kept for reuse, of up to 8 KiB each: what one period of a busy worker needs. More than that is given back, as a burst
/// must not be paid for at rest.
const SPARE: usize = 256;

/// What is told.
#[derive(Debug)]
pub enum Record {
    /// An exchange that is over.
    Exchange(Box<Exchange>),
    /// A message of a WebSocket, where a rule reads messages.
    Message(MessageRecord),
    /// A call of the gateway's that is over.
    Call(Box<Call>),
    /// A WebSocket session that is over.
    Session(Box<Session>),
}

impl Record {
    fn weight(&self) -> usize {
        match self {
            Self::Exchange(exchange) => exchange.weight(),
            Self::Message(message) => size_of::<MessageRecord>() + message.payload.as_ref().map_or(0, Vec::capacity),
            Self::Session(session) => session.weight(),
            Self::Call(call) => call.weight(),
        }
    }
}

/// The workers' end, and those who wait for what was told to be counted. Cloning gives another handle to the same queue.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

/// The observe thread's end.
#[derive(Debug)]
pub struct Drain {
    shared: Arc<Shared>,
    batch: Vec<Record>,
    period: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The queue is half full, or somebody waits for it to be empty.
    call: Condvar,
    /// Everything told before is looked at.
    caught_up: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    told: Vec<Record>,
    weight: usize,
    #[expect(clippy::vec_box, reason = "an exchange is large and moves as a pointer")]
    spare: Vec<Box<Exchange>>,
    /// Records told so far, and looked at so far.
    count: u64,
    seen: u64,
    called: bool,
    closed: bool,
    /// Nobody looks any more.
    gone: bool,
}

/// A queue.
pub fn queue() -> (Queue, Drain) {
    let shared = Arc::new(Shared::default());
    (Queue(shared.clone()), Drain { shared, batch: Vec::new(), period: PERIOD })
}

impl Queue {
    /// Tells `record`, or drops it where the queue is full.
    pub fn tell(&self, record: Record) {
        let weight = record.weight();
        let mut state = self.0.state.lock();
        if state.weight + weight > LIMIT || state.closed {
            drop(state);
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.weight += weight;
        state.count += 1;
        state.told.push(record);
        if state.weight > LIMIT / 2 && !state.called {
            state.called = true;
            drop(state);
            self.0.call.notify_one();
        }
    }

    /// An exchange to write to.
    pub fn spare(&self) -> Box<Exchange> {
        self.0.state.lock().spare.pop().unwrap_or_default()
    }

    /// Records that were dropped.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Nothing is told any more; the observe thread ends when it has seen the rest.
    pub fn close(&self) {
        let mut state = self.0.state.lock();
        (state.closed, state.called) = (true, true);
        drop(state);
        self.0.call.notify_one();
    }

    /// Waits until everything told before is counted, no longer than `patience`: what is exposed then is complete. Not for
    /// the data path.
    pub fn catch_up(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.0.state.lock();
        let until = state.count;
        while state.seen < until {
            state.called = true;
            self.0.call.notify_one();
            if state.gone || self.0.caught_up.wait_until(&mut state, deadline).timed_out() {
                return state.seen >= until;
            }
        }
        true
    }
}

impl Drain {
    /// Waits for a period or a call, then shows what was told to `see`. False when no more will come.
    pub fn look(&mut self, see: impl FnMut(&Record)) -> bool {
        let mut state = self.shared.state.lock();
        if !state.called {
            self.shared.call.wait_for(&mut state, self.period);
        }
        drop(state);
        self.take(see)
    }

    /// Shows what was told to `see`. False when no more will come.
    pub fn take(&mut self, mut see: impl FnMut(&Record)) -> bool {
        let mut state = self.shared.state.lock();
        let (count, closed) = (state.count, state.closed);
        (state.called, state.weight) = (false, 0);
        std::mem::swap(&mut state.told, &mut self.batch);
        drop(state);
        self.period = if self.batch.len() < FEW { QUIET } else { PERIOD };
        self.batch.iter().for_each(&mut see);
        let mut state = self.shared.state.lock();
        state.seen = count;
        for record in self.batch.drain(..) {
            match record {
                Record::Exchange(mut exchange) if state.spare.len() < SPARE => {
                    exchange.clear();
                    state.spare.push(exchange);
                }
                _ => {}
            }
        }
        drop(state);
        self.shared.caught_up.notify_all();
        !closed
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        (state.closed, state.gone) = (true, true);
        drop(state);
        self.shared.caught_up.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(queue: &Queue, status: u16, body: usize) -> Record {
        let mut exchange = queue.spare();
        exchange.status = Some(status);
        exchange.request.keep_body(&vec![b'x'; body], usize::MAX);
        Record::Exchange(exchange)
    }

    fn look(drain: &mut Drain) -> Vec<Option<u16>> {
        let mut seen = Vec::new();
        drain.look(|record| {
            if let Record::Exchange(exchange) = record {
                seen.push(exchange.status);
            }
        });
        seen
    }

    #[test]
    fn what_is_told_is_seen_once_and_in_order() {
        let (queue, mut drain) = queue();
        for status in [200, 404, 500] {
            queue.tell(exchange(&queue, status, 0));
        }
        assert_eq!(look(&mut drain), [Some(200), Some(404), Some(500)]);
        assert!(look(&mut drain).is_empty());
        assert_eq!(queue.spare().status, None, "a box that comes back is empty");
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let (queue, mut drain) = queue();
        for _ in 0..20 {
            queue.tell(exchange(&queue, 200, 1 << 20));
        }
        let seen = look(&mut drain).len() as u64;
        assert!(seen < 8 && queue.dropped() == 20 - seen, "{seen} seen, {} dropped", queue.dropped());
    }

    #[test]
    fn much_is_looked_at_more_often_than_little() {
        let (queue, mut drain) = queue();
        for (told, period) in [(0, QUIET), (FEW - 1, QUIET), (FEW, PERIOD), (0, QUIET)] {
            (0..told).for_each(|_| queue.tell(exchange(&queue, 200, 0)));
            drain.take(|_| {});
            assert_eq!(drain.period, period, "{told} told");
        }
    }

    #[test]
    fn who_waits_finds_all_counted_that_was_told_before() {
        let (queue, mut drain) = queue();
        let teller = queue.clone();
        let reader = std::thread::spawn(move || {
            let mut seen = 0;
            while drain.look(|_| seen += 1) {}
            seen
        });
        for _ in 0..100 {
            teller.tell(exchange(&teller, 200, 10));
        }
        assert!(teller.catch_up(Duration::from_secs(30)));
        queue.close();
        assert_eq!(reader.join().unwrap(), 100);
    }

    #[test]
    fn nobody_waits_for_a_thread_that_is_gone() {
        let (queue, drain) = queue();
        queue.tell(exchange(&queue, 200, 0));
        drop(drain);
        assert!(!queue.catch_up(Duration::from_secs(30)));
        queue.tell(exchange(&queue, 200, 0));
        assert_eq!(queue.dropped(), 1);
    }
}
