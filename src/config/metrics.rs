//! `metrics:`: what is derived and how much of it is kept.

use std::time::Duration;

use serde::Serialize;

use super::quantity::{as_text, duration_in, size};
use super::read::{Node, Unique};
use super::scalar::{number, one_of, text, whole};
use super::upstream::{Url, url};

/// What is derived and how much of it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// How much is derived from traffic.
    pub profile: Profile,
    /// Upper bounds of histogram buckets.
    pub buckets: Buckets,
    /// Series over all families; beyond it label values become `other`.
    pub series_limit: usize,
    /// Bytes of a body that rules look at.
    pub body_limit: u64,
    /// The gateway's own metrics, appended to ours; target names are unique.
    pub merge: Vec<Merge>,
}

/// How much is derived from traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Everything.
    Full,
    /// HTTP, WebSocket and business metrics.
    Business,
    /// HTTP and WebSocket metrics only.
    Light,
}

/// Upper bounds of histogram buckets, each list rising; `+Inf` is added where it is exposed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Buckets {
    /// Seconds.
    pub duration: Vec<f64>,
    /// Bytes.
    pub size: Vec<f64>,
}

/// One target whose exposition is appended to ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merge {
    /// Its `target` label; `host:port` of the URL when the file gives none.
    pub name: String,
    /// What to scrape.
    pub url: Url,
    /// How often.
    #[serde(serialize_with = "as_text")]
    pub interval: Duration,
    /// How long it may take.
    #[serde(serialize_with = "as_text")]
    pub timeout: Duration,
}

/// Advice of the OpenTelemetry semantic conventions for `http.server.request.duration`, seconds.
const DURATION: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Powers of ten from a bare head to a video, bytes.
const SIZE: [f64; 7] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
/// More bounds than this cost more than they tell.
const MAX_BUCKETS: usize = 64;

impl Metrics {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| Self {
            profile: keys
                .key("profile")
                .get(one_of(&[("full", Profile::Full), ("business", Profile::Business), ("light", Profile::Light)]))
                .unwrap_or(Profile::Full),
            buckets: keys.key("buckets").map(|keys| Buckets {
                duration: bounds(&keys.key("duration")).unwrap_or_else(|| DURATION.to_vec()),
                size: bounds(&keys.key("size")).unwrap_or_else(|| SIZE.to_vec()),
            }),
            series_limit: keys.key("series_limit").get(whole(100..=10_000_000)).unwrap_or(10_000),
            body_limit: keys.key("body_limit").get(size).unwrap_or(64 << 10),
            merge: merge(&keys.key("merge")),
        })
    }
}

fn bounds(node: &Node<'_>) -> Option<Vec<f64>> {
    let bounds = node.list(|item| item.get(number(f64::MIN_POSITIVE..=f64::MAX)))?;
    if !bounds.is_sorted_by(|low, high| low < high) {
        node.fault("the bounds must rise, none twice");
    }
    if bounds.is_empty() || bounds.len() > MAX_BUCKETS {
        node.fault(format!("needs from 1 to {MAX_BUCKETS} bounds"));
    }
    Some(bounds)
}

fn merge(node: &Node<'_>) -> Vec<Merge> {
    let mut names = Unique::default();
    let targets = node.list(|item| {
        item.map(|keys| {
            let limits = Duration::from_millis(100)..=Duration::from_secs(3600);
            let target = keys.key("url").need(url);
            let name = keys.key("name").get(text).or_else(|| target.as_ref().map(|url| url.authority().to_owned()));
            let interval = keys.key("interval").get(duration_in(limits.clone())).unwrap_or(Duration::from_secs(10));
            let timeout = keys.key("timeout").get(duration_in(limits)).unwrap_or(Duration::from_secs(2));
            name.iter().for_each(|name| names.take(&item, name));
            Some(Merge { name: name?, url: target?, interval, timeout })
        })
    });
    targets.unwrap_or_default()
}
