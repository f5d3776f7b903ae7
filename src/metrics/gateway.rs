//! The families of the gateway's processes. What is not seen is not there.

use super::family::Family;
use super::registry::Registry;
use prometheus::{Counter, IntGauge};

/// All of them.
#[derive(Clone)]
pub struct GatewayMetrics {
    memory: Family<IntGauge>,
    memory_limit: Family<IntGauge>,
    cpu: Family<Counter>,
    open_fds: Family<IntGauge>,
    threads: Family<IntGauge>,
    merge_up: Family<IntGauge>,
}

impl GatewayMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        Self {
            memory: Family::register(registry, "gateway_memory_bytes", "Memory of the gateway's processes.", &[]),
            memory_limit: Family::register(
                registry,
                "gateway_memory_limit_bytes",
                "What the gateway may have at most.",
                &[],
            ),
            cpu: Family::register(registry, "gateway_cpu_seconds_total", "CPU time of the gateway's processes.", &[]),
            open_fds: Family::register(registry, "gateway_open_fds", "Descriptors that the gateway has open.", &[]),
            threads: Family::register(registry, "gateway_threads", "Threads of the gateway's processes.", &[]),
            merge_up: Family::register(
                registry,
                "outrider_merge_up",
                "1 if the last scrape of metrics that are appended to ours succeeded.",
                &["target"],
            ),
        }
    }

    /// Bytes.
    pub fn memory(&self, value: Option<u64>) {
        set(&self.memory, value);
    }

    /// Bytes.
    pub fn memory_limit(&self, value: Option<u64>) {
        set(&self.memory_limit, value);
    }

    /// Descriptors.
    pub fn open_fds(&self, value: Option<u64>) {
        set(&self.open_fds, value);
    }

    /// Threads.
    pub fn threads(&self, value: Option<u64>) {
        set(&self.threads, value);
    }

    /// So many seconds more.
    pub fn cpu_more(&self, seconds: f64) {
        self.cpu.with(&[]).inc_by(seconds);
    }

    /// So many seconds in all; what is less than before began anew.
    pub fn cpu_total(&self, seconds: Option<f64>) {
        let Some(seconds) = seconds else { return drop(self.cpu.take(&[])) };
        let counter = self.cpu.with(&[]);
        if seconds < counter.get() {
            counter.reset();
        }
        counter.inc_by(seconds - counter.get());
    }

    /// Nothing is seen of the processes.
    pub fn forget(&self) {
        for gauge in [&self.memory, &self.memory_limit, &self.open_fds, &self.threads] {
            gauge.take(&[]);
        }
        self.cpu.take(&[]);
    }

    /// Whether a target could be scraped; `None` where it is no target any more.
    pub fn merge_up(&self, target: &str, up: Option<bool>) {
        match up {
            Some(up) => self.merge_up.with(&[target]).set(i64::from(up)),
            None => drop(self.merge_up.take(&[target])),
        }
    }
}

fn set(family: &Family<IntGauge>, value: Option<u64>) {
    match value {
        Some(value) => family.with(&[]).set(i64::try_from(value).unwrap_or(i64::MAX)),
        None => drop(family.take(&[])),
    }
}
