//! For tests: a connection, and what was counted on it.

use super::connection::Connection;
use super::worker::{Families, Plan, Worker};
use crate::config::Config;
use crate::event::{Edits, End, Observe, Observer, Side};
use crate::metrics::Registry;
use crate::route::{Pattern, Table};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// A connection and what was counted on it.
pub(super) struct Seen {
    pub(super) registry: Registry,
    pub(super) worker: Rc<Worker>,
    pub(super) observer: Connection,
    pub(super) now: Instant,
    /// What the gateway would get.
    pub(super) passed: Vec<u8>,
    pub(super) held: Vec<u8>,
}

impl Seen {
    pub(super) fn new(forwarded_for: bool) -> Self {
        let registry = Registry::new();
        let families = Families::register(&registry, &Config::default().metrics.buckets);
        let patterns = ["/a", "/b/{id}", "/ws"].map(|pattern| Pattern::parse(pattern).unwrap());
        let worker =
            Rc::new(Worker::new(families, &Plan { table: Arc::new(Table::new(&patterns, &[], 100)), forwarded_for }));
        let observer = worker.connection("10.0.0.1:5".parse().unwrap());
        Self { registry, worker, observer, now: Instant::now(), passed: Vec::new(), held: Vec::new() }
    }

    pub(super) fn client(&mut self, bytes: &[u8]) -> &mut Self {
        let bytes = [&std::mem::take(&mut self.held), bytes].concat();
        let mut edits = Edits::default();
        let gone = self.observer.client_bytes(self.now, &bytes, &mut edits);
        edits.apply(&bytes[..gone], &mut self.passed);
        self.held = bytes[gone..].to_vec();
        self
    }

    pub(super) fn gateway(&mut self, bytes: &[u8]) -> &mut Self {
        self.observer.gateway_bytes(self.now, bytes);
        self
    }

    pub(super) fn ends(&mut self, side: Side) -> &mut Self {
        self.observer.ended(self.now, side, End::Finished);
        self
    }

    /// The non-zero samples, without buckets.
    pub(super) fn counts(&self) -> Vec<String> {
        let text = prometheus::TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap();
        text.lines()
            .filter(|line| !line.starts_with('#') && !line.contains("_bucket") && !line.ends_with(" 0"))
            .map(str::to_owned)
            .collect()
    }

    #[track_caller]
    pub(super) fn has(&self, sample: &str) {
        assert!(self.counts().iter().any(|line| line == sample), "{sample} is not in {:#?}", self.counts());
    }

    #[track_caller]
    pub(super) fn lacks(&self, family: &str) {
        assert!(!self.counts().iter().any(|line| line.starts_with(family)), "{family} is in {:#?}", self.counts());
    }
}
