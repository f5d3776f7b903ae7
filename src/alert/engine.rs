//! The engine: what ticks.
//!
//! A tick evaluates the rules over a source of series, moves alerts, plans notifications, and commits all of it in one
//! transaction; only then can [`Engine::start_sends`] give anything to send. What comes of a send is committed as well. The
//! engine has no clock and no thread: whoever drives it passes `now` (Unix milliseconds) and sends.
//!
//! - `evaluate`: rules to transitions
//! - `knowledge`: whether there is data about an alert
//! - `circumstances`: what else is said of an alert that fires
//! - `drill`: tests of channels
//! - `snapshot`: what people are shown

mod circumstances;
mod drill;
mod evaluate;
mod knowledge;
mod snapshot;
#[cfg(test)]
mod tests;

pub use drill::{DrillResult, Drilled};
pub use snapshot::{Shown, Snapshot, Status};

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::metrics::AlertMetrics;
use super::notify::{Delivery, Ledger, Notification, Outbox, Outcome, Planner, Policy};
use super::rule::{Rule, RuleSet};
use super::state::{Fingerprint, Machine, Move, Refusal, Transition};
use super::store::{Batch, Past, Store, Story, Whole};
use crate::base::Labels;
use crate::config::Rate;
use crate::config::alerting::Alerting;
use crate::promql::Series;
use knowledge::Reads;

/// Who we are in alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The gateway's name.
    pub service: String,
    /// Where it runs.
    pub environment: String,
    /// Which of its replicas this is.
    pub pod: String,
}

/// Takes a series of samples that a rule made: the rule's key, the time, and what the series are worth.
pub type Record<'a> = &'a mut dyn FnMut(&str, i64, Vec<(Labels, f64)>);

/// Gives the ids of traces that are worth a look at that time (Unix milliseconds): failed or slow ones of late.
pub struct Traces(Box<dyn Fn(i64) -> Vec<String> + Send>);

impl Traces {
    /// From what gives them.
    pub fn new(of: impl Fn(i64) -> Vec<String> + Send + 'static) -> Self {
        Self(Box::new(of))
    }
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traces")
    }
}

/// How long between two removals of what is old.
const PRUNE: i64 = 3_600_000;

/// The engine.
#[derive(Debug)]
pub struct Engine {
    identity: Identity,
    alerting: Alerting,
    rules: Arc<RuleSet>,
    reads: Reads,
    machine: Machine,
    planner: Planner,
    outbox: Outbox,
    store: Store,
    metrics: AlertMetrics,
    started: i64,
    pruned: i64,
    evaluated: Option<i64>,
    /// When each group is due next.
    due: Vec<i64>,
    /// The keys under which rules recorded last.
    recorded: BTreeSet<String>,
    /// Rules that could not be evaluated, and why.
    broken: BTreeMap<String, String>,
    traces: Traces,
    /// What else is said of alerts that fire at this instant.
    circumstances: Option<(i64, Vec<(String, String)>)>,
    /// Suppressions that ended before the next tick.
    ended: BTreeSet<Fingerprint>,
    drills: drill::Drills,
    resolved_last_week: (i64, i64),
}

impl Engine {
    /// Goes on from what is stored. Blocks on the file system.
    pub fn start(identity: Identity, alerting: &Alerting, rules: RuleSet, metrics: AlertMetrics, now: i64) -> Self {
        let (store, resumed) = Store::open(&alerting.state);
        let mut engine = Self {
            machine: Machine::new(&alerting.flap, resumed.alerts),
            planner: Planner::new(policy(alerting, &rules), Ledger::new(resumed.told), resumed.last_id + 1),
            outbox: Outbox::new(&rates(alerting), resumed.waiting, now),
            reads: Reads::of(&rules),
            due: vec![now; rules.groups().len()],
            drills: drill::Drills::new(resumed.last_drill),
            alerting: alerting.clone(),
            recorded: BTreeSet::new(),
            broken: BTreeMap::new(),
            traces: Traces::new(|_| Vec::new()),
            circumstances: None,
            ended: BTreeSet::new(),
            started: now,
            pruned: i64::MIN,
            evaluated: None,
            resolved_last_week: (i64::MIN, 0),
            identity,
            rules: Arc::new(rules),
            store,
            metrics,
        };
        engine.metrics.follow(alerting_rules(&engine.rules));
        engine.count();
        engine
    }

