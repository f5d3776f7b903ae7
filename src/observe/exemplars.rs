//! The last exchange with a trace of each endpoint and method: what a histogram's bucket points to.

use crate::event::Exchange;
use crate::event::exchange::Outcome;
use crate::metrics::openmetrics::Exemplar;
use parking_lot::Mutex;
use prometheus::proto::Metric;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Endpoints that have one, at most; methods are few.
const LIMIT: usize = 1024;

/// All of them. Cloning gives another handle to the same ones.
#[derive(Clone, Default)]
pub struct Exemplars(Arc<Mutex<ByEndpoint>>);

/// By endpoint, then by method.
type ByEndpoint = HashMap<Arc<str>, HashMap<&'static str, Exemplar>>;

impl Exemplars {
    /// Takes note of an exchange that is counted in the histogram of durations and has a span.
    pub(super) fn see(&self, now: SystemTime, exchange: &Exchange) {
        let Some(trace) = exchange.trace.filter(|_| exchange.outcome == Outcome::Whole) else { return };
        let exemplar = Exemplar {
            trace_id: trace.context.trace.to_string(),
            value: exchange.ended.duration_since(exchange.started).as_secs_f64(),
            at: now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
        };
        let mut all = self.0.lock();
        if all.len() < LIMIT || all.contains_key(&exchange.endpoint) {
            all.entry(exchange.endpoint.clone()).or_default().insert(exchange.method, exemplar);
        }
    }

    /// All as they are now.
    pub(super) fn all(&self) -> ByEndpoint {
        self.0.lock().clone()
    }
}

/// The exemplar of a metric with the labels `endpoint` and `method`.
pub(super) fn of<'a>(all: &'a ByEndpoint, metric: &Metric) -> Option<&'a Exemplar> {
    let label = |name: &str| metric.get_label().iter().find(|pair| pair.name() == name).map(|pair| pair.value());
    all.get(label("endpoint")?)?.get(label("method")?)
}
