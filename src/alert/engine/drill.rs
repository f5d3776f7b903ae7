//! Tests of channels: an alert that is none goes the whole way, from the store to the receiver.

use std::collections::BTreeMap;

use super::Engine;
use crate::alert::notify::{Delivery, Kind, Notice, Notification};
use crate::alert::state::Fingerprint;
use crate::base::Labels;
use crate::config::Severity;
use crate::config::alerting::{Drill, Receiver};

/// The name of the alert of a drill.
pub const NAME: &str = "outrider_drill";
const DAY: i64 = 86_400_000;

/// Drills that are under way.
#[derive(Debug)]
pub(super) struct Drills {
    last: Option<i64>,
    /// The alert of each notification.
    open: BTreeMap<i64, Notice>,
}

/// A drill of one channel that is done with.
#[derive(Clone, Debug, PartialEq)]
pub struct Drilled {
    /// The notification.
    pub id: i64,
    /// What came of it.
    pub result: DrillResult,
}

/// What came of a drill.
#[derive(Clone, Debug, PartialEq)]
pub struct DrillResult {
    /// The channel.
    pub channel: String,
    /// Whether its receiver has it.
    pub delivered: bool,
    /// What the receiver said, or what went wrong.
    pub detail: String,
}

impl Drills {
    pub(super) fn new(last: Option<i64>) -> Self {
        Self { last, open: BTreeMap::new() }
    }
}

impl Engine {
    /// Stores a test for every channel, to be sent next. Returns the id of each; each comes back from [`Engine::sent`].
    pub fn drill(&mut self, severity: Severity, message: &str, now: i64) -> Vec<i64> {
        let notifications = self.drill_all(severity, message, now);
        let ids = notifications.iter().map(|notification| notification.id).collect();
        self.commit(now, &[], notifications, &[], Vec::new());
        ids
    }

    /// The scheduled drill, when it is due. A state that does not last cannot tell when the last one was, so that it begins
    /// with a whole period.
    pub(super) fn scheduled_drill(&mut self, now: i64) -> Vec<Notification> {
        let period = match self.alerting.drill {
            Drill::Off => return Vec::new(),
            Drill::Daily => DAY,
            Drill::Weekly => 7 * DAY,
        };
        let lasts = self.store.trouble().is_none();
        let since = self.drills.last.unwrap_or(if lasts { i64::MIN } else { self.started });
        if now.saturating_sub(since) < period {
            return Vec::new();
        }
        self.drill_all(Severity::Info, "This is a scheduled test: nothing is wrong, and alerts reach you.", now)
    }

    /// What ended with `deliveries`, and what tells receivers that keep incidents open that the drill is over.
    pub(super) fn drilled(
        &mut self,
        channel: &str,
        now: i64,
        deliveries: &[Delivery],
    ) -> (Vec<Drilled>, Vec<Notification>) {
        let (mut done, mut ends) = (Vec::new(), Vec::new());
        for delivery in deliveries.iter().filter(|delivery| delivery.due.is_none()) {
            let Some(notice) = self.drills.open.remove(&delivery.id) else { continue };
            let (delivered, detail) = (delivery.result == "sent", delivery.detail.clone());
            let result = DrillResult { channel: channel.to_owned(), delivered, detail };
            done.push(Drilled { id: delivery.id, result });
            let configured = self.alerting.channels.iter().find(|known| known.name == channel);
            let keeps = configured.is_some_and(|channel| {
                matches!(channel.receiver, Receiver::PagerDuty { .. } | Receiver::Alertmanager { .. })
            });
            if delivered && keeps {
                ends.push(self.planner.drill(now, channel, Notice { ends_at: Some(now), ..notice }));
            }
        }
        (done, ends)
    }

    fn drill_all(&mut self, severity: Severity, message: &str, now: i64) -> Vec<Notification> {
        self.drills.last = Some(now);
        let pod = self.identity.pod.clone();
        let labels = Labels::new([
            ("alertname", NAME),
            ("severity", severity.as_str()),
            ("service", &self.identity.service),
            ("environment", &self.identity.environment),
            ("pod", &pod),
        ]);
        let notice = Notice {
            fingerprint: Fingerprint(labels.fingerprint()),
            rule: NAME.to_owned(),
            labels,
            annotations: [("summary".to_owned(), message.to_owned())].into(),
            severity,
            value: None,
            starts_at: now,
            ends_at: None,
            acknowledged_by: None,
        };
        let names: Vec<String> = self.alerting.channels.iter().map(|channel| channel.name.clone()).collect();
        let mut notifications = Vec::with_capacity(names.len());
        for name in names {
            let notification = self.planner.drill(now, &name, notice.clone());
            debug_assert_eq!(notification.kind, Kind::Drill);
            self.drills.open.insert(notification.id, notice.clone());
            notifications.push(notification);
        }
        notifications
    }
}
