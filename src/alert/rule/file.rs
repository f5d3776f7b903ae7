//! Prometheus rule files, as they are. All that is wrong in a file is told at once, each fault with its place.
//!
//! - `raw`: the file's shape

mod raw;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::{AlertingRule, Group, RecordingRule, Rule, Text, severity_of};
use crate::alert::template::Template;
use crate::base::duration::parse_duration;
use crate::base::labels::NAME;
use crate::config::alerting::Scope;
use crate::promql::Query;
use raw::{RawGroup, RawRule};

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub origin: String,
    /// The place in it, as `groups[0].rules[1].expr`; empty for the file as a whole.
    pub path: String,
    /// The rule's name, where it has one.
    pub rule: String,
    /// A sentence; a position in an expression or a template comes first.
    pub message: String,
}

/// `rules/a.yaml: groups[0].rules[1].expr (HighErrorRate): 1:5: parse error: …`
impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        if !self.rule.is_empty() {
            write!(f, " ({})", self.rule)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for RuleError {}

/// Reads a file.
pub fn load(path: &Path) -> Result<Vec<Group>, Vec<RuleError>> {
    let origin = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&origin, &text),
        Err(error) => {
            Err(vec![RuleError { origin, path: String::new(), rule: String::new(), message: error.to_string() }])
        }
    }
}

/// The groups of `text`; `origin` is what its faults and groups are told to be from.
pub fn parse(origin: &str, text: &str) -> Result<Vec<Group>, Vec<RuleError>> {
    let mut faults = Faults { origin, found: Vec::new() };
    let raw = raw::read(text).unwrap_or_else(|shape| {
        shape.into_iter().for_each(|(path, message)| faults.add(path, "", message));
        Vec::new()
    });
    let mut names = BTreeSet::new();
    let mut groups = Vec::with_capacity(raw.len());
    for (at, group) in raw.into_iter().enumerate() {
        let path = format!("groups[{at}]");
        if group.name.is_empty() {
            faults.add(format!("{path}.name"), "", "a group needs a name");
        } else if !names.insert(group.name.clone()) {
            faults.add(format!("{path}.name"), "", format!("groupname: {:?} is repeated in the same file", group.name));
        }
        groups.push(faults.group(&path, group));
    }
    if faults.found.is_empty() { Ok(groups) } else { Err(faults.found) }
}

/// Faults as they are found.
struct Faults<'a> {
    origin: &'a str,
    found: Vec<RuleError>,
}

