//! For tests: a connection, and what was counted on it.

use super::connection::Connection;
use super::deferred::Deferred;
use super::interest::Interests;
use super::routes::Judged;
use super::traces::Traces;
use super::worker::{Families, Plan, Worker};
use crate::config::Config;
use crate::event::queue::{self, Drain};
use crate::event::{Edits, End, Observe, Observer, Record, Side};
use crate::metrics::{Registry, TraceMetrics};
use crate::route::{Pattern, Table};
use crate::trace::Policy;
use crate::trace::span::Judgement;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime};

/// Those of the defaults: compiling them takes longer than most tests.
pub(super) static INTERESTS: LazyLock<Arc<Interests>> =
    LazyLock::new(|| Arc::new(Interests::new(&Config::default()).unwrap()));

/// A connection and what was counted on it.
pub(super) struct Seen {
    pub(super) registry: Registry,
    pub(super) worker: Rc<Worker>,
    pub(super) observer: Connection,
    pub(super) now: Instant,
    /// What the gateway would get.
    pub(super) passed: Vec<u8>,
    pub(super) held: Vec<u8>,
    drain: Drain,
    deferred: Deferred,
}

impl Seen {
    pub(super) fn new(forwarded_for: bool) -> Self {
        Self::with(&Config::default(), INTERESTS.clone(), forwarded_for, None)
    }

    /// With traces by the keys of `tracing` in `yaml`, and nothing else that is edited.
    pub(super) fn traced(yaml: &str) -> Self {
        let config = crate::config::parse(yaml, std::path::Path::new(""), &|_| None);
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let policy = Arc::new(Policy::new(&config.tracing, Instant::now()));
        let traces = Traces::new(&config, policy, TraceMetrics::register(&Registry::new()));
        Self::with(&config, INTERESTS.clone(), false, Some(traces))
    }

    pub(super) fn by(config: &Config, forwarded_for: bool) -> Self {
        Self::with(config, Arc::new(Interests::new(config).unwrap()), forwarded_for, None)
    }

    fn with(config: &Config, interests: Arc<Interests>, forwarded_for: bool, traces: Option<Traces>) -> Self {
        let registry = Registry::new();
        let families = Families::register(&registry, &config.metrics.buckets);
        let patterns = ["/a", "/b/{id}", "/ws"].map(|pattern| Pattern::parse(pattern).unwrap());
        let table = Arc::new(Table::new(&patterns, &[], 100).mark(interests.marked()));
        let (queue, drain) = queue::queue();
        let deferred = Deferred::new(interests.clone(), &families).unwrap();
        let plan = Plan { table, forwarded_for, interests, traces, judged: Judged::default() };
        let worker = Rc::new(Worker::new(families, queue, &plan));
        let observer = worker.connection("10.0.0.1:5".parse().unwrap());
        Self { registry, worker, observer, now: Instant::now(), passed: Vec::new(), held: Vec::new(), drain, deferred }
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

    /// Another connection, from `client`; the one before it is over.
    pub(super) fn connects(&mut self, client: &str) -> &mut Self {
        self.observer.closed(self.now);
        self.observer = self.worker.connection(format!("{client}:5").parse().unwrap());
        self
    }

    /// A request over HTTP/1 and its answer, each in one piece.
    pub(super) fn exchange(&mut self, request: &str, answer: &str) -> &mut Self {
        self.client(request.as_bytes()).gateway(answer.as_bytes())
    }

    /// What was told.
    pub(super) fn told(&mut self, mut see: impl FnMut(&Record)) {
        self.drain.look(&mut see);
    }

    /// What was told is looked at, at this time of day.
    pub(super) fn derive(&mut self, now: SystemTime) -> &mut Self {
        self.drain.take(|record| self.deferred.see(now, record));
        self.deferred.tick(self.now);
        self
    }

    /// What business rules that ask for a span saw.
    pub(super) fn judgements(&mut self) -> Vec<Judgement> {
        self.deferred.judgements().collect()
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
