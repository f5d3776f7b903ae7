//! What gathered families say at one instant, for those who show it live.

use super::http::{ACTIVE, DURATION, REQUESTS};
use super::road::{OPEN, RELAYED};
use super::websocket::{MESSAGES, SESSIONS};
use prometheus::proto::{Metric, MetricFamily};
use std::collections::BTreeMap;

/// Sums since the start, and what is open now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// By method and endpoint.
    pub endpoints: BTreeMap<(String, String), Exchanges>,
    /// Requests that are being answered.
    pub active: f64,
    /// Client connections that are open.
    pub connections: f64,
    /// WebSocket sessions that are open.
    pub sessions: f64,
    /// WebSocket messages, inbound and outbound.
    pub messages: [f64; 2],
    /// Bytes moved, inbound and outbound.
    pub bytes: [f64; 2],
}

/// Exchanges of one endpoint and method.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchanges {
    /// By the first digit of the status: the answers of 1xx, 2xx, 3xx, 4xx and 5xx.
    pub classes: [f64; 5],
    /// Upper bounds of durations in seconds with how many exchanges took at most that long.
    pub durations: Vec<(f64, f64)>,
    /// How long they took together, seconds.
    pub seconds: f64,
}

impl Exchanges {
    /// All of them.
    pub fn total(&self) -> f64 {
        self.classes.iter().sum()
    }
}

impl Reading {
    /// Of what a registry gathered.
    pub fn of(families: &[MetricFamily]) -> Self {
        let mut all = Self::default();
        for family in families {
            let sum = || family.get_metric().iter().map(|metric| metric.get_gauge().get_value()).sum();
            match family.name() {
                REQUESTS => family.get_metric().iter().for_each(|metric| {
                    let class =
                        label(metric, "status_code").as_bytes().first().map_or(0, |digit| digit.wrapping_sub(b'1'));
                    if let Some(count) = all.exchanges(metric).classes.get_mut(usize::from(class)) {
                        *count += metric.get_counter().get_value();
                    }
                }),
                DURATION => family.get_metric().iter().for_each(|metric| {
                    let histogram = metric.get_histogram();
                    let buckets = histogram.get_bucket().iter();
                    let bounds = buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count() as f64));
                    let exchanges = all.exchanges(metric);
                    exchanges.durations = bounds.filter(|(bound, _)| bound.is_finite()).collect();
                    exchanges.durations.push((f64::INFINITY, histogram.get_sample_count() as f64));
                    exchanges.seconds = histogram.get_sample_sum();
                }),
                ACTIVE => all.active = sum(),
                OPEN => all.connections = sum(),
                SESSIONS => all.sessions = sum(),
                MESSAGES => all.messages = by_direction(family),
                RELAYED => all.bytes = by_direction(family),
                _ => {}
            }
        }
        all
    }

    fn exchanges(&mut self, metric: &Metric) -> &mut Exchanges {
        let key = (label(metric, "method").to_owned(), label(metric, "endpoint").to_owned());
        self.endpoints.entry(key).or_default()
    }
}

fn by_direction(family: &MetricFamily) -> [f64; 2] {
    ["inbound", "outbound"].map(|direction| {
        let those = family.get_metric().iter().filter(|metric| label(metric, "direction") == direction);
        those.map(|metric| metric.get_counter().get_value()).sum()
    })
}

fn label<'a>(metric: &'a Metric, name: &str) -> &'a str {
    metric.get_label().iter().find(|label| label.name() == name).map_or("", |label| label.value())
}