impl Faults<'_> {
    fn add(&mut self, path: impl Into<String>, rule: &str, message: impl Into<String>) {
        let (path, rule, message) = (path.into(), rule.to_owned(), message.into());
        self.found.push(RuleError { origin: self.origin.to_owned(), path, rule, message });
    }

    fn group(&mut self, path: &str, raw: RawGroup) -> Group {
        let interval = self.duration(&format!("{path}.interval"), "", raw.interval.as_deref());
        let query_offset = self.duration(&format!("{path}.query_offset"), "", raw.query_offset.as_deref());
        let limit = raw.limit.map_or(Ok(0), |limit| limit.parse()).unwrap_or_else(|_| {
            self.add(format!("{path}.limit"), "", "must be a whole number, 0 for no limit");
            0
        });
        let shared: Vec<(String, String)> = raw.labels.unwrap_or_default().into_iter().collect();
        self.labels(&format!("{path}.labels"), "", shared.iter());
        let mut rules = Vec::new();
        for (at, mut rule) in raw.rules.unwrap_or_default().into_iter().enumerate() {
            // A group's labels are those of each of its rules, unless the rule has its own.
            let own = rule.labels.take().unwrap_or_default();
            rule.labels = Some(shared.iter().cloned().chain(own).collect());
            rules.extend(self.rule(&format!("{path}.rules[{at}]"), limit, rule));
        }
        Group {
            name: raw.name,
            origin: self.origin.to_owned(),
            interval: interval.filter(|interval| *interval > 0),
            query_offset: query_offset.unwrap_or(0),
            rules,
        }
    }

    fn rule(&mut self, path: &str, limit: usize, raw: RawRule) -> Option<Rule> {
        let known = self.found.len();
        let name = match (raw.record.as_deref(), raw.alert.as_deref()) {
            (Some(record), None) => record,
            (None, Some(alert)) => alert,
            (None, None) => {
                self.add(path, "", "one of 'record' or 'alert' must be set");
                return None;
            }
            (Some(_), Some(alert)) => {
                self.add(path, alert, "only one of 'record' and 'alert' must be set");
                return None;
            }
        };
        if name.is_empty() {
            self.add(path, "", "one of 'record' or 'alert' must be set");
        }
        let query = match raw.expr.as_deref() {
            None | Some("") => {
                self.add(format!("{path}.expr"), name, "field 'expr' must be set in rule");
                None
            }
            Some(text) => Query::parse(text)
                .map_err(|error| self.add(format!("{path}.expr"), name, format!("could not parse expression: {error}")))
                .ok(),
        };
        let labels: Vec<(String, String)> = raw.labels.clone().unwrap_or_default().into_iter().collect();
        self.labels(&format!("{path}.labels"), name, labels.iter());
        let rule = match raw.record {
            Some(_) => self.recording(path, name, query, labels, limit, &raw),
            None => self.alerting(path, name, query, labels, limit, &raw),
        };
        rule.filter(|_| self.found.len() == known)
    }

    fn recording(
        &mut self,
        path: &str,
        name: &str,
        query: Option<Query>,
        labels: Vec<(String, String)>,
        limit: usize,
        raw: &RawRule,
    ) -> Option<Rule> {
        let of_alerts = [
            ("annotations", raw.annotations.as_ref().is_some_and(|annotations| !annotations.is_empty())),
            ("for", raw.hold.as_deref().is_some_and(|hold| parse_duration(hold) != Some(0))),
            ("keep_firing_for", raw.keep_firing_for.as_deref().is_some_and(|keep| parse_duration(keep) != Some(0))),
        ];
        for (field, _) in of_alerts.iter().filter(|(_, set)| *set) {
            self.add(format!("{path}.{field}"), name, format!("invalid field '{field}' in recording rule"));
        }
        if !is_metric_name(name) {
            self.add(format!("{path}.record"), name, format!("invalid recording rule name: {name}"));
        }
        Some(Rule::Recording(Box::new(RecordingRule { record: name.to_owned(), query: query?, labels, limit })))
    }

    fn alerting(
        &mut self,
        path: &str,
        name: &str,
        query: Option<Query>,
        labels: Vec<(String, String)>,
        limit: usize,
        raw: &RawRule,
    ) -> Option<Rule> {
        let hold = self.duration(&format!("{path}.for"), name, raw.hold.as_deref());
        let keep = self.duration(&format!("{path}.keep_firing_for"), name, raw.keep_firing_for.as_deref());
        let severity = labels.iter().find(|(name, _)| name == "severity").map_or("", |(_, value)| value);
        let severity = severity_of(severity);
        let annotations: Vec<(String, String)> = raw.annotations.clone().unwrap_or_default().into_iter().collect();
        for (annotation, _) in annotations.iter().filter(|(annotation, _)| !is_label_name(annotation)) {
            let message = format!("invalid annotation name: {annotation}");
            self.add(format!("{path}.annotations.{annotation}"), name, message);
        }
        let labels = self.templates(&format!("{path}.labels"), name, labels);
        let annotations = self.templates(&format!("{path}.annotations"), name, annotations);
        Some(Rule::Alerting(Box::new(AlertingRule {
            name: name.to_owned(),
            query: query?,
            clear: None,
            hold: hold.unwrap_or(0),
            keep_firing_for: keep.unwrap_or(0),
            labels,
            annotations,
            severity,
            channels: Vec::new(),
            scope: Scope::Pod,
            limit,
        })))
    }

    fn templates(&mut self, path: &str, rule: &str, texts: Vec<(String, String)>) -> Vec<(String, Text)> {
        let mut read = Vec::with_capacity(texts.len());
        for (name, text) in texts {
            match Template::parse(&text) {
                Ok(template) => read.push((name, Text::Template(template))),
                Err(error) => self.add(format!("{path}.{name}"), rule, error.to_string()),
            }
        }
        read
    }

    fn labels<'b>(&mut self, path: &str, rule: &str, labels: impl Iterator<Item = &'b (String, String)>) {
        for (name, _) in labels.filter(|(name, _)| !is_label_name(name) || name == NAME) {
            self.add(format!("{path}.{name}"), rule, format!("invalid label name: {name}"));
        }
    }

    fn duration(&mut self, path: &str, rule: &str, text: Option<&str>) -> Option<i64> {
        let text = text?;
        let duration = parse_duration(text);
        if duration.is_none() {
            self.add(path, rule, format!("not a valid duration string: {text:?}"));
        }
        duration
    }
}

/// Letters, digits and underscores, no digit first.
pub(super) fn is_label_name(name: &str) -> bool {
    is_name(name, |c| c.is_ascii_alphanumeric() || c == '_')
}

/// A label's name, colons allowed.
pub(super) fn is_metric_name(name: &str) -> bool {
    is_name(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn is_name(name: &str, of: impl Fn(char) -> bool) -> bool {
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(of)
}

#[cfg(test)]
mod tests;
