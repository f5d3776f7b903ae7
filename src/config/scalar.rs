//! Single values: text, numbers, durations, sizes, rates, addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serializer;

use super::read::nearest;
use super::yaml::Yaml;

/// Text that is not empty.
pub(super) fn text(value: &Yaml) -> Result<String, String> {
    match value {
        Yaml::Text(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Yaml::Text(text) => Ok(text.clone()),
        Yaml::Bool(_) | Yaml::Int(_) | Yaml::Float(_) => {
            Err(format!("expected text, found {}; put it in quotes if it is meant as text", value.kind()))
        }
        other => Err(format!("expected text, found {}", other.kind())),
    }
}

/// A whole number within `range`.
pub(super) fn whole(range: RangeInclusive<usize>) -> impl Fn(&Yaml) -> Result<usize, String> {
    move |value| {
        let (low, high) = (*range.start(), *range.end());
        match value {
            Yaml::Int(number) => usize::try_from(*number).ok().filter(|number| range.contains(number)),
            _ => None,
        }
        .ok_or_else(|| format!("expected a whole number from {low} to {high}, found {}", value.kind()))
    }
}

/// A whole number from 1 to `high`.
pub(super) fn positive(high: usize) -> impl Fn(&Yaml) -> Result<NonZeroUsize, String> {
    move |value| whole(1..=high)(value).and_then(|number| NonZeroUsize::new(number).ok_or_else(|| "is 0".to_owned()))
}

/// A finite number within `range`.
pub(super) fn number(range: RangeInclusive<f64>) -> impl Fn(&Yaml) -> Result<f64, String> {
    move |value| {
        let (low, high) = (*range.start(), *range.end());
        match value {
            Yaml::Int(number) => Some(*number as f64),
            Yaml::Float(number) => Some(*number),
            _ => None,
        }
        .filter(|number| range.contains(number))
        .ok_or_else(|| match high {
            f64::MAX => format!("expected a number of at least {low}, found {}", value.kind()),
            _ => format!("expected a number from {low} to {high}, found {}", value.kind()),
        })
    }
}

/// One of a few words.
pub(super) fn one_of<T: Clone>(choices: &[(&'static str, T)]) -> impl Fn(&Yaml) -> Result<T, String> {
    move |value| {
        let word = match value {
            Yaml::Text(word) => word,
            _ => "",
        };
        choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| choice.clone()).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let hint = nearest(word, &names).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("expected one of {}, found {}{hint}", names.join(", "), value.kind())
        })
    }
}

/// A duration as Prometheus writes it: `250ms`, `30s`, `1h30m`, `15d`.
pub(super) fn duration(value: &Yaml) -> Result<Duration, String> {
    let wrong = || format!("expected a duration such as 30s, 5m or 1h30m, found {}", value.kind());
    match value {
        Yaml::Text(text) => parse_duration(text).ok_or_else(wrong),
        Yaml::Int(0) => Ok(Duration::ZERO),
        Yaml::Int(number) => Err(format!("a duration needs a unit: write {number}s or {number}m")),
        _ => Err(wrong()),
    }
}

/// A duration within `range`.
pub(super) fn duration_in(range: RangeInclusive<Duration>) -> impl Fn(&Yaml) -> Result<Duration, String> {
    move |value| {
        let duration = duration(value)?;
        if range.contains(&duration) {
            return Ok(duration);
        }
        let (low, high) = (print_duration(*range.start()), print_duration(*range.end()));
        Err(format!("must be from {low} to {high}, found {}", value.kind()))
    }
}

/// Units from long to short; each may be there once, in this order.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

fn parse_duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total, mut left) = (text, 0_u64, &UNITS[..]);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    while !rest.is_empty() {
        let (digits, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let at = left.iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(left[at].1)?)?;
        (rest, left) = (tail, &left[at + 1..]);
    }
    (!text.is_empty()).then_some(Duration::from_millis(total))
}

/// The shortest form that reads back as the same duration.
pub fn print_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    // Weeks and years are read, but days say the same and are never ambiguous.
    for (unit, millis) in &UNITS[2..] {
        if left >= *millis {
            text.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Serialises a duration as it is written in the file.
pub(super) fn as_text<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print_duration(*duration))
}

/// An address to listen on: `0.0.0.0:8080`, `[::]:8080`, `:8080` (all addresses), `localhost:8080`.
pub(super) fn address(value: &Yaml) -> Result<SocketAddr, String> {
    let wrong = || format!("expected an address and a port such as 0.0.0.0:8080, found {}", value.kind());
    let Yaml::Text(text) = value else {
        return Err(match value {
            Yaml::Int(port @ 1..=65_535) => format!("expected an address and a port; write 0.0.0.0:{port}"),
            _ => wrong(),
        });
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse::<u16>().map_err(|_| wrong())?;
    match host {
        "" => Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        "localhost" => Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ => text.parse().map_err(|_| match host.contains(|c: char| c.is_ascii_alphabetic()) && !host.contains(':') {
            true => format!("a listener needs an IP address, not the name `{host}`"),
            false => wrong(),
        }),
    }
}
