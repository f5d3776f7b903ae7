//! The thread of the alert engine: it has the clock, carries out orders, and sends what the engine has stored.

use crate::alert::AlertMetrics;
use crate::alert::channel::{About, Sender};
use crate::alert::desk::{Desk, Order, Wish};
use crate::alert::engine::{DrillResult, Engine, Identity, Traces};
use crate::alert::notify::{Notification, Outcome};
use crate::alert::rule::{Rule, RuleError, RuleSet};
use crate::config::{Alerting, Config, Errors, Fault};
use crate::history::{Guarantee, History};
use anyhow::{Context as _, Result};
use futures_util::FutureExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long sends that are under way may take after a stop. What is cut off is sent again by the next start.
const PATIENCE: Duration = Duration::from_secs(2);

/// What rules that are in no rule file are told to be from.
const OWN: &str = "agent.yaml";

/// What a configuration means for alerting: everything that can be wrong with it is found out before anything is swapped.
pub(super) struct Setup {
    identity: Identity,
    alerting: Alerting,
    rules: RuleSet,
    channels: HashMap<String, Arc<Sender>>,
}

/// The engine's thread.
pub(super) struct Alerts {
    /// Where people meet it.
    pub(super) desk: Arc<Desk>,
    follow: mpsc::UnboundedSender<Setup>,
    thread: JoinHandle<()>,
}

impl Setup {
    /// Blocks on the file system: rule files and certificates are read.
    pub(super) fn of(config: &Config) -> Result<Self, Errors> {
        let mut faults = Vec::new();
        let rules = RuleSet::load(config, &[], OWN).unwrap_or_else(|more| {
            faults.extend(more.into_iter().map(fault));
            RuleSet::default()
        });
        let (service, environment) = (config.service.clone(), config.environment.clone());
        let about = About { service: service.clone(), environment: environment.clone(), url: String::new() };
        let mut channels = HashMap::new();
        for channel in &config.alerting.channels {
            match Sender::new(channel, &about) {
                Ok(sender) => drop(channels.insert(channel.name.clone(), Arc::new(sender))),
                Err(fault) => faults.push(fault),
            }
        }
        let identity = Identity { service, environment, pod: pod() };
        Errors::or(faults, Self { identity, alerting: config.alerting.clone(), rules, channels })
    }

    /// What the history must keep for the rules.
    fn needs(&self) -> Vec<Guarantee> {
        let interval = i64::try_from(self.alerting.interval.as_millis()).unwrap_or(i64::MAX);
        let reads = self.rules.reads(interval).into_iter();
        reads.map(|read| Guarantee { matchers: read.matchers, window: read.window }).collect()
    }
}

/// Finds out what a start would: every fault of rules, templates and channels. Says how many rules there are.
pub fn check(config: &Config) -> Result<String, Errors> {
    let setup = Setup::of(config)?;
    let rules = setup.rules.groups().iter().flat_map(|group| &group.rules);
    let (alerting, recording): (Vec<&Rule>, Vec<&Rule>) = rules.partition(|rule| matches!(rule, Rule::Alerting(_)));
    Ok(format!("{} alerting, {} recording", alerting.len(), recording.len()))
}

/// A fault of `agent.yaml` has the path of its key, and one of a rule file the file before it.
fn fault(error: RuleError) -> Fault {
    match error.origin == OWN {
        true => Fault { path: error.path, message: error.message },
        false => Fault { path: String::new(), message: error.to_string() },
    }
}

