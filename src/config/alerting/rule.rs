//! Alerting rules and service level objectives. Whether a condition is PromQL is for the rules themselves to say; its
//! shape is checked here.

use std::time::Duration;

use serde::Serialize;

use super::{DAY, MINUTE, Severity, channel, texts};
use crate::config::quantity::{as_text, as_text_or_none, duration_in};
use crate::config::read::{Keys, Node, Unique};
use crate::config::routes::{Pattern, patterns};
use crate::config::scalar::{flag, number, one_of, text};
use crate::config::upstream::url;
use crate::config::yaml::Yaml;

/// An alerting rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Its name; unique.
    pub name: String,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// PromQL over signals and metrics.
    pub condition: String,
    /// PromQL that must hold for a firing alert to resolve; the condition no longer holding is enough when absent.
    pub clear: Option<String>,
    /// How long the condition must hold.
    #[serde(rename = "for", serialize_with = "as_text")]
    pub hold: Duration,
    /// How long it goes on firing after the condition no longer holds.
    #[serde(serialize_with = "as_text")]
    pub keep_firing_for: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// The message, with `{signal:.2%}` in it.
    pub message: String,
    /// The channels that tell it; all when empty.
    pub channels: Vec<String>,
    /// More labels of the alert.
    pub labels: Vec<(String, String)>,
    /// More texts of the alert.
    pub annotations: Vec<(String, String)>,
    /// What to do.
    pub runbook: Option<String>,
    /// Whether replicas of the gateway have this alert each or together.
    pub scope: Scope,
}

/// Whose alert it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Each replica's.
    Pod,
    /// That of all replicas: they share its fingerprint.
    Service,
}

/// A service level objective, from which burn-rate rules are made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slo {
    /// Its name; unique.
    pub name: String,
    /// The share of requests that must be good, above 0 and below 1.
    pub objective: f64,
    /// Over how long.
    #[serde(serialize_with = "as_text")]
    pub window: Duration,
    /// Good is: not a 5xx, and where this is set, no slower either.
    #[serde(serialize_with = "as_text_or_none")]
    pub latency: Option<Duration>,
    /// Which endpoints; all when empty.
    pub endpoints: Vec<Pattern>,
    /// The channels that tell it; all when empty.
    pub channels: Vec<String>,
    /// What to do.
    pub runbook: Option<String>,
}

/// All rules.
pub(super) fn read(node: &Node<'_>, known: &[&str]) -> Vec<Rule> {
    let mut names = Unique::default();
    node.list(|item| item.map(|keys| rule(keys, known, &mut names))).unwrap_or_default()
}

fn rule(keys: &mut Keys<'_>, known: &[&str], names: &mut Unique) -> Option<Rule> {
    let name = named(keys, names);
    let enabled = keys.key("enabled").get(flag).unwrap_or(true);
    let condition = keys.key("condition").need(condition);
    check_threshold(&keys.key("threshold"), condition.as_deref());
    let clear = keys.key("clear").get(self::condition);
    let hold = keys.key("for").get(duration_in(Duration::ZERO..=DAY * 30)).unwrap_or_default();
    let keep_firing_for = keys.key("keep_firing_for").get(duration_in(Duration::ZERO..=DAY * 30)).unwrap_or_default();
    let severity = keys.key("severity").get(Severity::parse).unwrap_or(Severity::Medium);
    let message = keys.key("message").get(text);
    let channels = channel::names(&keys.key("channels"), known);
    let (labels, annotations) = (texts(&keys.key("labels")), texts(&keys.key("annotations")));
    let runbook = keys.key("runbook").get(url).map(|url| url.as_str().to_owned());
    let scope = keys.key("scope").get(one_of(&[("pod", Scope::Pod), ("service", Scope::Service)]));
    let (name, condition) = (name?, condition?);
    Some(Rule {
        message: message.unwrap_or_else(|| format!("{name}: {condition}")),
        name,
        enabled,
        condition,
        clear,
        hold,
        keep_firing_for,
        severity,
        channels,
        labels,
        annotations,
        runbook,
        scope: scope.unwrap_or(Scope::Pod),
    })
}

/// `slos:`.
pub(in crate::config) fn slos(node: &Node<'_>, known: &[&str]) -> Vec<Slo> {
    let mut names = Unique::default();
    let slos = node.list(|item| {
        item.map(|keys| {
            let name = named(keys, &mut names);
            let objective = keys.key("objective").need(number(0.5..=0.99999));
            let window = keys.key("window").get(duration_in(DAY..=DAY * 90)).unwrap_or(DAY * 30);
            let latency = keys.key("latency").get(duration_in(Duration::from_millis(1)..=MINUTE * 10));
            let endpoints = patterns(&keys.key("endpoints")).unwrap_or_default();
            let channels = channel::names(&keys.key("channels"), known);
            let runbook = keys.key("runbook").get(url).map(|url| url.as_str().to_owned());
            Some(Slo { name: name?, objective: objective?, window, latency, endpoints, channels, runbook })
        })
    });
    slos.unwrap_or_default()
}

fn named(keys: &mut Keys<'_>, names: &mut Unique) -> Option<String> {
    let node = keys.key("name");
    let name = node.need(text);
    name.iter().for_each(|name| names.take(&node, name));
    name
}

/// Text with its brackets in pairs.
fn condition(value: &Yaml) -> Result<String, String> {
    let condition = text(value)?;
    let (mut open, mut quote) = (Vec::new(), None);
    let mut characters = condition.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some('"' | '\''), '\\') => drop(characters.next()),
            (Some(mark), _) if c == mark => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => open.push(c),
            (None, ')' | ']' | '}') if open.pop() != Some(opening(c)) => return Err(format!("has a `{c}` too many")),
            _ => {}
        }
    }
    match (quote, open.last()) {
        (Some(mark), _) => Err(format!("has a {mark} that does not end")),
        (_, Some(bracket)) => Err(format!("has a `{bracket}` that does not end")),
        _ => Ok(condition),
    }
}

fn opening(closing: char) -> char {
    match closing {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// `threshold` repeats the number that the condition ends in; one that differs is a mistake in one of the two.
fn check_threshold(node: &Node<'_>, condition: Option<&str>) {
    let Some((threshold, condition)) = node.get(number(f64::MIN..=f64::MAX)).zip(condition) else { return };
    let (_, end) = condition.rsplit_once(['<', '>', '=']).unwrap_or_default();
    match end.trim_start_matches("bool ").trim().parse::<f64>() {
        Ok(number) if number == threshold => {}
        Ok(number) => node.fault(format!("is {threshold}, but the condition compares with {number}")),
        Err(_) => node.fault("needs a condition that ends in a comparison with a number, such as `error_rate > 0.05`"),
    }
}
