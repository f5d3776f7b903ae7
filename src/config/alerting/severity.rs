//! How bad something is.

use serde::Serialize;

use crate::config::scalar::one_of;
use crate::config::yaml::Yaml;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Some day.
    Low,
    /// Soon; `warning` is read as this.
    Medium,
    /// Today.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// From bad to good.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// As it is written in labels and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    pub(in crate::config) fn parse(value: &Yaml) -> Result<Self, String> {
        if *value == Yaml::Text("warning".to_owned()) {
            return Ok(Self::Medium);
        }
        one_of(&Self::ALL.map(|severity| (severity.as_str(), severity)))(value)
    }
}
