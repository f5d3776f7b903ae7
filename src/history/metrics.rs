//! What the history tells about itself.

use crate::metrics::Registry;
use prometheus::{Gauge, IntCounter, IntCounterVec, Opts};

/// The metrics of one history, `outrider_history_*`.
#[derive(Clone, Debug)]
pub struct HistoryMetrics {
    pub(super) series: Gauge,
    pub(super) bytes: Gauge,
    pub(super) budget: Gauge,
    pub(super) samples: IntCounter,
    pub(super) refused_order: IntCounter,
    pub(super) refused_budget: IntCounter,
    pub(super) dropped_retention: IntCounter,
    pub(super) dropped_budget: IntCounter,
    pub(super) dropped_needed: IntCounter,
}

impl HistoryMetrics {
    /// Makes the families and registers them. Fails where one of them is registered already.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let refused = IntCounterVec::new(
            Opts::new("outrider_history_samples_refused_total", "Samples that were not kept, by reason."),
            &["reason"],
        )?;
        let dropped = IntCounterVec::new(
            Opts::new(
                "outrider_history_chunks_dropped_total",
                "Chunks of samples that were forgotten: past retention, for the budget, or for the budget although a rule needs them.",
            ),
            &["reason"],
        )?;
        let metrics = Self {
            series: Gauge::new("outrider_history_series", "Series in the history.")?,
            bytes: Gauge::new("outrider_history_bytes", "Memory that the history holds.")?,
            budget: Gauge::new("outrider_history_budget_bytes", "Memory that the history may hold.")?,
            samples: IntCounter::new("outrider_history_samples_total", "Samples that were kept.")?,
            refused_order: refused.with_label_values(&["order"]),
            refused_budget: refused.with_label_values(&["budget"]),
            dropped_retention: dropped.with_label_values(&["retention"]),
            dropped_budget: dropped.with_label_values(&["budget"]),
            dropped_needed: dropped.with_label_values(&["budget_needed"]),
        };
        for gauge in [&metrics.series, &metrics.bytes, &metrics.budget] {
            registry.register(Box::new(gauge.clone()))?;
        }
        registry.register(Box::new(metrics.samples.clone()))?;
        registry.register(Box::new(refused))?;
        registry.register(Box::new(dropped))?;
        Ok(metrics)
    }
}
