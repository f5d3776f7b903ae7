//! The life of every alert: inactive, pending, firing, resolved, with acknowledgement and suppression beside it.
//!
//! An alert is known by its [`Fingerprint`]. What moves it are evaluations of its rule and what people do; time (Unix
//! milliseconds) is passed in. Every move is a [`Transition`]. While data is there, pending and firing are Prometheus' own.
//! Beyond that:
//!
//! - No data is neither firing nor resolved: an alert stays as it is, for a day at most.
//! - An alert that fired too often of late is held: it goes on firing for a while after it is over.
//! - An acknowledgement ends when the alert resolves. A suppression ends by its own time, whatever the alert does.
//!
//! - `machine`: the moves · `people`: acknowledgement and suppression
//! - `labels`: label sets as JSON

mod labels;
mod machine;
mod people;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub(super) use labels::{annotations, pairs, severity};
pub use machine::{Absence, Machine, Seen, Terms};
pub use people::Refusal;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::base::Labels;
use crate::config::Severity;

/// What an alert is known by: the hash of its labels, among them its rule's name, as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

/// How far an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its condition holds, but not for long enough.
    Pending,
    /// Its condition has held for long enough.
    Firing,
    /// It is over; for a pending one, it never came to anything.
    Resolved,
}

/// An alert, from the first time that its condition held until it is forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is known by.
    pub fingerprint: Fingerprint,
    /// The name of its rule.
    pub rule: String,
    /// All labels, `alertname` and `severity` among them.
    #[serde(with = "labels")]
    pub labels: Labels,
    /// The labels of the element that its rule's query gave.
    #[serde(with = "labels")]
    pub element: Labels,
    /// How bad it is.
    #[serde(with = "labels::severity")]
    pub severity: Severity,
    /// What is said of it, as of when it last began to fire. Shared with the copies that people are shown.
    #[serde(with = "labels::annotations")]
    pub annotations: Arc<[(String, String)]>,
    /// The newest value, or where JSON has no number for it, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// How far it is.
    pub phase: Phase,
    /// Since when its condition has held.
    pub since: i64,
    /// When it last began to fire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<i64>,
    /// When it last resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<i64>,
    /// Since when its condition has not held, while it goes on firing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<i64>,
    /// Since when there has been no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_since: Option<i64>,
    /// The last times that it began to fire, oldest first, as many as matter for flapping.
    pub fired: Vec<i64>,
    /// Who has seen to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
    /// Until when nobody wants to hear of it, and from when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// When it was first told since it began to fire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_at: Option<i64>,
    /// Steps of escalation that were taken since it began to fire, and when last.
    pub escalated: Vec<(usize, i64)>,
}

/// Who has seen to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// As they called themselves.
    pub by: String,
    /// When.
    pub at: i64,
}

/// A time in which nobody wants to hear of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// From when.
    pub at: i64,
    /// Until when, exclusively.
    pub until: i64,
}

/// A move of one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// When.
    pub at: i64,
    /// Which alert.
    pub fingerprint: Fingerprint,
    /// Its rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where to.
    pub to: Move,
    /// By whom, or until when, or which step: what there is to say.
    pub detail: String,
    /// The value at that time.
    pub value: Option<f64>,
}

/// Where an alert moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// Its condition holds.
    Pending,
    /// Its condition no longer holds, before it fired.
    Inactive,
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
    /// Somebody sees to it.
    Acknowledged,
    /// Nobody does any more.
    Unacknowledged,
    /// Nobody wants to hear of it.
    Suppressed,
    /// Its suppression is over.
    Unsuppressed,
    /// Somebody else is told of it.
    Escalated,
}

impl Move {
    /// All of them, in the order of an alert's life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Inactive,
        Self::Firing,
        Self::Resolved,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Suppressed,
        Self::Unsuppressed,
        Self::Escalated,
    ];

    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Inactive => "inactive",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Suppressed => "suppressed",
            Self::Unsuppressed => "unsuppressed",
            Self::Escalated => "escalated",
        }
    }
}

impl Alert {
    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }

    /// Whether somebody wants to hear nothing of it at `now`.
    pub fn is_suppressed(&self, now: i64) -> bool {
        self.suppressed.is_some_and(|suppressed| now < suppressed.until)
    }

    /// The annotation `name`, or `""`.
    pub fn annotation(&self, name: &str) -> &str {
        self.annotations.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// This alert's move.
    pub fn moved(&self, at: i64, to: Move, detail: impl Into<String>) -> Transition {
        Transition {
            at,
            fingerprint: self.fingerprint,
            rule: self.rule.clone(),
            severity: self.severity,
            to,
            detail: detail.into(),
            value: self.value,
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 16 hex digits, in either case.
impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| "a fingerprint is 16 hex digits".to_owned())
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
