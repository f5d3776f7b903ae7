//! What is not told: silences with a schedule, and inhibition.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::config::read::{Keys, Node};
use crate::config::scalar::{one_of, text};
use crate::config::yaml::Yaml;

use super::label;

/// What is not told, and when. What is set must all hold; times are UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Silence {
    /// Which alerts; all must match, never empty.
    pub matchers: Vec<Matcher>,
    /// Minutes of the day, from and until; an end before its start is on the next day. Any time when empty.
    pub times: Vec<(u16, u16)>,
    /// Days of the week, 0 is Monday; any day when empty.
    pub weekdays: Vec<u8>,
    /// Not before, seconds of Unix time.
    pub from: Option<i64>,
    /// Not from then on, seconds of Unix time.
    pub until: Option<i64>,
    /// Why.
    pub comment: String,
}

/// What is not told while something else fires.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inhibition {
    /// While one of these fires,
    pub source: Vec<Matcher>,
    /// none of these is told
    pub target: Vec<Matcher>,
    /// that has the same values of these labels.
    pub equal: Vec<String>,
}

/// `name="value"`, `name!="value"`, `name=~"regex"` or `name!~"regex"`, as Alertmanager has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what; a regular expression is anchored at both ends.
    pub value: String,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    NotMatches,
}

const OPERATORS: [(&str, Operator); 4] =
    [("=~", Operator::Matches), ("!~", Operator::NotMatches), ("!=", Operator::NotEqual), ("=", Operator::Equal)];

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPERATORS.iter().find(|(_, operator)| *operator == self.operator).map_or("", |(sign, _)| sign);
        write!(f, "{}{sign}{:?}", self.name, self.value)
    }
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A [`Matcher`].
fn matcher(value: &Yaml) -> Result<Matcher, String> {
    let text = text(value)?;
    let wrong = || format!("expected a matcher such as severity=\"low\" or name=~\"high_.*\", found `{text}`");
    let at = text.find(['=', '!']).ok_or_else(wrong)?;
    let (name, rest) = text.split_at(at);
    let (sign, operator) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
    let name = label(&Yaml::Text(name.trim().to_owned()))?;
    let value = rest[sign.len()..].trim();
    let value = match value.strip_prefix('"') {
        // A JSON string has the escapes that Alertmanager allows, and more.
        Some(_) => serde_json::from_str(value).map_err(|_| wrong())?,
        None => value.to_owned(),
    };
    if matches!(operator, Operator::Matches | Operator::NotMatches) {
        regex::Regex::new(&value).map_err(|error| format!("is not a regular expression: {error}"))?;
    }
    Ok(Matcher { name, operator: *operator, value })
}

/// One matcher or more; none is a fault, as it would match everything.
fn matchers(node: &Node<'_>) -> Vec<Matcher> {
    let matchers = node.one_or_many(|item| item.get(matcher));
    if matchers.as_ref().is_none_or(Vec::is_empty) && (!node.is_set() || node.is_list()) {
        node.fault("needs at least one matcher");
    }
    matchers.unwrap_or_default()
}

pub(super) fn silences(node: &Node<'_>) -> Vec<Silence> {
    node.list(|item| item.map(|keys| Some(silence(keys)))).unwrap_or_default()
}

fn silence(keys: &mut Keys<'_>) -> Silence {
    let (from, until_node) = (keys.key("from").get(instant), keys.key("until"));
    let until = until_node.get(instant);
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        until_node.fault("must be after `from`");
    }
    Silence {
        matchers: matchers(&keys.key("matchers")),
        times: keys.key("times").one_or_many(|item| item.get(times)).unwrap_or_default(),
        weekdays: keys.key("weekdays").one_or_many(|item| item.get(days)).unwrap_or_default().concat(),
        from,
        until,
        comment: keys.key("comment").get(text).unwrap_or_default(),
    }
}

pub(super) fn inhibition(node: &Node<'_>) -> Vec<Inhibition> {
    let rules = node.list(|item| {
        item.map(|keys| {
            Some(Inhibition {
                source: matchers(&keys.key("source")),
                target: matchers(&keys.key("target")),
                equal: keys.key("equal").list(|item| item.get(label)).unwrap_or_default(),
            })
        })
    });
    rules.unwrap_or_default()
}

/// `22:00-06:00`, in minutes.
fn times(value: &Yaml) -> Result<(u16, u16), String> {
    let minute = |clock: &str| {
        let (hour, minute) = clock.trim().split_once(':')?;
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
    };
    let parsed = match value {
        Yaml::Text(text) => text.split_once('-').and_then(|(from, until)| minute(from).zip(minute(until))),
        _ => None,
    };
    parsed
        .filter(|(from, until)| from != until)
        .ok_or_else(|| format!("expected times of the day such as 22:00-06:00, found {}", value.kind()))
}

const DAYS: [(&str, u8); 7] =
    [("monday", 0), ("tuesday", 1), ("wednesday", 2), ("thursday", 3), ("friday", 4), ("saturday", 5), ("sunday", 6)];

/// `saturday`, or `monday-friday`.
fn days(value: &Yaml) -> Result<Vec<u8>, String> {
    let Yaml::Text(text) = value else { return one_of(&DAYS)(value).map(|day| vec![day]) };
    let day = |name: &str| one_of(&DAYS)(&Yaml::Text(name.trim().to_lowercase()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let length = (last + 7 - first) % 7;
    Ok((0..=length).map(|step| (first + step) % 7).collect())
}

/// `2026-11-24T22:00:00Z`, as Unix time.
fn instant(value: &Yaml) -> Result<i64, String> {
    let text = text(value)?;
    match chrono::DateTime::parse_from_rfc3339(&text) {
        Ok(instant) => Ok(instant.timestamp()),
        Err(_) => Err(format!("expected a time such as 2026-11-24T22:00:00Z, found `{text}`")),
    }
}
