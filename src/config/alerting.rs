//! `alerting:`: rules, and how people come to know.
//!
//! - `rule`: alerting rules and service level objectives · `channel`: ways to reach someone
//! - `quiet`: silences and inhibition · `severity`
//! - `files`: where Prometheus rule files are

pub mod channel;
mod files;
pub mod quiet;
pub mod rule;
mod severity;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{Rate, as_text, as_text_or_none, duration_in, rate};
use super::read::Node;
use super::scalar::{flag, label_name, one_of, text, whole};
pub use channel::{Channel, Receiver};
pub use files::matching;
pub use quiet::{Inhibition, Matcher, Silence};
pub use rule::{Rule, Scope, Slo};
pub use severity::Severity;

/// Rules, and how people come to know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alerting {
    /// How often rules are evaluated.
    #[serde(serialize_with = "as_text")]
    pub interval: Duration,
    /// The folder of the state.
    pub state: PathBuf,
    /// How long resolved alerts are kept.
    #[serde(serialize_with = "as_text")]
    pub retention: Duration,
    /// Whether the nine usual rules are there; a rule of the same name replaces one.
    pub defaults: bool,
    /// Requests below which a rate is no signal.
    pub min_requests: usize,
    /// Rules of this file; names are unique.
    pub rules: Vec<Rule>,
    /// Prometheus rule files; `*` and `?` in a name match.
    pub rule_files: Vec<PathBuf>,
    /// Ways to reach someone; names are unique.
    pub channels: Vec<Channel>,
    /// Who else is told when nobody acknowledges.
    pub escalation: Vec<Escalation>,
    /// What goes out in one notification.
    pub group: Group,
    /// After how long a firing alert is told again.
    #[serde(serialize_with = "as_text")]
    pub repeat: Duration,
    /// When an alert that comes and goes is held.
    pub flap: Flap,
    /// What is not told, and when.
    pub silences: Vec<Silence>,
    /// What is not told while something else fires.
    pub inhibition: Vec<Inhibition>,
    /// How many notifications go out.
    pub rate_limit: RateLimit,
    /// How often a test alert goes the whole way.
    pub drill: Drill,
}

/// Who else is told when nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Escalation {
    /// After how long, from the first notification.
    #[serde(serialize_with = "as_text")]
    pub after: Duration,
    /// For which severities; all when empty.
    pub severity: Vec<Severity>,
    /// By which channels.
    pub channels: Vec<String>,
    /// How often again, until somebody acknowledges.
    #[serde(serialize_with = "as_text_or_none")]
    pub repeat: Option<Duration>,
}

/// What goes out in one notification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Alerts with equal values of these labels go together.
    pub by: Vec<String>,
    /// How long the first of a group waits for others.
    #[serde(serialize_with = "as_text")]
    pub wait: Duration,
    /// How long later ones wait.
    #[serde(serialize_with = "as_text")]
    pub interval: Duration,
}

/// When an alert that comes and goes is held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flap {
    /// Times it fired within `window`; 0 switches this off.
    pub times: usize,
    /// In how long.
    #[serde(serialize_with = "as_text")]
    pub window: Duration,
    /// How long it goes on firing then.
    #[serde(serialize_with = "as_text")]
    pub hold: Duration,
}

/// How many notifications go out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateLimit {
    /// Of each channel; the rest is told as one digest.
    pub per_channel: Rate,
}

/// How often a test alert goes the whole way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Drill {
    /// Never by itself.
    Off,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

impl Alerting {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| {
            let channels = channel::read(&keys.key("channels"));
            let known: Vec<&str> = channels.iter().map(|channel| &*channel.name).collect();
            let time = |low, high| duration_in(low..=high);
            Self {
                interval: keys.key("interval").get(time(MINUTE / 60, MINUTE * 60)).unwrap_or(MINUTE / 2),
                state: keys.key("state").file().unwrap_or_else(|| PathBuf::from("/var/lib/outrider")),
                retention: keys.key("retention").get(time(DAY / 24, DAY * 3660)).unwrap_or(DAY * 15),
                defaults: keys.key("defaults").get(flag).unwrap_or(true),
                min_requests: keys.key("min_requests").get(whole(0..=1_000_000)).unwrap_or(20),
                rules: rule::read(&keys.key("rules"), &known),
                rule_files: files::read(&keys.key("rule_files")),
                escalation: escalation(&keys.key("escalation"), &known),
                group: keys.key("group").map(|keys| Group {
                    by: keys.key("by").list(|item| item.get(label)).unwrap_or_default(),
                    wait: keys.key("wait").get(time(Duration::ZERO, DAY)).unwrap_or(Duration::ZERO),
                    interval: keys.key("interval").get(time(Duration::ZERO, DAY)).unwrap_or(MINUTE * 5),
                }),
                repeat: keys.key("repeat").get(time(MINUTE, DAY * 30)).unwrap_or(MINUTE * 240),
                flap: keys.key("flap").map(|keys| Flap {
                    times: keys.key("times").get(whole(0..=1_000)).unwrap_or(5),
                    window: keys.key("window").get(time(MINUTE, DAY)).unwrap_or(MINUTE * 60),
                    hold: keys.key("hold").get(time(MINUTE, DAY)).unwrap_or(MINUTE * 15),
                }),
                silences: quiet::silences(&keys.key("silences")),
                inhibition: quiet::inhibition(&keys.key("inhibition")),
                rate_limit: keys.key("rate_limit").map(|keys| RateLimit {
                    per_channel: keys.key("per_channel").get(rate).unwrap_or(Rate { count: 10, per: MINUTE }),
                }),
                drill: keys
                    .key("drill")
                    .get(one_of(&[("off", Drill::Off), ("daily", Drill::Daily), ("weekly", Drill::Weekly)]))
                    .unwrap_or(Drill::Off),
                channels,
            }
        })
    }
}

fn label(value: &super::yaml::Yaml) -> Result<String, String> {
    let name = text(value)?;
    label_name(&name).map(|()| name)
}

fn escalation(node: &Node<'_>, known: &[&str]) -> Vec<Escalation> {
    let steps = node.list(|item| {
        item.map(|keys| {
            let after = keys.key("after").need(duration_in(MINUTE / 60..=DAY * 7));
            let severity = keys.key("severity").one_or_many(|item| item.get(Severity::parse)).unwrap_or_default();
            let channels = keys.key("channels");
            if !channels.is_set() {
                channels.fault("is missing");
            }
            let channels = channel::names(&channels, known);
            let repeat = keys.key("repeat").get(duration_in(MINUTE..=DAY * 7));
            Some(Escalation { after: after?, severity, channels, repeat })
        })
    });
    steps.unwrap_or_default()
}

/// Labels or annotations: names and texts.
fn texts(node: &Node<'_>) -> Vec<(String, String)> {
    let texts = node.entries(|name, node| {
        if let Err(message) = label_name(name) {
            node.fault(message);
        }
        node.need(|value| value.plain().ok_or_else(|| format!("expected text, found {}", value.kind())))
            .map(|value| (name.to_owned(), value))
    });
    texts.unwrap_or_default()
}
