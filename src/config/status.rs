//! Sets of HTTP status codes: `200`, `2xx`, `500-599`.

use std::fmt;

use serde::{Serialize, Serializer};

use super::read::Node;
use super::yaml::Yaml;

/// A set of status codes from 100 to 599.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<(u16, u16)>);

impl StatusSet {
    /// The codes of one class, such as 2 for 2xx.
    pub(super) fn class(first: u16) -> Self {
        Self(vec![(first * 100, first * 100 + 99)])
    }

    /// Whether `code` is in it.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&code))
    }

    /// One code or range, or a list of them.
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        let ranges = node.one_or_many(|item| item.get(range))?;
        Some(Self(ranges))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (low, high)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            match high - low {
                0 => write!(f, "{low}")?,
                99 if low % 100 == 0 => write!(f, "{}xx", low / 100)?,
                _ => write!(f, "{low}-{high}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for StatusSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn range(value: &Yaml) -> Result<(u16, u16), String> {
    let code = |text: &str| text.trim().parse::<u16>().ok();
    let parsed = match value {
        Yaml::Int(code) => u16::try_from(*code).ok().map(|code| (code, code)),
        Yaml::Text(text) => match (text.strip_suffix("xx"), text.split_once('-')) {
            (Some(class), _) => code(class).map(|class| (class.saturating_mul(100), class.saturating_mul(100) + 99)),
            (None, Some((low, high))) => code(low).zip(code(high)),
            (None, None) => code(text).map(|code| (code, code)),
        },
        _ => None,
    };
    parsed
        .filter(|(low, high)| 100 <= *low && low <= high && *high <= 599)
        .ok_or_else(|| format!("expected a status such as 200, 2xx or 500-599, found {}", value.kind()))
}
