//! The thread that looks at what workers tell of whole exchanges.

use crate::event::queue::{self, Queue};
use crate::observe::worker::Families;
use crate::observe::{Deferred, Interests};
use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

/// The thread, until it is stopped.
pub(super) struct Observing {
    /// For the workers, and for those who want to see everything counted.
    pub(super) queue: Queue,
    interests: Arc<ArcSwap<Interests>>,
    thread: JoinHandle<()>,
}

impl Observing {
    /// Starts it.
    pub(super) fn start(interests: Arc<Interests>, families: &Families) -> Result<Self> {
        let (queue, mut drain) = queue::queue();
        let current = Arc::new(ArcSwap::new(interests.clone()));
        let followed = current.clone();
        let mut deferred = Deferred::new(interests, families)?;
        let thread = std::thread::Builder::new().name("observe".to_owned()).spawn(move || {
            while drain.look(|record| deferred.see(SystemTime::now(), record)) {
                deferred.follow(followed.load_full());
                deferred.tick(Instant::now());
            }
        });
        Ok(Self { queue, interests: current, thread: thread.context("cannot start thread observe")? })
    }

    /// Takes other interests.
    pub(super) fn follow(&self, interests: Arc<Interests>) {
        self.interests.store(interests);
    }

    /// Ends it when everything that was told is counted.
    pub(super) fn stop(self) {
        self.queue.close();
        let _ = self.thread.join();
    }
}
