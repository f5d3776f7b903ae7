//! `log:`: what is said on standard error.

use serde::Serialize;

use super::read::Node;
use super::scalar::{number, one_of};

/// What is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Log {
    /// The least serious line that is written.
    pub level: Level,
    /// How a line looks.
    pub format: LogFormat,
    /// Share of exchanges that get a line, 0 to 1.
    pub access: f64,
}

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something will not work for long.
    Warn,
    /// What happened.
    Info,
    /// Why it happened.
    Debug,
}

impl Level {
    /// As it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Log {
    pub(super) fn read(node: &Node<'_>) -> Self {
        let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug].map(|level| (level.as_str(), level));
        node.map(|keys| Self {
            level: keys.key("level").get(one_of(&levels)).unwrap_or(Level::Info),
            format: keys
                .key("format")
                .get(one_of(&[("json", LogFormat::Json), ("text", LogFormat::Text)]))
                .unwrap_or(LogFormat::Json),
            access: keys.key("access").get(number(0.0..=1.0)).unwrap_or(0.0),
        })
    }
}
