//! What a pipeline passes on, and how Go prints it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::number::shortest;
use super::time;
use crate::base::Labels;

/// A value in a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `nil`, and what a map without the key gives.
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// `map[string]string`: an absent label is the empty text.
    Labels(Labels),
    /// What `args` makes.
    Args(Arc<BTreeMap<String, Value>>),
    /// What `query` answers.
    Samples(Arc<[Sample]>),
    Sample(Arc<Sample>),
    /// The template's own data.
    Root(Arc<Root>),
    /// Unix milliseconds.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
}

/// What `.` is at the start of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Root {
    pub(super) labels: Labels,
    pub(super) external_labels: Labels,
    pub(super) external_url: String,
    pub(super) value: f64,
}

/// One element of a query's answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: f64,
}

impl Value {
    /// What Go calls its type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Args(_) => "map[string]interface {}",
            Self::Samples(_) => "template.queryResult",
            Self::Sample(_) => "*template.sample",
            Self::Root(_) => "struct",
            Self::Time(_) => "*time.Time",
            Self::Duration(_) => "*time.Duration",
        }
    }

    /// Whether `if` takes it as true: it is neither zero nor empty.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(is) => *is,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Args(args) => !args.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            Self::Sample(_) | Self::Root(_) | Self::Time(_) | Self::Duration(_) => true,
        }
    }

    /// As Go's `%v` prints it.
    pub(super) fn print(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => shortest(*number),
            Self::Text(text) => text.clone(),
            Self::Labels(labels) => print_labels(labels),
            Self::Args(args) => {
                let pairs: Vec<String> = args.iter().map(|(key, value)| format!("{key}:{}", value.print())).collect();
                format!("map[{}]", pairs.join(" "))
            }
            Self::Samples(samples) => {
                let all: Vec<String> = samples.iter().map(Sample::print).collect();
                format!("[{}]", all.join(" "))
            }
            Self::Sample(sample) => sample.print(),
            Self::Root(root) => {
                let (labels, external) = (print_labels(&root.labels), print_labels(&root.external_labels));
                format!("{{{labels} {external} {} {}}}", root.external_url, shortest(root.value))
            }
            Self::Time(millis) => time::print(*millis),
            Self::Duration(nanos) => time::print_duration(*nanos),
        }
    }

    /// What `{{ … }}` writes.
    pub(super) fn output(&self) -> String {
        match self {
            Self::Nil => "<no value>".to_owned(),
            value => value.print(),
        }
    }
}

impl Sample {
    fn print(&self) -> String {
        format!("{{{} {}}}", print_labels(&self.labels), shortest(self.value))
    }
}

fn print_labels(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("map[{}]", pairs.join(" "))
}