/// Which replica this is: what Kubernetes' downward API or the host says.
pub(super) fn pod() -> String {
    let named = ["POD_NAME", "HOSTNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    named.or_else(host).unwrap_or_default().trim().to_owned()
}

impl Alerts {
    /// Starts the thread. The first evaluation is at once.
    pub(super) fn start(setup: Setup, history: Arc<History>, metrics: AlertMetrics, traces: Traces) -> Result<Self> {
        let (desk, orders) = Desk::new();
        let (follow, setups) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shown = desk.clone();
        let thread = std::thread::Builder::new().name("alerts".to_owned()).spawn(move || {
            runtime.block_on(Run::new(setup, history, metrics, traces, shown).run(orders, setups));
        });
        Ok(Self { desk, follow, thread: thread.context("cannot start thread alerts")? })
    }

    /// Takes another configuration.
    pub(super) fn follow(&self, setup: Setup) {
        // It fails only when the thread is gone.
        let _ = self.follow.send(setup);
    }

    /// Ends it. All that matters is stored already.
    pub(super) fn stop(self) {
        drop(self.follow);
        let _ = self.thread.join();
    }
}

/// The state of the thread.
struct Run {
    engine: Engine,
    history: Arc<History>,
    desk: Arc<Desk>,
    interval: Duration,
    ticked: Option<i64>,
    metrics: AlertMetrics,
    channels: HashMap<String, Arc<Sender>>,
    sends: JoinSet<(String, Outcome)>,
    drills: Vec<Drill>,
}

/// A drill that somebody waits for.
struct Drill {
    open: Vec<i64>,
    done: Vec<DrillResult>,
    reply: oneshot::Sender<Vec<DrillResult>>,
}

impl Run {
    fn new(setup: Setup, history: Arc<History>, metrics: AlertMetrics, traces: Traces, desk: Arc<Desk>) -> Self {
        history.guarantee(setup.needs());
        let interval = setup.alerting.interval;
        let engine = Engine::start(setup.identity, &setup.alerting, setup.rules, metrics.clone(), unix());
        let engine = engine.with_traces(traces);
        let (sends, drills) = (JoinSet::new(), Vec::new());
        Self { engine, history, desk, interval, ticked: None, metrics, channels: setup.channels, sends, drills }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>, mut setups: mpsc::UnboundedReceiver<Setup>) {
        let mut tick = Instant::now();
        loop {
            for notification in self.engine.start_sends(unix()) {
                self.send(notification);
            }
            self.desk.publish(self.engine.snapshot(unix()));
            self.engine.rest();
            let next = self.engine.next_send(unix());
            let wake = async {
                match next {
                    Some(at) => tokio::time::sleep(Duration::from_millis((at - unix()).max(1).unsigned_abs())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep_until(tick) => {
                    self.tick();
                    // After a pause of the whole machine the evaluations that were missed are not made up for.
                    tick = (tick + self.interval).max(Instant::now());
                }
                Some(done) = self.sends.join_next() => self.sent(done),
                Some(order) = orders.recv() => self.carry_out(order),
                setup = setups.recv() => match setup {
                    Some(setup) => {
                        self.follow(setup);
                        tick = Instant::now();
                    }
                    None => break,
                },
                () = wake => {}
            }
        }
        let late = Instant::now() + PATIENCE;
        while let Ok(Some(done)) = tokio::time::timeout_at(late, self.sends.join_next()).await {
            self.sent(done);
        }
    }

    fn tick(&mut self) {
        // The instant that was meant: a timer that comes a little early or late must not make a `for` an evaluation longer.
        let (clock, interval) = (unix(), i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX));
        let meant = self.ticked.map(|last| last.saturating_add(interval));
        let now = meant.filter(|meant| (clock - meant).abs() < interval / 2).unwrap_or(clock);
        self.ticked = Some(now);
        let (history, began) = (self.history.clone(), Instant::now());
        self.engine.tick(now, &*self.history, &mut |key, now, series| history.sample(key, now, series));
        self.metrics.ticked(now, began.elapsed());
    }

    fn follow(&mut self, setup: Setup) {
        self.history.guarantee(setup.needs());
        (self.interval, self.channels) = (setup.alerting.interval, setup.channels);
        self.engine.follow(setup.identity, &setup.alerting, setup.rules, unix());
    }

    fn send(&mut self, notification: Notification) {
        let channel = self.channels.get(&notification.channel).cloned();
        self.sends.spawn(async move {
            let outcome = match channel {
                Some(channel) => {
                    let send = std::panic::AssertUnwindSafe(channel.send(&notification, unix()));
                    // A channel that panics must not hold up what waits behind it.
                    send.catch_unwind()
                        .await
                        .unwrap_or_else(|_| Outcome::Refused("a fault of ours; see the log".to_owned()))
                }
                None => Outcome::Refused("the channel is not configured any more".to_owned()),
            };
            (notification.channel, outcome)
        });
    }

    fn sent(&mut self, done: Result<(String, Outcome), tokio::task::JoinError>) {
        // A send is neither cancelled nor does it panic.
        let Ok((channel, outcome)) = done else { return };
        for drilled in self.engine.sent(&channel, unix(), &outcome) {
            if let Some(drill) = self.drills.iter_mut().find(|drill| drill.open.contains(&drilled.id)) {
                drill.open.retain(|id| *id != drilled.id);
                drill.done.push(drilled.result);
            }
        }
        self.answer_drills();
    }

    fn answer_drills(&mut self) {
        let (done, open) = std::mem::take(&mut self.drills).into_iter().partition(|drill| drill.open.is_empty());
        self.drills = open;
        let done: Vec<Drill> = done;
        for drill in done {
            // Who asked may be gone.
            let _ = drill.reply.send(drill.done);
        }
    }

    fn carry_out(&mut self, order: Order) {
        let now = unix();
        match order {
            Order::Change(wish, reply) => {
                let result = match wish {
                    Wish::Acknowledge(of, by) => self.engine.acknowledge(of, &by, now),
                    Wish::Unacknowledge(of) => self.engine.unacknowledge(of, now),
                    Wish::Suppress(of, minutes) => self.engine.suppress(of, minutes, now),
                    Wish::Unsuppress(of) => self.engine.unsuppress(of, now),
                };
                // Who looks at once after the answer sees what was asked for.
                self.desk.publish(self.engine.snapshot(now));
                let _ = reply.send(result);
            }
            Order::Drill(severity, message, reply) => {
                let open = self.engine.drill(severity, &message, now);
                self.drills.push(Drill { open, done: Vec::new(), reply });
                self.answer_drills();
            }
            Order::Past(past, reply) => drop(reply.send(self.engine.past(&past))),
        }
    }
}

/// Unix milliseconds.
fn unix() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
