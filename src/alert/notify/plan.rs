//! Puts together what goes out together.
//!
//! Alerts whose labels `group.by` are equal go together; where it names none, the alerts of one rule do. The first of a group
//! waits `group.wait` for others, later ones until `group.interval` has passed since the group last went out. A notification
//! holds what its channel does not know yet.
//!
//! - `sample`: what tests of the stages start from

#[cfg(test)]
pub(in crate::alert) mod sample;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::escalate::{self, millis};
use super::ledger::{Ledger, News, Told};
use super::matching::label;
use super::{Inhibitor, Kind, Notice, Notification, Quiet};
use crate::alert::state::{Alert, Fingerprint, Machine};
use crate::config::alerting::{Alerting, Receiver};

/// How often Alertmanager is told that an alert still fires: it takes silence for the end.
pub const HEARTBEAT: i64 = 60_000;

/// What is configured, ready to be asked.
#[derive(Debug)]
pub struct Policy {
    alerting: Alerting,
    quiet: Quiet,
    inhibitor: Inhibitor,
    /// The channels of each rule; all where it names none.
    rules: HashMap<String, Vec<String>>,
}

/// What one look at all alerts gives.
#[derive(Debug, Default)]
pub struct Planned {
    /// To be sent, once stored.
    pub notifications: Vec<Notification>,
    /// Alerts that are told for the first time since they fire.
    pub first: BTreeSet<Fingerprint>,
    /// Steps of escalation that are taken, by the index of the step.
    pub escalated: Vec<(Fingerprint, usize)>,
}

/// What remains between two looks.
#[derive(Debug)]
pub struct Planner {
    policy: Policy,
    /// What the channels know.
    pub ledger: Ledger,
    groups: BTreeMap<(String, Vec<String>), Group>,
    next_id: i64,
}

#[derive(Debug, Default)]
struct Group {
    /// When it last went out.
    last: Option<i64>,
    /// Since when something waits.
    since: Option<i64>,
    /// What waits.
    waiting: BTreeSet<Fingerprint>,
}

/// What waits in one group at one look.
type Batch<'a> = Vec<(&'a Alert, News)>;

impl Policy {
    /// Of what is configured; `rules` are the names of rules with their channels.
    pub fn new(alerting: &Alerting, rules: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        Self {
            quiet: Quiet::new(&alerting.silences),
            inhibitor: Inhibitor::new(&alerting.inhibition),
            rules: rules.into_iter().collect(),
            alerting: alerting.clone(),
        }
    }

    /// The silences.
    pub fn quiet(&self) -> &Quiet {
        &self.quiet
    }

    /// The inhibitions.
    pub fn inhibitor(&self) -> &Inhibitor {
        &self.inhibitor
    }

    fn tells(&self, rule: &str, channel: &str) -> bool {
        let Some(channels) = self.rules.get(rule) else { return false };
        channels.is_empty() || channels.iter().any(|name| name == channel)
    }

    fn is_channel(&self, name: &str) -> bool {
        self.alerting.channels.iter().any(|channel| channel.name == name)
    }

    fn key(&self, alert: &Alert) -> Vec<String> {
        match &*self.alerting.group.by {
            [] => vec![alert.rule.clone()],
            by => by.iter().map(|name| label(alert, name).to_owned()).collect(),
        }
    }

    fn group(&self, key: &[String]) -> Vec<(String, String)> {
        match &*self.alerting.group.by {
            [] => key.iter().map(|rule| ("alertname".to_owned(), rule.clone())).collect(),
            by => by.iter().cloned().zip(key.iter().cloned()).collect(),
        }
    }
}

impl Planner {
    /// Goes on from what is stored; ids of notifications start at `next_id`.
    pub fn new(policy: Policy, ledger: Ledger, next_id: i64) -> Self {
        Self { policy, ledger, groups: BTreeMap::new(), next_id }
    }

