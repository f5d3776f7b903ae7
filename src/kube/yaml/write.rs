//! Values into text, as manifests are usually written: two spaces, lists not indented, quotes only where any reader of YAML 1.1 or
//! 1.2 could misread a word without them, and `|` for lines.

use super::scalar::{looks_like_a_number, resolve};
use serde_json::{Map, Value};

/// The text of one document, ending in a line break.
pub(in crate::kube) fn write(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(entries) if !entries.is_empty() => map(&mut text, entries, 0),
        Value::Array(items) if !items.is_empty() => list(&mut text, items, 0),
        other => {
            text.push_str(&scalar(other, 0));
            text.push('\n');
        }
    }
    text
}

fn map(text: &mut String, entries: &Map<String, Value>, indent: usize) {
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            text.push_str(&" ".repeat(indent));
        }
        text.push_str(&string(key));
        text.push(':');
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                text.push('\n');
                text.push_str(&" ".repeat(indent + 2));
                map(text, entries, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                list(text, items, indent);
            }
            other => {
                text.push(' ');
                text.push_str(&scalar(other, indent + 2));
                text.push('\n');
            }
        }
    }
}

fn list(text: &mut String, items: &[Value], indent: usize) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(&" ".repeat(indent));
        }
        text.push_str("- ");
        match item {
            Value::Object(entries) if !entries.is_empty() => map(text, entries, indent + 2),
            Value::Array(items) if !items.is_empty() => list(text, items, indent + 2),
            other => {
                text.push_str(&scalar(other, indent + 2));
                text.push('\n');
            }
        }
    }
}

/// What stands behind a key or a dash, without a line break at its end.
fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::String(text) if is_block(text) => block(text, indent),
        Value::String(text) => string(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        // Null, flags and numbers are the same in JSON.
        other => other.to_string(),
    }
}

/// Whether `|` gives a text back exactly, and is better to read.
fn is_block(text: &str) -> bool {
    let first = text.chars().next();
    let printable = |c: char| c == '\n' || c == '\t' || !(c.is_control() || is_unprintable(c));
    text.trim_end_matches('\n').contains('\n')
        && first.is_some_and(|c| !c.is_whitespace())
        && text.chars().all(printable)
}

fn block(text: &str, indent: usize) -> String {
    let ending = match text.len() - text.trim_end_matches('\n').len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    let mut written = ending.to_owned();
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        written.push('\n');
        if !line.is_empty() {
            written.push_str(&" ".repeat(indent));
            written.push_str(line);
        }
    }
    written
}

fn string(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    // A string of JSON is one of YAML too, but for a few characters that YAML does not take as they are.
    let quoted = Value::String(text.to_owned()).to_string();
    if !quoted.contains(is_unprintable) {
        return quoted;
    }
    let escape = |c: char| if is_unprintable(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    quoted.chars().map(escape).collect()
}

/// Characters of the basic plane that YAML wants escaped, besides those that JSON does.
fn is_unprintable(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn is_plain(text: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || " -_./:@+=(),;<>$%^*!?&'\"[]{}|~\\".contains(c);
    let word = text.strip_prefix("--").unwrap_or(text);
    let begins = word.starts_with(|c: char| c.is_alphanumeric() || "/_.$(".contains(c));
    begins
        && text.chars().all(inside)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !looks_like_a_number(text)
        && resolve(text).is_string()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_document_looks_as_manifests_do() {
        let value = json!({
            "kind": "Pod", "metadata": { "annotations": {}, "labels": { "a": "true", "b": "1.20" } },
            "spec": { "containers": [{ "name": "a", "args": ["run", "--zone", "- y"], "env": [], "ports": [{ "p": 1 }] }] },
            "data": { "f": "one\ntwo\n", "g": "one\n\n  two", "h": " x\ny", "mode": "0644", "on": "on" }, "n": null,
        });
        let expected = "\
kind: Pod
metadata:
  annotations: {}
  labels:
    a: \"true\"
    b: \"1.20\"
spec:
  containers:
  - name: a
    args:
    - run
    - --zone
    - \"- y\"
    env: []
    ports:
    - p: 1
data:
  f: |
    one
    two
  g: |-
    one

      two
  h: \" x\\ny\"
  mode: \"0644\"
  \"on\": \"on\"
\"n\": null
";
        assert_eq!(write(&value), expected);
        assert_eq!(read(expected, 1), Ok(Some(value)));
    }

    fn values() -> impl Strategy<Value = Value> {
        let word = prop_oneof!["[ -~\n\t]{0,12}", "\\PC{0,6}", "[0-9xo:._+-]{1,6}", "(yes|no|on|~|null|0644|<<|---|#)"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
            word.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((word.clone(), inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(value in values()) {
            let text = write(&value);
            let back = read(&text, 1).unwrap_or_else(|error| panic!("{error}\n{text}"));
            prop_assert_eq!(back.unwrap_or_default(), value, "{}", text);
        }
    }
}
