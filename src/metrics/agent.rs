//! What we count of ourselves.

use super::family::Family;
use super::registry::Registry;
use prometheus::{Gauge, IntCounter, IntGauge};

/// Build and configuration.
#[derive(Clone)]
pub struct AgentMetrics {
    /// Warnings and errors that came too often to be written.
    pub log_held_back: IntCounter,
    reload_successful: IntGauge,
    reload_success_time: Gauge,
    reloads: Family<IntCounter>,
    /// Exchanges from which nothing was derived but their HTTP metrics, since the observe thread was too far behind.
    pub records_dropped: IntCounter,
}

impl AgentMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        let build: Family<IntGauge> =
            Family::register(registry, "outrider_build_info", "1, with the version that runs.", &["version"]);
        build.with(&[env!("CARGO_PKG_VERSION")]).set(1);
        let successful: Family<IntGauge> = Family::register(
            registry,
            "outrider_config_last_reload_successful",
            "1 if the file as it is now is what runs, else 0.",
            &[],
        );
        let time: Family<Gauge> = Family::register(
            registry,
            "outrider_config_last_reload_success_timestamp_seconds",
            "When the configuration that runs was taken, Unix time.",
            &[],
        );
        let reloads: Family<IntCounter> =
            Family::register(registry, "outrider_config_reloads_total", "Reloads by result.", &["result"]);
        let held_back: Family<IntCounter> = Family::register(
            registry,
            "outrider_log_lines_held_back_total",
            "Warnings and errors that came too often to be written.",
            &[],
        );
        ["applied", "refused"].iter().for_each(|result| drop(reloads.with(&[result])));
        let dropped: Family<IntCounter> = Family::register(
            registry,
            "outrider_records_dropped_total",
            "Exchanges of which only the HTTP metrics were counted, since too many waited for more.",
            &[],
        );
        Self {
            log_held_back: held_back.with(&[]),
            reload_successful: successful.with(&[]),
            reload_success_time: time.with(&[]),
            reloads,
            records_dropped: dropped.with(&[]),
        }
    }

    /// The configuration was taken at start. `unix` is in seconds.
    pub fn loaded(&self, unix: f64) {
        self.reload_successful.set(1);
        self.reload_success_time.set(unix);
    }

    /// A changed file was taken.
    pub fn applied(&self, unix: f64) {
        self.loaded(unix);
        self.reloads.with(&["applied"]).inc();
    }

    /// A changed file was refused; what ran goes on.
    pub fn refused(&self) {
        self.reload_successful.set(0);
        self.reloads.with(&["refused"]).inc();
    }

    /// The file says again what runs.
    pub fn restored(&self) {
        self.reload_successful.set(1);
    }
}
