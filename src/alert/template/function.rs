//! The functions that Prometheus adds to Go's.

use std::collections::BTreeMap;

use regex::Regex;

use super::builtin::{self, wrong_count, wrong_type};
use super::value::{Sample, Value};
use super::{Scope, humanize, link};
use crate::base::duration::parse_duration;

/// Their names.
const NAMES: [&str; 28] = [
    "args",
    "externalURL",
    "first",
    "graphLink",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "label",
    "match",
    "now",
    "parseDuration",
    "pathPrefix",
    "query",
    "reReplaceAll",
    "safeHtml",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "value",
];

/// Whether a template may use `name`.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || builtin::NAMES.contains(&name) || name == "urlQueryEscape"
}

/// What `name` gives.
pub(super) fn call(name: &str, args: &[Value], scope: &Scope<'_>) -> Result<Value, String> {
    if let Some(result) = builtin::call(name, args) {
        return result;
    }
    match (name, args) {
        ("args", args) => {
            let named: BTreeMap<String, Value> =
                args.iter().enumerate().map(|(at, value)| (format!("arg{at}"), value.clone())).collect();
            Ok(Value::Args(named.into()))
        }
        ("externalURL", []) => Ok(Value::Text(scope.external_url.to_owned())),
        ("pathPrefix", []) => Ok(Value::Text(link::path(scope.external_url).to_owned())),
        ("now", []) => Ok(Value::Float((scope.now / 1_000) as f64)),
        ("externalURL" | "pathPrefix" | "now", _) => Err(wrong_count(name, 0, args.len())),
        ("match", [Value::Text(pattern), Value::Text(text)]) => Ok(Value::Bool(compile(pattern)?.is_match(text))),
        ("reReplaceAll", [Value::Text(pattern), Value::Text(with), Value::Text(text)]) => {
            Ok(Value::Text(compile(pattern)?.replace_all(text, with.as_str()).into_owned()))
        }
        ("label", [Value::Text(name), Value::Sample(sample)]) => Ok(Value::Text(sample.labels.get(name).to_owned())),
        ("sortByLabel", [Value::Text(name), Value::Samples(samples)]) => {
            let mut samples = samples.to_vec();
            samples.sort_by(|a, b| a.labels.get(name).cmp(b.labels.get(name)));
            Ok(Value::Samples(samples.into()))
        }
        ("label" | "sortByLabel", [Value::Text(_), other]) => Err(wrong_type("the answer of a query", other)),
        ("match" | "label" | "sortByLabel", args) => Err(want_text(name, 2, args)),
        ("reReplaceAll", args) => Err(want_text(name, 3, args)),
        (_, [value]) => of_one(name, value, scope),
        (_, args) => Err(wrong_count(name, 1, args.len())),
    }
}

fn of_one(name: &str, value: &Value, scope: &Scope<'_>) -> Result<Value, String> {
    let text = || match value {
        Value::Text(text) => Ok(text.as_str()),
        other => Err(wrong_type("string", other)),
    };
    let said = |text: String| Ok(Value::Text(text));
    match name {
        "query" => (scope.query)(text()?).map(|found| {
            Value::Samples(found.into_iter().map(|(labels, value)| Sample { labels, value }).collect::<Vec<_>>().into())
        }),
        "first" => match value {
            Value::Samples(samples) => match samples.first() {
                Some(sample) => Ok(Value::Sample(sample.clone().into())),
                None => Err("first() called on vector with no elements".into()),
            },
            other => Err(wrong_type("the answer of a query", other)),
        },
        "value" | "strvalue" => match value {
            Value::Sample(sample) if name == "value" => Ok(Value::Float(sample.value)),
            Value::Sample(sample) => Ok(Value::Text(sample.labels.get("__value__").to_owned())),
            other => Err(wrong_type("an element of a query's answer", other)),
        },
        "graphLink" => said(link::browser(text()?, 0)),
        "tableLink" => said(link::browser(text()?, 1)),
        "stripPort" => said(link::strip_port(text()?).to_owned()),
        "stripDomain" => said(link::strip_domain(text()?)),
        "urlQueryEscape" => said(link::query_escape(text()?)),
        "safeHtml" => said(text()?.to_owned()),
        "title" => said(title(text()?)),
        "toUpper" => said(text()?.to_uppercase()),
        "toLower" => said(text()?.to_lowercase()),
        "parseDuration" => match parse_duration(text()?) {
            Some(millis) => Ok(Value::Float(millis as f64 / 1_000.0)),
            None => Err(format!("not a valid duration string: {:?}", text()?)),
        },
        "humanize" => said(humanize::humanize(number(value)?)),
        "humanize1024" => said(humanize::humanize1024(number(value)?)),
        "humanizeDuration" => said(humanize::duration(number(value)?)),
        "humanizePercentage" => said(humanize::percentage(number(value)?)),
        "humanizeTimestamp" => said(humanize::timestamp(number(value)?)?),
        "toTime" => humanize::millis(number(value)?).map(Value::Time),
        "toDuration" => Ok(Value::Duration((number(value)? * 1e9) as i64)),
        _ => Err(format!("function {name:?} not defined")),
    }
}

/// What is not text where only text may be.
fn want_text(name: &str, count: usize, args: &[Value]) -> String {
    match args.iter().find(|value| !matches!(value, Value::Text(_))) {
        Some(other) if args.len() == count => wrong_type("string", other),
        _ => wrong_count(name, count, args.len()),
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|_| format!("error parsing regexp: {pattern:?}"))
}

/// Numbers, and text that is one.
fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Int(number) => Ok(*number as f64),
        Value::Duration(nanos) => Ok(*nanos as f64 / 1e9),
        Value::Text(text) => text.parse().map_err(|_| format!("parsing {text:?}: invalid syntax")),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// The first letter of each word in upper case; a word starts behind what is no letter, digit or underscore.
fn title(text: &str) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let starts = !(before.is_alphanumeric() || before == '_') && (before.is_ascii() || before.is_whitespace());
        if starts {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}
