//! Spans that wait for one exporter. What finds the queue full is dropped and counted; nobody waits.

use crate::config::tracing::Exporter;
use crate::metrics::trace::ExportMetrics;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;

/// A span, and who made it.
#[derive(Debug)]
pub struct Item {
    /// The span.
    pub span: Span,
    /// Whose it is; `None` for ours.
    pub origin: Option<Arc<Origin>>,
}

/// Who made spans that are not ours.
#[derive(Debug, PartialEq)]
pub struct Origin {
    /// The resource, ours merged in.
    pub resource: Resource,
    /// The instrumentation that made them.
    pub scope: Option<InstrumentationScope>,
    /// The conventions that the resource follows, and the scope.
    pub schemas: [String; 2],
}

/// The way into one exporter. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Outlet(Arc<Shared>);

struct Shared {
    name: String,
    limit: usize,
    batch: usize,
    metrics: ExportMetrics,
    waiting: Mutex<Waiting>,
    /// What keeps spans from going out.
    trouble: Mutex<Option<String>>,
    /// A batch is full.
    full: Notify,
}

#[derive(Default)]
struct Waiting {
    spans: VecDeque<Arc<Item>>,
    /// Spans that are being sent.
    taken: usize,
    /// Nobody sends any more.
    closed: bool,
}

impl Outlet {
    pub(super) fn new(name: &str, config: &Exporter, metrics: ExportMetrics) -> Self {
        let (limit, batch) = (config.queue.get(), config.batch.get());
        let (name, full) = (name.to_owned(), Notify::new());
        let (waiting, trouble) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { name, limit, batch, metrics, waiting, trouble, full }))
    }

    /// As metrics and reports name it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What is counted of it.
    pub fn metrics(&self) -> &ExportMetrics {
        &self.0.metrics
    }

    /// What keeps spans from going out, if anything does.
    pub fn trouble(&self) -> Option<String> {
        self.0.trouble.lock().clone()
    }

    /// Says what keeps spans from going out; gives back what was said before.
    pub(super) fn say(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.0.trouble.lock(), trouble)
    }

    /// Puts a span in the queue, or counts it as dropped.
    pub fn offer(&self, item: Arc<Item>) {
        let Shared { limit, batch, metrics, waiting, full, .. } = &*self.0;
        let mut waiting = waiting.lock();
        if waiting.closed || waiting.spans.len() + waiting.taken >= *limit {
            return metrics.dropped.inc();
        }
        waiting.spans.push_back(item);
        metrics.queued.set((waiting.spans.len() + waiting.taken) as i64);
        if waiting.spans.len() == *batch {
            full.notify_one();
        }
    }

    /// Spans that wait and are not being sent.
    pub(super) fn len(&self) -> usize {
        self.0.waiting.lock().spans.len()
    }

    /// Waits for a whole batch.
    pub(super) async fn full(&self) {
        while self.len() < self.0.batch {
            self.0.full.notified().await;
        }
    }

    /// The next batch; it counts as queued until [`Self::done`].
    pub(super) fn take(&self) -> Vec<Arc<Item>> {
        let mut waiting = self.0.waiting.lock();
        let count = waiting.spans.len().min(self.0.batch);
        waiting.taken += count;
        waiting.spans.drain(..count).collect()
    }

    /// A batch of `count` is dealt with.
    pub(super) fn done(&self, count: usize) {
        let mut waiting = self.0.waiting.lock();
        waiting.taken = waiting.taken.saturating_sub(count);
        self.0.metrics.queued.set((waiting.spans.len() + waiting.taken) as i64);
    }

    /// Nothing is sent any more: what waits is dropped.
    pub(super) fn give_up(&self) {
        let mut waiting = self.0.waiting.lock();
        waiting.closed = true;
        let left = waiting.spans.len() + waiting.taken;
        waiting.spans.clear();
        waiting.taken = 0;
        self.0.metrics.dropped.inc_by(left as u64);
        self.0.metrics.queued.set(0);
    }
}
