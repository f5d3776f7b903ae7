//! The rules of `agent.yaml`: a condition over signals and metrics, and a message with their values in it.

use super::{AlertingRule, MESSAGE, RUNBOOK, RuleError, Text, reads, signal};
use crate::alert::message::{Kind, Message};
use crate::base::labels::NAME;
use crate::config::alerting::Rule as Configured;
use crate::promql::series::Op;
use crate::promql::{Query, ValueType};

/// The rule that `configured` means. `path` is its place in the file; `recorded` are the names of all series that rules make.
pub fn rule(
    configured: &Configured,
    origin: &str,
    path: &str,
    recorded: &[String],
) -> Result<AlertingRule, Vec<RuleError>> {
    let mut faults = Vec::new();
    let mut fault = |key: &str, message: String| {
        let (origin, rule) = (origin.to_owned(), configured.name.clone());
        faults.push(RuleError { origin, path: format!("{path}.{key}"), rule, message });
    };
    let mut parse = |key: &str, text: &str| match Query::parse(text) {
        Ok(query) if matches!(query.value_type(), ValueType::Scalar | ValueType::Vector) => Some(query),
        Ok(query) => {
            fault(key, format!("must give a vector, and this is a {}", query.value_type().name()));
            None
        }
        Err(error) => {
            fault(key, error.to_string());
            None
        }
    };
    let query = parse("condition", &configured.condition);
    let clear = configured.clear.as_deref().map(|text| parse("clear", text));
    let names = Names {
        read: query.as_ref().map(metrics).unwrap_or_default(),
        recorded,
        labels: configured.labels.iter().map(|(name, _)| name.as_str()).collect(),
        threshold: threshold(&configured.condition),
    };
    let mut annotations = Vec::new();
    let texts = [(MESSAGE, &configured.message, "message".to_owned())].into_iter();
    let more = configured.annotations.iter().map(|(name, text)| (&**name, text, format!("annotations.{name}")));
    for (name, text, key) in texts.chain(more) {
        match Message::parse(text, |name| names.kind(name)) {
            Ok(message) => annotations.push((name.to_owned(), names.text(message))),
            // What the names of a broken condition are, nobody knows.
            Err(_) if query.is_none() => {}
            Err(error) => fault(&key, error.to_string()),
        }
    }
    annotations.extend(configured.runbook.clone().map(|url| (RUNBOOK.to_owned(), Text::Plain(url))));
    let severity = ("severity".to_owned(), Text::Plain(configured.severity.as_str().to_owned()));
    let labels = configured.labels.iter().map(|(name, value)| (name.clone(), Text::Plain(value.clone())));
    match (query, clear, faults.is_empty()) {
        (Some(query), clear @ (None | Some(Some(_))), true) => Ok(AlertingRule {
            name: configured.name.clone(),
            query,
            clear: clear.flatten(),
            hold: millis(configured.hold),
            keep_firing_for: millis(configured.keep_firing_for),
            labels: [severity].into_iter().chain(labels).collect(),
            annotations,
            severity: configured.severity,
            channels: configured.channels.clone(),
            scope: configured.scope,
            limit: 0,
        }),
        _ => Err(faults),
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The names of the metrics that `query` reads.
fn metrics(query: &Query) -> Vec<String> {
    let reads = reads::of(query);
    let named = |read: &super::Read| {
        read.matchers.iter().find_map(|matcher| match &matcher.op {
            Op::Equal(name) if matcher.name == NAME => Some(name.clone()),
            _ => None,
        })
    };
    reads.iter().filter_map(named).collect()
}

/// The number that a condition ends in, where it compares with one.
fn threshold(condition: &str) -> Option<f64> {
    let (_, end) = condition.rsplit_once(['<', '>', '='])?;
    end.trim_start_matches("bool ").trim().parse().ok()
}

/// What a message may name.
struct Names<'a> {
    read: Vec<String>,
    recorded: &'a [String],
    labels: Vec<&'a str>,
    threshold: Option<f64>,
}

impl Names<'_> {
    fn kind(&self, name: &str) -> Result<Kind, String> {
        let is = |names: &[String]| names.iter().any(|known| known == name);
        match name {
            "value" => Ok(Kind::Number),
            "threshold" if self.threshold.is_some() => Ok(Kind::Number),
            "threshold" => Err("`threshold` is the number that a condition ends in, and this one ends in none".into()),
            _ if is(&self.read) || is(self.recorded) => Ok(Kind::Number),
            name if name.strip_prefix("labels.").is_some_and(super::file::is_label_name) => Ok(Kind::Text),
            name if self.labels.contains(&name) || self.has_label(name) => Ok(Kind::Text),
            name => {
                let known: Vec<&str> = ["value"].into_iter().chain(self.read.iter().map(String::as_str)).collect();
                let known = known.join(", ");
                Err(format!(
                    "`{name}` is no signal, and the condition does not read it; known here are {known}, every signal, and the alert's labels as labels.<name>"
                ))
            }
        }
    }

    /// Whether a signal of the condition has this label.
    fn has_label(&self, name: &str) -> bool {
        self.read.iter().any(|signal| signal::labels_of(signal).contains(&name))
    }

    fn text(&self, message: Message) -> Text {
        let numbers = message.names().into_iter().filter(|name| !matches!(*name, "value" | "threshold"));
        let signals = numbers
            .filter(|name| matches!(self.kind(name), Ok(Kind::Number)))
            .filter_map(|name| Query::parse(name).ok().map(|query| (name.to_owned(), query)))
            .collect();
        Text::Message { message, threshold: self.threshold, signals }
    }
}

#[cfg(test)]
mod tests;
