//! Where the parts that make spans, and people who ask about them, meet what runs at present; a reload swaps it.

use super::export::{Report, Running};
use super::tracer::Tracer;
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use std::sync::Arc;

/// What runs at present; nothing while `tracing.enabled` is off. Cloning gives another handle to the same one.
#[derive(Clone, Default)]
pub struct Desk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tracer: ArcSwapOption<Tracer>,
    running: Mutex<Option<Running>>,
}

impl Desk {
    /// What makes spans.
    pub fn tracer(&self) -> Option<Arc<Tracer>> {
        self.0.tracer.load_full()
    }

    /// From now on these. Gives back what ran until now, which is to be stopped.
    pub fn swap(&self, next: Option<(Arc<Tracer>, Running)>) -> Option<(Arc<Tracer>, Running)> {
        let (tracer, running) = next.unzip();
        let mut place = self.0.running.lock();
        let before = self.0.tracer.swap(tracer);
        before.zip(std::mem::replace(&mut *place, running))
    }

    /// Sends what waits; tells what became of it, exporter by exporter.
    pub fn flush(&self) -> impl Future<Output = Vec<Report>> + Send + use<> {
        let flushed = self.0.running.lock().as_ref().map(Running::flush);
        async {
            match flushed {
                Some(flushed) => flushed.await,
                None => Vec::new(),
            }
        }
    }
}