    /// The same, which also tells traces of alerts that fire.
    #[must_use]
    pub fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// Follows another configuration; alerts of rules that are gone end with the next tick.
    pub fn follow(&mut self, identity: Identity, alerting: &Alerting, rules: RuleSet, now: i64) {
        self.machine.set_flap(&alerting.flap);
        self.planner.set_policy(policy(alerting, &rules));
        self.outbox.set_rates(&rates(alerting), now);
        (self.reads, self.due) = (Reads::of(&rules), vec![now; rules.groups().len()]);
        self.broken.clear();
        (self.identity, self.alerting, self.rules) = (identity, alerting.clone(), Arc::new(rules));
        self.metrics.follow(alerting_rules(&self.rules));
    }

    /// Evaluates what is due, and commits what follows from it.
    pub fn tick(&mut self, now: i64, source: &dyn Series, record: Record<'_>) {
        let mut transitions = self.machine.expire(now);
        self.ended.extend(transitions.iter().map(|moved| moved.fingerprint));
        transitions.extend(self.evaluate(now, source, record));
        let ended = std::mem::take(&mut self.ended);
        let planned = self.planner.plan(now, &self.machine, &ended);
        for of in &planned.first {
            if let Some(alert) = self.machine.edit(*of) {
                alert.told_at = Some(now);
            }
        }
        for (of, step) in &planned.escalated {
            let Some(alert) = self.machine.edit(*of) else { continue };
            alert.escalated.retain(|(known, _)| known != step);
            alert.escalated.push((*step, now));
            let channels = self.alerting.escalation[*step].channels.join(", ");
            transitions.push(alert.moved(now, Move::Escalated, format!("step {}: {channels}", step + 1)));
        }
        let mut notifications = planned.notifications;
        notifications.extend(self.scheduled_drill(now));
        let forgotten = self.forget(now);
        self.commit(now, &transitions, notifications, &[], forgotten);
        self.evaluated = Some(now);
        if now.saturating_sub(self.pruned) >= PRUNE {
            let retention = i64::try_from(self.alerting.retention.as_millis()).unwrap_or(i64::MAX);
            self.store.prune(now.saturating_sub(retention));
            self.pruned = now;
        }
    }

    /// `by` sees to an alert.
    pub fn acknowledge(&mut self, of: Fingerprint, by: &str, now: i64) -> Result<(), Refusal> {
        let moved = self.machine.acknowledge(of, by, now)?;
        self.moved(now, moved);
        Ok(())
    }

    /// Nobody sees to it any more.
    pub fn unacknowledge(&mut self, of: Fingerprint, now: i64) -> Result<(), Refusal> {
        let moved = self.machine.unacknowledge(of, now)?;
        self.moved(now, moved);
        Ok(())
    }

    /// Nobody wants to hear of an alert for so many minutes.
    pub fn suppress(&mut self, of: Fingerprint, minutes: i64, now: i64) -> Result<(), Refusal> {
        let moved = self.machine.suppress(of, minutes, now)?;
        self.moved(now, moved);
        Ok(())
    }

    /// Ends that before its time.
    pub fn unsuppress(&mut self, of: Fingerprint, now: i64) -> Result<(), Refusal> {
        let moved = self.machine.unsuppress(of, now)?;
        self.ended.insert(of);
        self.moved(now, moved);
        Ok(())
    }

    /// What is to be sent now; each must be answered by [`Engine::sent`].
    pub fn start_sends(&mut self, now: i64) -> Vec<Notification> {
        self.outbox.start(now)
    }

    /// When there is something to send, while nothing else happens.
    pub fn next_send(&mut self, now: i64) -> Option<i64> {
        self.outbox.next(now)
    }

    /// What came of a send. Returns drills that are done with.
    pub fn sent(&mut self, channel: &str, now: i64, outcome: &Outcome) -> Vec<Drilled> {
        let deliveries = self.outbox.done(channel, now, outcome);
        for delivery in &deliveries {
            self.metrics.delivered(channel, delivery.result);
            if delivery.due.is_none() && delivery.result != "sent" {
                tracing::error!(channel, id = delivery.id, detail = %delivery.detail, "a notification is given up");
            }
        }
        let (done, ends) = self.drilled(channel, now, &deliveries);
        self.commit(now, &[], ends, &deliveries, Vec::new());
        done
    }

