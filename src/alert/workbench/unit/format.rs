//! The file of `promtool test rules`: strict, as there a slip in a key's name would make a test that tests nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::base::Labels;
use crate::base::duration::parse_duration;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    #[serde(default)]
    pub(super) rule_files: Vec<String>,
    /// Milliseconds between two evaluations.
    #[serde(default, rename = "evaluation_interval", deserialize_with = "duration")]
    pub(super) interval: i64,
    /// Whether floats that differ in their last bit are equal.
    #[serde(default)]
    pub(super) fuzzy_compare: bool,
    #[serde(default)]
    pub(super) group_eval_order: Vec<String>,
    #[serde(default)]
    pub(super) tests: Vec<Test>,
}

/// Series, and what is expected of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    #[serde(default)]
    pub(super) name: String,
    /// Milliseconds between two values of a series.
    #[serde(default, deserialize_with = "duration")]
    pub(super) interval: i64,
    /// The instant at which all begins, Unix milliseconds.
    #[serde(default, rename = "start_timestamp", deserialize_with = "instant")]
    pub(super) start: i64,
    #[serde(default)]
    pub(super) input_series: Vec<InputSeries>,
    #[serde(default, rename = "alert_rule_test")]
    pub(super) alerts: Vec<AlertCase>,
    #[serde(default, rename = "promql_expr_test")]
    pub(super) expressions: Vec<ExprCase>,
    #[serde(default, deserialize_with = "labels")]
    pub(super) external_labels: Labels,
    #[serde(default)]
    pub(super) external_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputSeries {
    pub(super) series: String,
    #[serde(default)]
    pub(super) values: String,
}

/// The alerts of one name that fire at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertCase {
    /// Milliseconds from the start.
    #[serde(default, deserialize_with = "duration")]
    pub(super) eval_time: i64,
    #[serde(default)]
    pub(super) alertname: String,
    #[serde(default, deserialize_with = "list")]
    pub(super) exp_alerts: Vec<ExpectedAlert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedAlert {
    #[serde(default, deserialize_with = "texts")]
    pub(super) exp_labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "texts")]
    pub(super) exp_annotations: BTreeMap<String, String>,
}

/// The answer of an expression at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExprCase {
    #[serde(default)]
    pub(super) expr: String,
    /// Milliseconds from the start.
    #[serde(default, deserialize_with = "duration")]
    pub(super) eval_time: i64,
    #[serde(default, deserialize_with = "list")]
    pub(super) exp_samples: Vec<ExpectedSample>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedSample {
    #[serde(default)]
    pub(super) labels: String,
    #[serde(default)]
    pub(super) value: f64,
    pub(super) histogram: Option<String>,
}

impl Test {
    /// The latest time that anything is expected of.
    pub(super) fn last_eval_time(&self) -> i64 {
        let alerts = self.alerts.iter().map(|case| case.eval_time);
        alerts.chain(self.expressions.iter().map(|case| case.eval_time)).max().unwrap_or(0)
    }
}

/// Reads a file and fills in its defaults.
pub(super) fn parse(text: &str) -> Result<TestFile, String> {
    // As a tree first: only there a key that stands twice is found.
    serde_yaml_ng::from_str::<serde_yaml_ng::Value>(text).map_err(|error| error.to_string())?;
    let mut file: TestFile = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
    if file.interval == 0 {
        file.interval = 60_000;
    }
    for test in file.tests.iter_mut().filter(|test| test.interval == 0) {
        test.interval = file.interval;
    }
    for (at, name) in file.group_eval_order.iter().enumerate() {
        if file.group_eval_order[..at].contains(name) {
            return Err(format!("group name repeated in evaluation order: {name}"));
        }
    }
    Ok(file)
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    parse_duration(&text).ok_or_else(|| D::Error::custom(format!("not a valid duration string: {text:?}")))
}

/// Unix seconds, or a time as RFC 3339 has it.
fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    let seconds = text.parse::<f64>().ok().map(|seconds| (seconds * 1_000.0) as i64);
    let time = || chrono::DateTime::parse_from_rfc3339(&text).ok().map(|time| time.timestamp_millis());
    seconds.or_else(time).ok_or_else(|| D::Error::custom(format!("not a Unix time and not RFC 3339: {text:?}")))
}

fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    Ok(Labels::new(texts(from)?))
}

/// A key without a value is an empty map.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A key without a value is an empty list.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
