//! From alerts to what is sent, as a list of small stages.
//!
//! At every tick [`plan`] runs the first five over all alerts and gives notifications, which are stored together with what
//! caused them; the rest happens to what is stored:
//!
//! - `mute`: holds back what is suppressed or silenced; the end of what was told is never held back
//! - `inhibit`: holds back what something worse explains
//! - `ledger`: holds back what the channel knows already, until it is to be told again
//! - `escalate`: tells others when nobody acknowledges
//! - `plan`: puts together what goes out together, and waits for more of it
//! - `limit`: a token bucket for each channel; what is beyond it becomes one digest
//! - `outbox`: which notification is sent next, tried again, or given up
//! - `matching`: matchers over an alert's labels

mod escalate;
mod inhibit;
mod ledger;
mod limit;
mod matching;
mod mute;
mod outbox;
mod plan;

#[cfg(test)]
pub(in crate::alert) use plan::sample;

pub use inhibit::Inhibitor;
pub use ledger::{Ledger, Told};
pub use limit::Bucket;
pub use mute::Quiet;
pub use outbox::{Delivery, Outbox, Outcome, Waiting};
pub use plan::{HEARTBEAT, Planned, Planner, Policy};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{Alert, Fingerprint};
use crate::base::Labels;
use crate::config::Severity;

/// Why a notification is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something fires or is over.
    Change,
    /// Something still fires.
    Repeat,
    /// Somebody acknowledged.
    Acknowledged,
    /// Nobody acknowledged.
    Escalation,
    /// What there would otherwise have been too many notifications for.
    Digest,
    /// A test.
    Drill,
}

impl Kind {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Repeat => "repeat",
            Self::Acknowledged => "acknowledged",
            Self::Escalation => "escalation",
            Self::Digest => "digest",
            Self::Drill => "drill",
        }
    }
}

/// One message to one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Rises from one to the next.
    pub id: i64,
    /// When it was made.
    pub created: i64,
    /// To whom.
    pub channel: String,
    /// Why.
    pub kind: Kind,
    /// The labels that its alerts share by configuration.
    pub group: Vec<(String, String)>,
    /// What it is about; never empty.
    pub notices: Vec<Notice>,
}

/// An alert as a notification tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What the alert is known by.
    pub fingerprint: Fingerprint,
    /// Its rule.
    pub rule: String,
    /// All its labels; shared with the alert, as what is said of it is.
    #[serde(with = "super::state::pairs")]
    pub labels: Labels,
    /// What is said of it.
    #[serde(with = "super::state::annotations")]
    pub annotations: Arc<[(String, String)]>,
    /// How bad it is.
    #[serde(with = "super::state::severity")]
    pub severity: Severity,
    /// The newest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// When it began to fire.
    pub starts_at: i64,
    /// When it was over, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// Who sees to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
}

impl Notice {
    /// What there is to tell of `alert`.
    pub fn of(alert: &Alert) -> Self {
        Self {
            fingerprint: alert.fingerprint,
            rule: alert.rule.clone(),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            severity: alert.severity,
            value: alert.value,
            starts_at: alert.fired_at.unwrap_or(alert.since),
            ends_at: if alert.is_firing() { None } else { alert.resolved_at },
            acknowledged_by: alert.acknowledged.as_ref().map(|acknowledged| acknowledged.by.clone()),
        }
    }

    /// Whether it is over.
    pub fn is_resolved(&self) -> bool {
        self.ends_at.is_some()
    }

    /// The annotation `name`, or `""`.
    pub fn annotation(&self, name: &str) -> &str {
        self.annotations.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// The label `name`, or `""`.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name)
    }

    /// What it says in one line: the rule's message, else its name.
    pub fn summary(&self) -> &str {
        match self.annotation("summary") {
            "" => &self.rule,
            summary => summary,
        }
    }
}

impl Notification {
    /// The same for every attempt, so that a receiver can drop what it has already.
    pub fn key(&self) -> String {
        format!("{}-{}-{}", self.channel, self.created, self.id)
    }

    /// Whether everything in it is over.
    pub fn is_resolved(&self) -> bool {
        self.notices.iter().all(Notice::is_resolved)
    }

    /// The worst severity in it; of what is not over where something is not.
    pub fn severity(&self) -> Severity {
        let of = |resolved: bool| {
            self.notices
                .iter()
                .filter(move |notice| notice.is_resolved() == resolved)
                .map(|notice| notice.severity)
                .max()
        };
        of(false).or_else(|| of(true)).unwrap_or(Severity::Info)
    }
}
