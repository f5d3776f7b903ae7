//! Sums over all traffic, as the summaries have them.

use super::http::REQUESTS;
use prometheus::proto::MetricFamily;

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests with an answer.
    pub requests: u64,
    /// Those among them whose answer was a 5xx.
    pub failed: u64,
    /// Families that have samples.
    pub families: usize,
}

impl Totals {
    /// Of what a registry gathered.
    pub fn of(families: &[MetricFamily]) -> Self {
        let mut totals = Self { families: families.len(), ..Self::default() };
        for metric in families.iter().filter(|family| family.name() == REQUESTS).flat_map(MetricFamily::get_metric) {
            let count = metric.get_counter().get_value() as u64;
            totals.requests += count;
            if metric.get_label().iter().any(|label| label.name() == "status_code" && label.value().starts_with('5')) {
                totals.failed += count;
            }
        }
        totals
    }

    /// From 0 to 1; nothing has failed where nothing was asked.
    pub fn success_rate(&self) -> f64 {
        if self.requests == 0 { 1.0 } else { (self.requests - self.failed) as f64 / self.requests as f64 }
    }
}
