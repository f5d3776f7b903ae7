//! What we count of spans: made or not and why, and what becomes of them on their way out.

use super::family::Family;
use super::registry::Registry;
use prometheus::{Gauge, IntCounter, IntGauge};

/// All of them.
#[derive(Clone)]
pub struct TraceMetrics {
    sampled: Family<IntCounter>,
    unsampled: Family<IntCounter>,
    share: Family<Gauge>,
    calls: Family<IntCounter>,
    linked: Family<IntCounter>,
    received: Family<IntCounter>,
    exported: Family<IntCounter>,
    retries: Family<IntCounter>,
    queued: Family<IntGauge>,
}

/// What is counted of one exporter. Spans that were offered are sent, dropped, failed, or still queued.
#[derive(Clone)]
pub struct ExportMetrics {
    /// Taken by the other side.
    pub sent: IntCounter,
    /// Found the queue full, or were left over at a stop.
    pub dropped: IntCounter,
    /// Refused by the other side, or tried for too long.
    pub failed: IntCounter,
    /// Attempts that are made again.
    pub retries: IntCounter,
    /// Spans that wait, those that are being sent included.
    pub queued: IntGauge,
}

impl TraceMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        Self {
            sampled: Family::register(
                registry,
                "outrider_spans_total",
                "Spans made of exchanges and sessions, by what decided it: caller, rate, route, error, slow.",
                &["by"],
            ),
            unsampled: Family::register(
                registry,
                "outrider_spans_unsampled_total",
                "Exchanges without a span, by what decided it: caller, rate, route, limit.",
                &["by"],
            ),
            share: Family::register(
                registry,
                "outrider_spans_share",
                "The share of what was to be sampled that tracing.max_spans_per_second has room for, 0 to 1.",
                &[],
            ),
            calls: Family::register(
                registry,
                "outrider_call_contexts_total",
                "Calls of the gateway's by service, and whether they carry the context of a trace: yes, no.",
                &["service", "context"],
            ),
            linked: Family::register(
                registry,
                "outrider_calls_linked_total",
                "Calls of the gateway's by service, and what links them to a request: context, header, several, likely, nothing.",
                &["service", "by"],
            ),
            received: Family::register(
                registry,
                "outrider_spans_received_total",
                "Spans that the gateway sent to tracing.receiver, by protocol.",
                &["protocol"],
            ),
            exported: Family::register(
                registry,
                "outrider_spans_exported_total",
                "Spans by exporter and what became of them: sent, dropped, failed.",
                &["exporter", "result"],
            ),
            retries: Family::register(
                registry,
                "outrider_span_export_retries_total",
                "Attempts to send that are made again, by exporter.",
                &["exporter"],
            ),
            queued: Family::register(
                registry,
                "outrider_span_queue_length",
                "Spans that wait to be sent, by exporter.",
                &["exporter"],
            ),
        }
    }

    /// Spans made because `by` decided so.
    pub fn sampled(&self, by: &str) -> IntCounter {
        self.sampled.with(&[by])
    }

    /// Exchanges without a span because `by` decided so.
    pub fn unsampled(&self, by: &str) -> IntCounter {
        self.unsampled.with(&[by])
    }

    /// The share that there is room for.
    pub fn share(&self, share: f64) {
        self.share.with(&[]).set(share);
    }

    /// A call to `service`, which carries a context or none.
    pub fn call(&self, service: &str, has_context: bool) {
        self.calls.with(&[service, if has_context { "yes" } else { "no" }]).inc();
    }

    /// A call to `service` that is linked by this.
    pub fn linked(&self, service: &str, by: &str) {
        self.linked.with(&[service, by]).inc();
    }

    /// Spans that came over `protocol`.
    pub fn received(&self, protocol: &str) -> IntCounter {
        self.received.with(&[protocol])
    }

    /// The handles of `exporter`.
    pub fn exporter(&self, exporter: &str) -> ExportMetrics {
        let result = |result: &str| self.exported.with(&[exporter, result]);
        ExportMetrics {
            sent: result("sent"),
            dropped: result("dropped"),
            failed: result("failed"),
            retries: self.retries.with(&[exporter]),
            queued: self.queued.with(&[exporter]),
        }
    }
}
