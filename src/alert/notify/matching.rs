//! Matchers over an alert's labels. `rule_name` stands for `alertname`, so that either can be written.

use regex::Regex;

use crate::alert::state::Alert;
use crate::config::alerting::quiet::{self, Operator};

/// All of them must hold.
#[derive(Debug)]
pub(super) struct Matchers(Vec<Matcher>);

#[derive(Debug)]
struct Matcher {
    name: String,
    is_wanted: bool,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Exact(String),
    Pattern(Regex),
}

impl Matchers {
    pub(super) fn new(configured: &[quiet::Matcher]) -> Self {
        Self(configured.iter().map(Matcher::new).collect())
    }

    pub(super) fn accept(&self, alert: &Alert) -> bool {
        self.0.iter().all(|matcher| matcher.accepts(label(alert, &matcher.name)))
    }
}

/// The value of a label, by either of its names.
pub(super) fn label<'a>(alert: &'a Alert, name: &str) -> &'a str {
    match name {
        "rule_name" if alert.labels.get(name).is_empty() => &alert.rule,
        name => alert.labels.get(name),
    }
}

impl Matcher {
    fn new(configured: &quiet::Matcher) -> Self {
        let (is_wanted, is_pattern) = match configured.operator {
            Operator::Equal => (true, false),
            Operator::NotEqual => (false, false),
            Operator::Matches => (true, true),
            Operator::NotMatches => (false, true),
        };
        let value = match is_pattern {
            true => Value::Pattern(
                Regex::new(&format!("^(?s:{})$", configured.value)).expect("the configuration checked the pattern"),
            ),
            false => Value::Exact(configured.value.clone()),
        };
        Self { name: configured.name.clone(), is_wanted, value }
    }

    fn accepts(&self, value: &str) -> bool {
        self.is_wanted
            == match &self.value {
                Value::Exact(wanted) => wanted == value,
                Value::Pattern(pattern) => pattern.is_match(value),
            }
    }
}
