//! The thread that looks at what workers tell of whole exchanges.

use super::access_log;
use crate::event::Record;
use crate::event::queue::{self, Queue};
use crate::observe::worker::Families;
use crate::observe::{Deferred, Interests};
use crate::trace::Desk;
use crate::trace::span::Clock;
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
    /// Starts it. Spans are made by what runs on `desk`.
    pub(super) fn start(interests: Arc<Interests>, families: &Families, desk: Desk) -> Result<Self> {
        let (queue, mut drain) = queue::queue();
        let current = Arc::new(ArcSwap::new(interests.clone()));
        let followed = current.clone();
        let mut deferred = Deferred::new(interests, families)?;
        let thread = std::thread::Builder::new().name("observe".to_owned()).spawn(move || {
            let mut tracer = desk.tracer();
            let mut more = true;
            while more {
                more = drain.look(|record| {
                    let now = SystemTime::now();
                    deferred.see(now, record);
                    if let Record::Exchange(exchange) = record
                        && exchange.logged
                    {
                        access_log::write(exchange, (Instant::now(), now));
                    }
                    let judgements = deferred.judgements();
                    if let Some(tracer) = &tracer {
                        tracer.see(record, judgements, Clock::new(Instant::now(), now));
                    }
                });
                deferred.follow(followed.load_full());
                deferred.tick(Instant::now());
                tracer = desk.tracer();
                tracer.iter().for_each(|tracer| tracer.report());
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