    /// Follows another configuration.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.ledger.forget(&[], |channel| self.policy.is_channel(channel));
        self.groups.retain(|(channel, _), _| self.policy.is_channel(channel));
    }

    /// What it follows.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What there is to send at `now` (Unix milliseconds). `ended` are alerts whose suppression has just ended. What it gives
    /// counts as told, so it must be stored with the ledger's changes, or the process must end.
    pub fn plan(&mut self, now: i64, machine: &Machine, ended: &BTreeSet<Fingerprint>) -> Planned {
        let mut planned = Planned::default();
        let inhibited = self.policy.inhibitor.inhibited(machine.alerts());
        let silenced: BTreeSet<Fingerprint> = machine
            .alerts()
            .filter(|alert| self.policy.quiet.silence(alert, now).is_some())
            .map(|alert| alert.fingerprint)
            .collect();
        let is_held = |alert: &Alert| {
            let of = &alert.fingerprint;
            alert.is_suppressed(now) || silenced.contains(of) || inhibited.contains(of)
        };
        for at in 0..self.policy.alerting.channels.len() {
            let mut batches: BTreeMap<Vec<String>, Batch<'_>> = BTreeMap::new();
            for alert in machine.alerts() {
                if let Some(news) = self.news(at, now, alert, is_held(alert), ended) {
                    let lone = matches!(self.policy.alerting.channels[at].receiver, Receiver::Alertmanager { .. });
                    let key = if lone { Vec::new() } else { self.policy.key(alert) };
                    batches.entry(key).or_default().push((alert, news));
                }
            }
            // What waited and has nothing to tell any more waits no longer.
            let name = &self.policy.alerting.channels[at].name;
            for ((channel, key), group) in &mut self.groups {
                if channel == name && !batches.contains_key(key) {
                    (group.since, group.waiting) = (None, BTreeSet::new());
                }
            }
            for (key, batch) in batches {
                self.gather(at, now, key, &batch, &mut planned);
            }
            self.acknowledgements(at, now, machine, &mut planned);
        }
        self.escalate(now, machine.alerts().filter(|alert| !is_held(alert)), &mut planned);
        self.groups.retain(|_, group| {
            let interval = millis(self.policy.alerting.group.interval);
            group.since.is_some() || group.last.is_some_and(|last| now - last < interval)
        });
        planned
    }

    /// A test of one channel: it passes every stage that could hold it back.
    pub fn drill(&mut self, now: i64, channel: &str, notice: Notice) -> Notification {
        self.notification(now, channel, Kind::Drill, Vec::new(), vec![notice])
    }

    /// What there is to tell a channel of `alert`, whether or not it is time to.
    fn news(
        &mut self,
        at: usize,
        now: i64,
        alert: &Alert,
        is_held: bool,
        ended: &BTreeSet<Fingerprint>,
    ) -> Option<News> {
        let channel = &self.policy.alerting.channels[at];
        let of = alert.fingerprint;
        // Who was told that something fires is told that it is over, whatever the rule says by now.
        if !self.policy.tells(&alert.rule, &channel.name) && self.ledger.get(&channel.name, of).is_none() {
            return None;
        }
        let repeat = match channel.receiver {
            Receiver::Alertmanager { .. } => HEARTBEAT,
            _ => millis(self.policy.alerting.repeat),
        };
        let news = self.ledger.news(&channel.name, alert, now, repeat)?;
        match news {
            News::Resolved => Some(news),
            News::Firing | News::Again => (!is_held).then_some(news),
            News::Missed if alert.is_suppressed(now) => None,
            News::Missed => {
                let waits = || {
                    let key = (channel.name.clone(), self.policy.key(alert));
                    self.groups.get(&key).is_some_and(|group| group.waiting.contains(&of))
                };
                if !is_held && (ended.contains(&of) || waits()) {
                    return Some(news);
                }
                // Nobody was told that it fired, and nobody wanted to know.
                let name = channel.name.clone();
                self.tell(now, &name, alert, false);
                None
            }
        }
    }

    /// Sends a group, or lets it wait.
    fn gather(&mut self, at: usize, now: i64, key: Vec<String>, batch: &Batch<'_>, planned: &mut Planned) {
        let channel = &self.policy.alerting.channels[at];
        let (name, send_resolved) = (channel.name.clone(), channel.send_resolved);
        let group = self.groups.entry((name.clone(), key.clone())).or_default();
        let since = *group.since.get_or_insert(now);
        let (wait, interval) = match channel.receiver {
            Receiver::Alertmanager { .. } => (0, 0),
            _ => (millis(self.policy.alerting.group.wait), millis(self.policy.alerting.group.interval)),
        };
        let due = match group.last {
            Some(last) if now - last < interval => last + interval,
            _ => since + wait,
        };
        if now < due {
            group.waiting = batch.iter().map(|(alert, _)| alert.fingerprint).collect();
            return;
        }
        (group.since, group.waiting) = (None, BTreeSet::new());
        let told: Vec<&(&Alert, News)> =
            batch.iter().filter(|(_, news)| send_resolved || !matches!(news, News::Resolved | News::Missed)).collect();
        if !told.is_empty() {
            group.last = Some(now);
            let kind = match told.iter().all(|(_, news)| *news == News::Again) {
                true => Kind::Repeat,
                false => Kind::Change,
            };
            let notices = told.iter().map(|(alert, _)| Notice::of(alert)).collect();
            let labels = if key.is_empty() { Vec::new() } else { self.policy.group(&key) };
            let notification = self.notification(now, &name, kind, labels, notices);
            planned.notifications.push(notification);
        }
        for (alert, news) in batch {
            if *news == News::Firing && alert.told_at.is_none() {
                planned.first.insert(alert.fingerprint);
            }
            let escalated = self.ledger.get(&name, alert.fingerprint).is_some_and(|told| told.escalated);
            self.tell(now, &name, alert, escalated && *news != News::Firing);
        }
    }

    /// Tells receivers that keep an incident open that somebody sees to it.
    fn acknowledgements(&mut self, at: usize, now: i64, machine: &Machine, planned: &mut Planned) {
        let channel = &self.policy.alerting.channels[at];
        if !matches!(channel.receiver, Receiver::PagerDuty { .. }) {
            return;
        }
        let name = channel.name.clone();
        let mut notices = Vec::new();
        for alert in machine.alerts().filter(|alert| alert.is_firing()) {
            let Some(told) = self.ledger.get(&name, alert.fingerprint).copied() else { continue };
            let acknowledged = alert.acknowledged.is_some();
            if told.resolved || told.acknowledged == acknowledged {
                continue;
            }
            self.ledger.set(&name, alert.fingerprint, Told { acknowledged, ..told });
            notices.extend(acknowledged.then(|| Notice::of(alert)));
        }
        if !notices.is_empty() {
            let notification = self.notification(now, &name, Kind::Acknowledged, Vec::new(), notices);
            planned.notifications.push(notification);
        }
    }

    /// Takes the steps that are due; alerts of one group go together here too.
    fn escalate<'a>(&mut self, now: i64, alerts: impl Iterator<Item = &'a Alert>, planned: &mut Planned) {
        let mut batches: BTreeMap<(String, Vec<String>), Vec<&Alert>> = BTreeMap::new();
        for alert in alerts {
            for (at, step) in escalate::due(&self.policy.alerting.escalation, alert, now) {
                planned.escalated.push((alert.fingerprint, at));
                for channel in &step.channels {
                    let batch = batches.entry((channel.clone(), self.policy.key(alert))).or_default();
                    // Two steps that are due at once tell a channel once.
                    if batch.last().is_none_or(|last| last.fingerprint != alert.fingerprint) {
                        batch.push(alert);
                    }
                }
            }
        }
        for ((channel, key), alerts) in batches {
            let notices = alerts.iter().map(|alert| Notice::of(alert)).collect();
            let labels = self.policy.group(&key);
            planned.notifications.push(self.notification(now, &channel, Kind::Escalation, labels, notices));
            for alert in alerts {
                let known = self.ledger.get(&channel, alert.fingerprint);
                let escalated = known.is_none_or(|told| told.escalated || Some(told.fired_at) != alert.fired_at);
                self.tell(now, &channel, alert, escalated);
            }
        }
    }

    fn tell(&mut self, now: i64, channel: &str, alert: &Alert, escalated: bool) {
        let acknowledged = self
            .ledger
            .get(channel, alert.fingerprint)
            .is_some_and(|told| told.acknowledged && Some(told.fired_at) == alert.fired_at);
        let told = Told {
            fired_at: alert.fired_at.unwrap_or(alert.since),
            resolved: !alert.is_firing(),
            acknowledged,
            escalated,
            at: now,
        };
        self.ledger.set(channel, alert.fingerprint, told);
    }

    fn notification(
        &mut self,
        now: i64,
        channel: &str,
        kind: Kind,
        group: Vec<(String, String)>,
        notices: Vec<Notice>,
    ) -> Notification {
        let id = self.next_id;
        self.next_id += 1;
        Notification { id, created: now, channel: channel.to_owned(), kind, group, notices }
    }
}
