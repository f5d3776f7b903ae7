//! The shape of a rule file. All scalars are taken as the text that stands there, as Prometheus takes them: `severity: 1` is
//! a label of the value `1`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml_ng::Value;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    groups: Option<Vec<RawGroup>>,
}

/// A group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    #[serde(default)]
    pub(super) name: String,
    pub(super) interval: Option<String>,
    pub(super) query_offset: Option<String>,
    pub(super) limit: Option<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) rules: Option<Vec<RawRule>>,
}

/// A rule of either kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) record: Option<String>,
    pub(super) alert: Option<String>,
    pub(super) expr: Option<String>,
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
    pub(super) keep_firing_for: Option<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) annotations: Option<BTreeMap<String, String>>,
}

/// The groups of a file, or every fault of its shape with its path.
pub(super) fn read(text: &str) -> Result<Vec<RawGroup>, Vec<(String, String)>> {
    let whole = |error: serde_yaml_ng::Error| vec![(String::new(), error.to_string())];
    // As a tree first, for the faults of YAML itself: a key that is there twice is only found here.
    let tree: Value = serde_yaml_ng::from_str(text).map_err(whole)?;
    if tree.is_null() {
        return Ok(Vec::new());
    }
    match serde_yaml_ng::from_str::<RawFile>(text) {
        Ok(file) => Ok(file.groups.unwrap_or_default()),
        Err(error) => {
            let each = faults_of_each(&texts(tree));
            Err(if each.is_empty() { whole(error) } else { each })
        }
    }
}

/// What is wrong with each rule and each group for itself.
fn faults_of_each(tree: &Value) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let groups = tree.get("groups").and_then(Value::as_sequence).map(Vec::as_slice).unwrap_or_default();
    for (at, group) in groups.iter().enumerate() {
        let path = format!("groups[{at}]");
        let mut bare = group.clone();
        let rules = bare.as_mapping_mut().and_then(|keys| keys.remove("rules"));
        try_as::<RawGroup>(&path, bare, &mut faults);
        match rules {
            Some(Value::Sequence(rules)) => {
                for (at, rule) in rules.into_iter().enumerate() {
                    try_as::<RawRule>(&format!("{path}.rules[{at}]"), rule, &mut faults);
                }
            }
            None | Some(Value::Null) => {}
            Some(_) => faults.push((format!("{path}.rules"), "must be a list of rules".into())),
        }
    }
    faults
}

fn try_as<T: DeserializeOwned>(path: &str, value: Value, faults: &mut Vec<(String, String)>) {
    if let Err(error) = serde_yaml_ng::from_value::<T>(value) {
        faults.push((path.to_owned(), error.to_string()));
    }
}

/// The tree with its numbers and booleans as text.
fn texts(value: Value) -> Value {
    match value {
        Value::Bool(is) => Value::String(is.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(texts).collect()),
        Value::Mapping(keys) => {
            keys.into_iter().map(|(key, value)| (key, texts(value))).collect::<serde_yaml_ng::Mapping>().into()
        }
        other => other,
    }
}
