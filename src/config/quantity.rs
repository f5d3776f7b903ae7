//! Durations, sizes and rates, read and printed as they are written in the file.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::yaml::Yaml;
use crate::base::duration::{parse_duration, print_duration};

/// A duration as Prometheus writes it: `250ms`, `30s`, `1h30m`, `15d`.
pub(super) fn duration(value: &Yaml) -> Result<Duration, String> {
    let wrong = || format!("expected a duration such as 30s, 5m or 1h30m, found {}", value.kind());
    match value {
        Yaml::Text(text) => parse(text).ok_or_else(wrong),
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

fn parse(text: &str) -> Option<Duration> {
    let millis = parse_duration(text)?;
    Some(Duration::from_millis(millis.unsigned_abs()))
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
            let per = parse(per).or_else(|| parse(&format!("1{per}")))?;
            (!per.is_zero()).then_some(Rate { count, per })
        }),
        _ => None,
    };
    parsed.ok_or_else(|| format!("expected a rate such as 10/m or 5/s, found {}", value.kind()))
}
