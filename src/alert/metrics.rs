//! What alerting tells about itself.

use std::time::Duration;

use prometheus::{Gauge, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::notify::Waiting;
use super::state::{Alert, Move, Phase, Transition};
use crate::config::Severity;

/// The metrics of the engine: `outrider_alerts_*` and `outrider_notifications_*`.
#[derive(Clone, Debug)]
pub struct AlertMetrics {
    active: IntGaugeVec,
    transitions: IntCounterVec,
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
            transitions: IntCounterVec::new(
                Opts::new("outrider_alerts_transitions_total", "Moves of alerts, by where to."),
                &["to"],
            )?,
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
        for to in Move::ALL {
            metrics.transitions.with_label_values(&[to.as_str()]);
        }
        registry.register(Box::new(metrics.active.clone()))?;
        for family in [&metrics.transitions, &metrics.failures, &metrics.sent] {
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

    pub(super) fn moved(&self, moved: &Transition) {
        self.transitions.with_label_values(&[moved.to.as_str()]).inc();
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
