//! `history:`: samples of our own metrics, kept for rules and charts.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{as_text, duration_in, size};
use super::read::Node;

/// Samples of our own metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// How often a sample is taken.
    #[serde(serialize_with = "as_text")]
    pub interval: Duration,
    /// Bytes of samples; the oldest go first.
    pub memory: u64,
    /// How far back samples reach.
    #[serde(serialize_with = "as_text")]
    pub retention: Duration,
    /// A file that samples survive a restart in.
    pub path: Option<PathBuf>,
}

impl History {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| {
            let memory = keys.key("memory");
            let bytes = memory.get(size).unwrap_or(16 << 20);
            if bytes < 1 << 20 {
                memory.fault("must be 1MiB or more");
            }
            let hour = Duration::from_secs(3600);
            let interval = duration_in(Duration::from_secs(1)..=Duration::from_secs(300));
            Self {
                interval: keys.key("interval").get(interval).unwrap_or(Duration::from_secs(10)),
                memory: bytes,
                retention: keys.key("retention").get(duration_in(hour / 12..=hour * 24 * 90)).unwrap_or(hour * 6),
                path: keys.key("path").file(),
            }
        })
    }
}
