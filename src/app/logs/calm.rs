//! Calm in the log: what goes wrong again and again is told a few times, and the rest is counted.

use parking_lot::Mutex;
use prometheus::IntCounter;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines of one cause in one window.
const LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// Holds back warnings and errors that come too often from one place in the code.
pub(super) struct Calm {
    held_back: IntCounter,
    causes: Mutex<HashMap<Identifier, (Instant, u32)>>,
}

impl Calm {
    /// What is held back is counted in `held_back`.
    pub(super) fn new(held_back: IntCounter) -> Self {
        Self { held_back, causes: Mutex::default() }
    }

    fn may(&self, cause: Identifier, now: Instant) -> bool {
        let mut causes = self.causes.lock();
        let (since, lines) = causes.entry(cause).or_insert((now, 0));
        if now.saturating_duration_since(*since) >= WINDOW {
            (*since, *lines) = (now, 0);
        }
        *lines = lines.saturating_add(1);
        *lines <= LINES
    }
}

impl<S: Subscriber> Layer<S> for Calm {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        let may = *metadata.level() > Level::WARN || self.may(metadata.callsite(), Instant::now());
        if !may {
            self.held_back.inc();
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    /// Counts what comes through.
    struct Seen(IntCounter);

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.inc();
        }
    }

    #[test]
    fn one_cause_is_told_a_few_times_and_another_is_still_told() {
        let counter = |name| IntCounter::new(name, "A.").unwrap();
        let (held_back, seen) = (counter("held"), counter("seen"));
        let log = tracing_subscriber::registry().with(Calm::new(held_back.clone())).with(Seen(seen.clone()));
        tracing::subscriber::with_default(log, || {
            (0..100).for_each(|_| tracing::warn!("again"));
            tracing::error!("another");
            (0..100).for_each(|_| tracing::info!("what happens is always told"));
        });
        assert_eq!((seen.get(), held_back.get()), (u64::from(LINES) + 1 + 100, 80));
    }
}
