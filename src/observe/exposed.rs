//! All families as they are exposed: complete up to the moment somebody looks.

use super::exemplars::{self, Exemplars};
use crate::event::Queue;
use crate::gateway::Merged;
use crate::metrics::http::DURATION;
use crate::metrics::{Described, IntCounter, Registry, openmetrics};
use prometheus::proto::MetricFamily;
use std::time::{Duration, Instant};

/// How long a look waits for what workers told before it: a thread that is further behind than this is counted behind.
const PATIENCE: Duration = Duration::from_millis(250);

/// A registry, and what is still to be counted in it.
#[derive(Clone)]
pub struct Exposed {
    registry: Registry,
    queue: Queue,
    dropped: IntCounter,
    merged: Merged,
    exemplars: Exemplars,
}

impl Exposed {
    /// `dropped` counts what the queue dropped; `merged` is appended.
    pub fn new(registry: Registry, queue: Queue, dropped: IntCounter, merged: Merged, exemplars: Exemplars) -> Self {
        Self { registry, queue, dropped, merged, exemplars }
    }

    /// From now on no more series than `limit`.
    pub fn limit(&self, limit: usize) {
        self.registry.limit(limit);
    }

    /// All families, in use or not.
    pub fn described(&self) -> Vec<Described> {
        self.registry.described()
    }

    /// All families as OpenMetrics, with exemplars.
    pub fn openmetrics(&self) -> String {
        let (families, examples) = (self.gather(), self.exemplars.all());
        openmetrics::write(
            &families,
            |name, metric| {
                if name == DURATION { exemplars::of(&examples, metric) } else { None }
            },
        )
    }

    /// Gathers all families.
    pub fn gather(&self) -> Vec<MetricFamily> {
        if !self.queue.catch_up(PATIENCE) {
            tracing::debug!("what workers told is not counted yet");
        }
        let dropped = self.queue.dropped();
        self.dropped.inc_by(dropped.saturating_sub(self.dropped.get()));
        let mut families = self.registry.gather();
        self.merged.append(Instant::now(), &mut families);
        families
    }
}
