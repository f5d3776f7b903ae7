//! The same rules for a Prometheus: a rule file, or a `PrometheusRule` for its operator.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::alert::message::{Term, plain};
use crate::alert::rule::{AlertingRule, Group, Rule, Text, signal};
use crate::config::print_duration;

/// What an export looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A rule file, as `rule_files` of Prometheus names it.
    RuleFile,
    /// A Kubernetes object of the Prometheus operator.
    PrometheusRule {
        /// Its name.
        name: String,
        /// Its namespace; the one it is applied to where absent.
        namespace: Option<String>,
    },
}

/// An export, and what it could not take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// YAML.
    pub text: String,
    /// What a Prometheus will do otherwise than we do, one sentence each.
    pub lost: Vec<String>,
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
    spec: File,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct File {
    groups: Vec<Grouped>,
}

#[derive(Serialize)]
struct Grouped {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_offset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    rules: Vec<Entry>,
}

#[derive(Default, Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_for: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// Writes `groups`; a group without rules is left out.
pub fn export(groups: &[Group], shape: &Shape) -> Export {
    let mut lost = Vec::new();
    let mut names = HashSet::new();
    let mut file = File { groups: Vec::new() };
    for group in groups.iter().filter(|group| !group.rules.is_empty()) {
        // Names are unique within a file, and these groups may come from several.
        let mut name = group.name.clone();
        while !names.insert(name.clone()) {
            name.push('\'');
        }
        let limit = group.rules.iter().map(|rule| match rule {
            Rule::Recording(rule) => rule.limit,
            Rule::Alerting(rule) => rule.limit,
        });
        file.groups.push(Grouped {
            name,
            interval: group.interval.map(duration),
            query_offset: (group.query_offset > 0).then(|| duration(group.query_offset)),
            limit: limit.max().filter(|limit| *limit > 0),
            rules: group.rules.iter().map(|rule| entry(rule, &mut lost)).collect(),
        });
    }
    let text = match shape {
        Shape::RuleFile => serde_yaml_ng::to_string(&file),
        Shape::PrometheusRule { name, namespace } => serde_yaml_ng::to_string(&Object {
            api_version: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: Metadata {
                name,
                namespace: namespace.as_deref(),
                labels: BTreeMap::from([("app.kubernetes.io/name", "outrider"), ("role", "alert-rules")]),
            },
            spec: file,
        }),
    };
    Export { text: text.expect("texts, numbers and maps with text for keys are YAML"), lost }
}

fn duration(millis: i64) -> String {
    print_duration(std::time::Duration::from_millis(millis.unsigned_abs()))
}

fn entry(rule: &Rule, lost: &mut Vec<String>) -> Entry {
    let rule = match rule {
        Rule::Alerting(rule) => rule,
        Rule::Recording(rule) => {
            return Entry {
                record: Some(rule.record.clone()),
                expr: rule.query.text().to_owned(),
                labels: rule.labels.iter().cloned().collect(),
                ..Entry::default()
            };
        }
    };
    if rule.clear.is_some() {
        lost.push(format!(
            "{}: Prometheus has no `clear`; it resolves as soon as its condition does not hold",
            rule.name
        ));
    }
    let texts = |texts: &[(String, Text)]| {
        texts.iter().map(|(name, text)| (name.clone(), template(text, rule))).collect::<BTreeMap<_, _>>()
    };
    Entry {
        alert: Some(rule.name.clone()),
        expr: rule.query.text().to_owned(),
        hold: (rule.hold > 0).then(|| duration(rule.hold)),
        keep_firing_for: (rule.keep_firing_for > 0).then(|| duration(rule.keep_firing_for)),
        labels: texts(&rule.labels),
        annotations: texts(&rule.annotations),
        ..Entry::default()
    }
}

/// The text as a Go template.
fn template(text: &Text, rule: &AlertingRule) -> String {
    match text {
        Text::Template(template) => template.text().to_owned(),
        Text::Plain(text) => plain(text),
        Text::Message { message, threshold, signals } => message.to_template(|name| match name {
            "value" => Term::Value,
            "threshold" => Term::Number(threshold.unwrap_or(f64::NAN)),
            name if signals.iter().any(|(signal, _)| signal == name) => match is_value_of(rule.query.text(), name) {
                true => Term::Value,
                false => {
                    let labels = signal::labels_of(name).iter().map(|label| (*label).to_owned()).collect();
                    Term::Series { name: name.to_owned(), labels }
                }
            },
            name => {
                let label = name.strip_prefix("labels.").unwrap_or(name);
                // A template sees the series' labels only, and not those that the rule itself gives the alert.
                match rule.labels.iter().find(|(own, _)| own == label) {
                    Some((_, own)) => Term::Text(own.source().to_owned()),
                    None => Term::Label(label.to_owned()),
                }
            }
        }),
    }
}

/// Whether the condition is `name > number`, so that its value is that of `name`.
fn is_value_of(condition: &str, name: &str) -> bool {
    let Some(rest) = condition.trim().strip_prefix(name) else { return false };
    let rest = rest.trim_start();
    let number = [">=", "<=", "==", "!=", ">", "<"].iter().find_map(|op| rest.strip_prefix(op));
    number.is_some_and(|number| number.trim().parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests;
