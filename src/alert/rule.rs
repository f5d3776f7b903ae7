//! Rules: what is evaluated, and what it gives. A rule knows neither clock nor storage: both are passed in.
//!
//! - `eval`: a rule, an instant and a source in; series or active elements out
//! - `text`: labels and annotations, rendered when somebody reads them
//! - `reads`: which series a rule reads, and how far back
//! - `set`: all rules together, in an order in which each finds what others record
//! - `file`: Prometheus rule files
//! - `own`, `default`: the rules of `agent.yaml`; the nine that come with us
//! - `signal`, `slo`: the recording rules behind the signals; burn rates of service level objectives

pub mod default;
mod eval;
pub mod file;
pub mod own;
mod reads;
mod set;
pub mod signal;
pub mod slo;
mod text;

pub use eval::{ALERT_NAME, Active, Context, EvalError};
pub use file::RuleError;
pub use reads::Read;
pub use set::{GROUP, RuleSet};
pub use slo::GROUP as SLO_GROUP;
pub use text::Text;

use crate::config::alerting::{Scope, Severity};
use crate::promql::{Options, Query};

/// Rules that are evaluated together, one after the other, at one interval.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name; unique within its origin.
    pub name: String,
    /// The file it is from; ours have names in angle brackets.
    pub origin: String,
    /// Milliseconds between two evaluations; the engine's interval where absent.
    pub interval: Option<i64>,
    /// How far behind the clock it is evaluated, in milliseconds: for series that arrive late.
    pub query_offset: i64,
    /// In the order in which they are evaluated.
    pub rules: Vec<Rule>,
}

impl Group {
    /// The same group with queries that read their samples as `options` say.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        for rule in &mut self.rules {
            match rule {
                Rule::Recording(rule) => rule.query = rule.query.clone().with_options(options),
                Rule::Alerting(rule) => {
                    rule.query = rule.query.clone().with_options(options);
                    rule.clear = rule.clear.take().map(|clear| clear.with_options(options));
                }
            }
        }
        self
    }
}

/// What a group holds.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Makes series out of series.
    Recording(Box<RecordingRule>),
    /// Makes alerts out of series.
    Alerting(Box<AlertingRule>),
}

impl Rule {
    /// The series' or the alert's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Recording(rule) => &rule.record,
            Self::Alerting(rule) => &rule.name,
        }
    }

    /// Its expression.
    pub fn query(&self) -> &Query {
        match self {
            Self::Recording(rule) => &rule.query,
            Self::Alerting(rule) => &rule.query,
        }
    }
}

/// Makes series out of series.
#[derive(Clone, Debug)]
pub struct RecordingRule {
    /// The name of the series it makes.
    pub record: String,
    /// What their values are.
    pub query: Query,
    /// Labels that they get; an empty value takes one away.
    pub labels: Vec<(String, String)>,
    /// More series than this are an error; 0 is no limit.
    pub limit: usize,
}

/// Makes alerts out of series.
#[derive(Clone, Debug)]
pub struct AlertingRule {
    /// The alerts' `alertname`.
    pub name: String,
    /// Every element of its result is an active alert.
    pub query: Query,
    /// Where it is set, an alert that fires resolves only once this has an element of its labels.
    pub clear: Option<Query>,
    /// `for`: milliseconds that an element must be active before it fires.
    pub hold: i64,
    /// Milliseconds that an alert goes on firing after its element is gone.
    pub keep_firing_for: i64,
    /// Labels that the alerts get beside those of their element.
    pub labels: Vec<(String, Text)>,
    /// What is said of them.
    pub annotations: Vec<(String, Text)>,
    /// How bad it is: the rule's own, or what its label `severity` says; the severity of an alert whose label is a template
    /// is told by the alert.
    pub severity: Severity,
    /// The channels that tell it; all when empty.
    pub channels: Vec<String>,
    /// Whether replicas of the gateway have this alert each or together.
    pub scope: Scope,
    /// More alerts than this are an error; 0 is no limit.
    pub limit: usize,
}

/// The annotation that holds a rule's message.
pub const MESSAGE: &str = "summary";

/// The annotation that says what to do.
pub const RUNBOOK: &str = "runbook_url";

/// The severity that a label's value says: ours by their names, what Prometheus rule files usually write by its meaning,
/// anything else `medium`.
pub fn severity_of(label: &str) -> Severity {
    match label.to_ascii_lowercase().as_str() {
        "critical" | "page" | "emergency" | "fatal" => Severity::Critical,
        "high" | "error" | "major" => Severity::High,
        "low" | "minor" => Severity::Low,
        "info" | "information" | "none" => Severity::Info,
        _ => Severity::Medium,
    }
}
