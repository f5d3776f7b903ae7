//! What people are shown: a copy of what is current, so that nobody who looks holds up the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use crate::alert::rule::{Rule, RuleSet};
use crate::alert::state::{Alert, Fingerprint, Phase};

/// How long alerts that are over are shown, and how many.
const RECENT: (i64, usize) = (86_400_000, 1_000);
const WEEK: i64 = 7 * 86_400_000;

/// What is current.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Alerts: those that fire first, the worst of them first, then pending ones, then those that are over.
    pub alerts: Vec<Shown>,
    /// Alerting rules, and how many of them are evaluated.
    pub rules: (usize, usize),
    /// All rules.
    pub groups: Arc<RuleSet>,
    /// Channels.
    pub channels: usize,
    /// Alerts that resolved in the last seven days.
    pub resolved_last_week: i64,
    /// Why alerts are kept in memory only, if they are.
    pub trouble: Option<String>,
    /// Rules that cannot be evaluated, and why.
    pub broken: BTreeMap<String, String>,
    /// Notifications that wait to be sent.
    pub waiting: usize,
    /// When rules were last evaluated.
    pub evaluated: Option<i64>,
}

/// An alert as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The alert.
    pub alert: Alert,
    /// What it is called.
    pub status: Status,
    /// Why nobody is told of it, if nobody is.
    pub muted_by: Option<String>,
}

/// What an alert is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It fires.
    Firing,
    /// It fires, and somebody sees to it.
    Acknowledged,
    /// It fires, and nobody wants to hear of it.
    Suppressed,
    /// It may fire soon.
    Pending,
    /// It is over.
    Resolved,
}

impl Status {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Firing, Self::Acknowledged, Self::Suppressed, Self::Pending, Self::Resolved];

    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Suppressed => "suppressed",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
        }
    }

    /// Whether it fires.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Firing | Self::Acknowledged | Self::Suppressed)
    }
}

/// Those that are over and still shown.
pub(super) fn recent(mut resolved: Vec<(i64, Fingerprint)>, now: i64) -> BTreeSet<Fingerprint> {
    let (long, many) = RECENT;
    resolved.retain(|(at, _)| now - at < long);
    resolved.sort_unstable_by(|a, b| b.cmp(a));
    resolved.into_iter().take(many).map(|(_, of)| of).collect()
}

impl Engine {
    /// What is current at `now` (Unix milliseconds).
    pub fn snapshot(&mut self, now: i64) -> Snapshot {
        let (at, _) = self.resolved_last_week;
        // Counted anew each minute, as that asks the store.
        if now.saturating_sub(at) >= 60_000 {
            self.resolved_last_week = (now, self.store.resolved_since(now - WEEK).unwrap_or(0));
        }
        let inhibited = self.planner.policy().inhibitor().inhibited(self.machine.alerts());
        let seen = self.machine.alerts().filter(|alert| alert.phase != Phase::Resolved || alert.resolved_at.is_some());
        let mut alerts: Vec<Shown> = seen.map(|alert| self.shown(alert, &inhibited, now)).collect();
        let key = |shown: &Shown| {
            let since = shown.alert.resolved_at.or(shown.alert.fired_at).unwrap_or(shown.alert.since);
            let over = shown.status == Status::Resolved;
            (over, shown.status == Status::Pending, std::cmp::Reverse(shown.alert.severity), std::cmp::Reverse(since))
        };
        alerts.sort_by_key(key);
        let rules = self.rules.groups().iter().flat_map(|group| &group.rules);
        let enabled = rules.filter(|rule| matches!(rule, Rule::Alerting(_))).count();
        let disabled = self.alerting.rules.iter().filter(|rule| !rule.enabled).count();
        Snapshot {
            alerts,
            rules: (enabled + disabled, enabled),
            groups: self.rules.clone(),
            channels: self.alerting.channels.len(),
            resolved_last_week: self.resolved_last_week.1,
            trouble: self.store.trouble().map(str::to_owned),
            broken: self.broken.clone(),
            waiting: self.outbox.iter().count(),
            evaluated: self.evaluated,
        }
    }

    fn shown(&self, alert: &Alert, inhibited: &BTreeSet<Fingerprint>, now: i64) -> Shown {
        let muted_by = match self.planner.policy().quiet().silence(alert, now) {
            _ if alert.is_suppressed(now) => Some("suppression".to_owned()),
            Some(silence) if silence.comment.is_empty() => Some("silence".to_owned()),
            Some(silence) => Some(format!("silence: {}", silence.comment)),
            None => inhibited.contains(&alert.fingerprint).then(|| "inhibition".to_owned()),
        };
        let status = match alert.phase {
            Phase::Pending => Status::Pending,
            Phase::Resolved => Status::Resolved,
            Phase::Firing if muted_by.is_some() => Status::Suppressed,
            Phase::Firing if alert.acknowledged.is_some() => Status::Acknowledged,
            Phase::Firing => Status::Firing,
        };
        Shown { alert: alert.clone(), status, muted_by }
    }
}