    /// Does what can wait until what is to be sent is on its way.
    pub fn rest(&mut self) {
        self.store.rest();
    }

    /// What the past tells.
    pub fn past(&self, past: &Past) -> Result<Story, String> {
        let told = |error: rusqlite::Error| error.to_string();
        let (events, total) = self.store.events(past).map_err(told)?;
        Ok(Story { events, total, rules: self.store.times(past).map_err(told)? })
    }

    fn moved(&mut self, now: i64, moved: Transition) {
        self.commit(now, &[moved], Vec::new(), &[], Vec::new());
    }

    /// Forgets alerts that are over, unless a channel has to be told so or people may want to see them.
    fn forget(&mut self, now: i64) -> Vec<Fingerprint> {
        let resolved: Vec<(i64, Fingerprint)> = self
            .machine
            .alerts()
            .filter_map(|alert| Some((alert.resolved_at.filter(|_| !alert.is_firing())?, alert.fingerprint)))
            .collect();
        let shown = snapshot::recent(resolved, now);
        let ledger = &self.planner.ledger;
        let needed = |of: Fingerprint| shown.contains(&of) || ledger.is_open(of);
        let forgotten = self.machine.forget(now, |alert| needed(alert.fingerprint));
        let channels: HashSet<&str> = self.alerting.channels.iter().map(|channel| channel.name.as_str()).collect();
        self.planner.ledger.forget(&forgotten, |channel| channels.contains(channel));
        forgotten
    }

    /// Stores what happened, then lets it be sent.
    fn commit(
        &mut self,
        now: i64,
        transitions: &[Transition],
        notifications: Vec<Notification>,
        deliveries: &[Delivery],
        forgotten: Vec<Fingerprint>,
    ) {
        let mut deliveries = deliveries.to_vec();
        for (channel, dropped) in self.outbox.make_room(now, &notifications) {
            self.metrics.delivered(&channel, dropped.result);
            tracing::error!(channel, id = dropped.id, detail = %dropped.detail, "a notification is given up");
            deliveries.push(dropped);
        }
        let changed = self.machine.take_changed();
        let told = self.planner.ledger.take_changed();
        let batch = Batch {
            alerts: changed.iter().filter_map(|of| self.machine.get(*of)).collect(),
            forgotten,
            transitions,
            told,
            notifications: &notifications,
            deliveries: &deliveries,
        };
        if !batch.is_empty() || self.store.trouble().is_some() {
            let whole = Whole {
                alerts: self.machine.alerts().collect(),
                told: self.planner.ledger.iter().collect(),
                waiting: self.outbox.iter().collect(),
            };
            self.store.commit(now, &batch, &whole);
        }
        notifications.into_iter().for_each(|notification| self.outbox.push(notification));
        for moved in transitions {
            let fired = self.machine.get(moved.fingerprint).and_then(|alert| alert.fired_at);
            self.metrics.moved(moved, fired);
        }
        self.count();
    }

    fn count(&mut self) {
        self.metrics.count(self.machine.alerts(), self.outbox.iter(), self.store.trouble().is_none());
    }
}

/// The names of the rules whose alerts may move.
fn alerting_rules(rules: &RuleSet) -> impl Iterator<Item = &str> {
    rules.groups().iter().flat_map(|group| &group.rules).filter_map(|rule| match rule {
        Rule::Alerting(rule) => Some(&*rule.name),
        Rule::Recording(_) => None,
    })
}

fn policy(alerting: &Alerting, rules: &RuleSet) -> Policy {
    let alerting_rules = rules.groups().iter().flat_map(|group| &group.rules).filter_map(|rule| match rule {
        Rule::Alerting(rule) => Some((rule.name.clone(), rule.channels.clone())),
        Rule::Recording(_) => None,
    });
    Policy::new(alerting, alerting_rules)
}

fn rates(alerting: &Alerting) -> Vec<(String, Rate)> {
    let usual = alerting.rate_limit.per_channel;
    let channels = alerting.channels.iter();
    channels.map(|channel| (channel.name.clone(), channel.rate_limit.unwrap_or(usual))).collect()
}
