//! Durations, sizes and rates, read and printed as they are written in the file.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::yaml::Yaml;

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

/// The same for a duration that may be absent.
pub(super) fn as_text_or_none<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(print_duration).serialize(serializer)
}

/// A size in bytes: `65536`, `64KiB`, `16MiB`, `1GiB`, `10MB`.
pub(super) fn size(value: &Yaml) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let bytes = match value {
        Yaml::Int(number) => u64::try_from(*number).ok(),
        Yaml::Text(text) => UNITS
            .iter()
            .find_map(|(unit, factor)| text.strip_suffix(unit)?.trim_end().parse::<u64>().ok()?.checked_mul(*factor)),
        _ => None,
    };
    bytes.ok_or_else(|| format!("expected a size such as 64KiB or 16MiB, found {}", value.kind()))
}

/// So many per so long: `10/m`, `5/s`, `100/h`, `3/10m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least one.
    pub count: u32,
    /// In how long; never zero.
    pub per: Duration,
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let per = print_duration(self.per);
        let per = per.strip_prefix('1').filter(|unit| !unit.contains(|c: char| c.is_ascii_digit())).unwrap_or(&per);
        serializer.collect_str(&format_args!("{}/{per}", self.count))
    }
}

/// A [`Rate`].
pub(super) fn rate(value: &Yaml) -> Result<Rate, String> {
    let parsed = match value {
        Yaml::Text(text) => text.split_once('/').and_then(|(count, per)| {
            let count = count.trim().parse().ok().filter(|count| *count > 0)?;
            let per = per.trim();
            let per = parse_duration(per).or_else(|| parse_duration(&format!("1{per}")))?;
            (!per.is_zero()).then_some(Rate { count, per })
        }),
        _ => None,
    };
    parsed.ok_or_else(|| format!("expected a rate such as 10/m or 5/s, found {}", value.kind()))
}
