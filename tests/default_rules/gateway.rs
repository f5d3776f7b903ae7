//! A gateway whose traffic passes the real observer, as bytes at instants of the test's; what it counts, and what is derived
//! from whole exchanges, is sampled into a history every 10 s and looked at by the alert engine every 30 s, as in a running
//! agent.

use std::fs;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use outrider::alert::AlertMetrics;
use outrider::alert::engine::{Engine, Identity, Status};
use outrider::alert::rule::RuleSet;
use outrider::alert::state::Alert;
use outrider::config::{self, Config};
use outrider::event::queue::{self, Drain, Queue};
use outrider::event::{Edits, End, Observe, Observer, Side};
use outrider::gateway::process::{Places, Process, Sight};
use outrider::history::{History, HistoryMetrics, Limits, families};
use outrider::metrics::{GatewayMetrics, Registry};
use outrider::observe::worker::Families;
use outrider::observe::{Deferred, Interests, Plan, Worker};
use outrider::route::{Pattern, Table};
use tempfile::TempDir;

use super::services::Services;

/// Milliseconds between two samplings.
const SAMPLING: i64 = 10_000;
/// Unix milliseconds: long after the warmth of a start.
const START: i64 = 1_800_000_000_000;

pub struct Gateway {
    /// Unix milliseconds.
    pub now: i64,
    registry: Registry,
    worker: Rc<Worker>,
    queue: Queue,
    drain: Drain,
    deferred: Deferred,
    history: History,
    engine: Engine,
    services: Services,
    began: Instant,
    process: Process,
    folder: TempDir,
}

impl Gateway {
    /// One that calls these services.
    pub fn new(services: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = format!("alerting: {{ state: state }}\nservices: {services}");
        let config = config::parse(&text, folder.path(), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
        let (registry, began) = (Registry::new(), Instant::now());
        let metrics = HistoryMetrics::register(&Registry::new()).expect("a new registry");
        let families = Families::register(&registry, &config.metrics.buckets);
        let interests = Arc::new(Interests::new(&config).expect("the defaults are valid"));
        let deferred = Deferred::new(interests.clone(), &families).expect("new families");
        let (queue, drain) = queue::queue();
        let patterns = ["/api/v1/items", "/ws"].map(|pattern| Pattern::parse(pattern).expect("a pattern"));
        let table = Arc::new(Table::new(&patterns, &[], config.routes.max).mark(interests.marked()));
        let plan = Plan { table, forwarded_for: true, interests, traces: None, judged: Default::default() };
        let (proc, cgroups) = (folder.path().join("proc"), folder.path().join("cgroups"));
        let places = Places { proc, cgroups, gateway: Some(folder.path().to_owned()), memory_limit: None };
        let services = Services::new(&config, families.services.clone(), began);
        Self {
            now: START,
            worker: Rc::new(Worker::new(families, queue.clone(), &plan)),
            queue,
            drain,
            deferred,
            engine: engine(&config),
            history: History::new(Limits::default(), metrics),
            services,
            began,
            process: Process::new(places, GatewayMetrics::register(&registry)),
            registry,
            folder,
        }
    }

    /// A request and its answer, `took` later, on a connection of their own.
    pub fn exchange(&mut self, request: &str, response: &str, took: Duration) {
        let (mut connection, begin) = self.open();
        ask(&mut connection, begin, request.as_bytes());
        connection.gateway_bytes(begin + took, response.as_bytes());
        connection.ended(begin + took, Side::Client, End::Finished);
        connection.ended(begin + took, Side::Gateway, End::Finished);
        connection.closed(begin + took);
    }

    /// A WebSocket session with a message, which is closed, or breaks off.
    pub fn session(&mut self, is_closed: bool) {
        let (mut connection, now) = self.open();
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
        let key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let request = format!("GET /ws HTTP/1.1\r\nHost: shop.test\r\n{upgrade}{key}\r\n");
        ask(&mut connection, now, request.as_bytes());
        let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        let response = format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}{accept}\r\n");
        connection.gateway_bytes(now, response.as_bytes());
        connection.gateway_bytes(now, b"\x81\x02hi");
        if is_closed {
            // 1000, masked with zeros, and its echo.
            ask(&mut connection, now, b"\x88\x82\0\0\0\0\x03\xe8");
            connection.gateway_bytes(now, b"\x88\x02\x03\xe8");
            connection.ended(now, Side::Gateway, End::Finished);
            connection.ended(now, Side::Client, End::Finished);
        } else {
            connection.ended(now, Side::Client, End::Reset);
        }
        connection.closed(now);
    }

    /// A call to the service, which is answered with `status`.
    pub fn call(&mut self, status: u16) {
        self.services.call(status, self.instant());
    }

    /// The gateway's control group has taken so many bytes of so many.
    pub fn takes(&mut self, bytes: u64, limit: u64) {
        let write = |name: &str, bytes: u64| fs::write(self.folder.path().join(name), format!("{bytes}\n"));
        write("memory.current", bytes).and(write("memory.max", limit)).expect("written");
        assert_eq!(self.process.look(&[]), Sight::Cgroup);
    }

    /// Half a minute with this traffic in every ten seconds; what there is of an alert then.
    pub fn half_a_minute(&mut self, traffic: impl Fn(&mut Self)) -> Option<Status> {
        for _ in 0..3 {
            self.now += SAMPLING;
            traffic(self);
            // A look waits for something to be told, unless somebody wants to see it counted.
            if !self.queue.catch_up(Duration::ZERO) {
                self.drain.look(|record| self.deferred.see(SystemTime::now(), record));
            }
            self.deferred.tick(self.instant());
            self.services.refresh(self.instant());
            self.history.sample("outrider", self.now, families::samples(&self.registry.gather()));
        }
        let history = &self.history;
        self.engine.tick(self.now, history, &mut |key, t, series| history.sample(key, t, series));
        let shown = self.engine.snapshot(self.now).alerts;
        assert!(shown.len() <= 1, "no other rule fires: {shown:?}");
        shown.first().map(|shown| shown.status)
    }

    /// The alert, if there is one.
    pub fn alert(&mut self) -> Option<Alert> {
        self.engine.snapshot(self.now).alerts.pop().map(|shown| shown.alert)
    }

    fn open(&self) -> (impl Observer, Instant) {
        let client: SocketAddr = "10.0.0.1:5000".parse().expect("an address");
        (self.worker.connection(client), self.instant())
    }

    /// Now, as the observer has it.
    fn instant(&self) -> Instant {
        self.began + Duration::from_millis((self.now - START).unsigned_abs())
    }
}

pub fn ask(connection: &mut impl Observer, now: Instant, bytes: &[u8]) {
    assert_eq!(connection.client_bytes(now, bytes, &mut Edits::default()), bytes.len(), "nothing is held back");
}

fn engine(config: &Config) -> Engine {
    let rules = RuleSet::load(config, &[], "agent.yaml").expect("the rules that come with us are valid");
    let metrics = AlertMetrics::register(&Registry::new()).expect("a new registry");
    let identity = Identity { service: "shop".into(), environment: "test".into(), pod: "p-1".into() };
    Engine::start(identity, &config.alerting, rules, metrics, START)
}
