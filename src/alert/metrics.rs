//! What alerting tells about itself.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use prometheus::{Counter, Gauge, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts};

use super::notify::Waiting;
use super::state::{Alert, Move, Phase, Transition};
use crate::config::Severity;
use crate::metrics::{Family, Registry};

/// The metrics of the engine: `outrider_alerts_*` and `outrider_notifications_*`.
#[derive(Clone)]
pub struct AlertMetrics {
    active: IntGaugeVec,
    transitions: Family<IntCounter>,
    resolution: Family<Counter>,
    acknowledgement: Family<Counter>,
    failures: IntCounterVec,
    sent: IntCounterVec,
    waiting: IntGauge,
    durable: IntGauge,
    evaluated: Gauge,
    took: Gauge,
}

impl AlertMetrics {
    /// Makes the families and registers them. Fails where one of them is registered already.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            active: IntGaugeVec::new(
                Opts::new("outrider_alerts_active", "Alerts that are pending or fire, by severity."),
                &["severity", "state"],
            )?,
            transitions: Family::register(
                registry,
                "outrider_alerts_transitions_total",
                "Moves of alerts, by their rule and by where to.",
                &["rule", "to"],
            ),
            resolution: Family::register(
                registry,
                "outrider_alerts_resolution_seconds_total",
                "How long alerts fired that resolved, all together.",
                &["rule"],
            ),
            acknowledgement: Family::register(
                registry,
                "outrider_alerts_acknowledgement_seconds_total",
                "How long alerts fired before somebody acknowledged them, all together.",
                &["rule"],
            ),
            failures: IntCounterVec::new(
                Opts::new("outrider_alerts_evaluation_failures_total", "Evaluations of rules that failed."),
                &["rule"],
            )?,
            sent: IntCounterVec::new(
                Opts::new(
                    "outrider_notifications_total",
                    "Attempts to deliver a notification, by what came of them: sent, later, refused, expired, dropped.",
                ),
                &["channel", "result"],
            )?,
            waiting: IntGauge::new(
                "outrider_notifications_waiting",
                "Notifications that are stored and not yet sent.",
            )?,
            durable: IntGauge::new(
                "outrider_alerts_store_durable",
                "1 while alerts are kept in their file, 0 while they are kept in memory only.",
            )?,
            evaluated: Gauge::new(
                "outrider_alerts_last_evaluation_timestamp_seconds",
                "When rules were last evaluated: an alert on its age is for somebody else to have.",
            )?,
            took: Gauge::new(
                "outrider_alerts_evaluation_duration_seconds",
                "How long the last evaluation of all rules took, with what had to be stored of it.",
            )?,
        };
        registry.register(Box::new(metrics.active.clone()))?;
        for family in [&metrics.failures, &metrics.sent] {
            registry.register(Box::new(family.clone()))?;
        }
        for gauge in [&metrics.waiting, &metrics.durable] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for gauge in [&metrics.evaluated, &metrics.took] {
            registry.register(Box::new(gauge.clone()))?;
        }
        Ok(metrics)
    }

    /// All rules were evaluated at `now` (Unix milliseconds), which took so long.
    pub fn ticked(&self, now: i64, took: Duration) {
        self.evaluated.set(now as f64 / 1_000.0);
        self.took.set(took.as_secs_f64());
    }

    /// These are the rules whose alerts may move. What usually happens to them is there from the start: a counter that
    /// begins at one has never risen for who scrapes it.
    pub(super) fn follow<'a>(&self, rules: impl Iterator<Item = &'a str>) {
        let rules: HashSet<&str> = rules.collect();
        for rule in &rules {
            for to in [Move::Pending, Move::Firing, Move::Resolved, Move::Acknowledged, Move::Escalated] {
                self.transitions.with(&[rule, to.as_str()]);
            }
            self.resolution.with(&[rule]);
            self.acknowledgement.with(&[rule]);
        }
    }

    /// An alert moved that last began to fire at `fired`.
    pub(super) fn moved(&self, moved: &Transition, fired: Option<i64>) {
        self.transitions.with(&[&moved.rule, moved.to.as_str()]).inc();
        let seconds = fired.map_or(0.0, |fired| moved.at.saturating_sub(fired).max(0) as f64 / 1_000.0);
        match moved.to {
            Move::Resolved => self.resolution.with(&[&moved.rule]).inc_by(seconds),
            Move::Acknowledged => self.acknowledgement.with(&[&moved.rule]).inc_by(seconds),
            _ => {}
        }
    }

    pub(super) fn failed(&self, rule: &str) {
        self.failures.with_label_values(&[rule]).inc();
    }

    pub(super) fn delivered(&self, channel: &str, result: &str) {
        self.sent.with_label_values(&[channel, result]).inc();
    }

    pub(super) fn count<'a>(
        &self,
        alerts: impl Iterator<Item = &'a Alert>,
        waiting: impl Iterator<Item = &'a Waiting>,
        durable: bool,
    ) {
        let mut counts = [[0_i64; 2]; Severity::ALL.len()];
        for alert in alerts.filter(|alert| alert.phase != Phase::Resolved) {
            counts[alert.severity as usize][usize::from(alert.is_firing())] += 1;
        }
        for severity in Severity::ALL {
            for (state, count) in ["pending", "firing"].into_iter().zip(counts[severity as usize]) {
                self.active.with_label_values(&[severity.as_str(), state]).set(count);
            }
        }
        self.waiting.set(i64::try_from(waiting.count()).unwrap_or(i64::MAX));
        self.durable.set(i64::from(durable));
    }
}

impl fmt::Debug for AlertMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertMetrics").finish_non_exhaustive()
    }
}
