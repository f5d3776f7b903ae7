//! One generation of endpoints and their metric handles, of one worker. A reload makes the next generation; connections
//! move to it between two requests.

use super::traces::{Rate, Selector, Traces};
use crate::metrics::HttpMetrics;
use crate::metrics::http::{HttpHandles, Method};
use crate::route::{Endpoint, Router, Table};
use crate::service::Circuit;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Breakers of services that fail with an endpoint, by the endpoint's name: its 502, 503 and 504 tell where the calls themselves are
/// not seen.
pub type Judged = Arc<HashMap<Box<str>, Vec<Arc<Circuit>>>>;

/// A generation.
pub struct Routes {
    metrics: HttpMetrics,
    state: RefCell<State>,
}

struct State {
    router: Router,
    /// Rates of endpoints, where there are traces.
    selector: Option<Selector>,
    /// By endpoint, then method.
    handles: Vec<Option<Box<Counted>>>,
    judged: Judged,
}

/// What is counted of one endpoint and method, and who is judged by it.
struct Counted {
    handles: HttpHandles,
    circuits: Vec<Arc<Circuit>>,
}

/// An exchange whose answer is whole.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    /// The request's method.
    pub method: Method,
    /// The endpoint as the router saw it at the request's head.
    pub endpoint: Endpoint,
    /// The status of its answer.
    pub status: u16,
    /// The status that says whether the gateway has a route there: that of the answer, but for gRPC's `UNIMPLEMENTED`.
    pub route_status: u16,
    /// From head to the last byte.
    pub duration: Duration,
    /// From head to the first byte of the answer.
    pub first_byte: Duration,
    /// Bytes of content.
    pub request_size: u64,
    /// Bytes of content.
    pub response_size: u64,
}

impl Routes {
    /// A generation over `table`.
    pub fn new(table: Arc<Table>, metrics: HttpMetrics, traces: Option<&Traces>, judged: Judged) -> Self {
        let (router, selector) = (Router::new(table), traces.map(Selector::new));
        Self { metrics, state: RefCell::new(State { router, selector, handles: Vec::new(), judged }) }
    }

    /// The families.
    pub fn metrics(&self) -> &HttpMetrics {
        &self.metrics
    }

    /// The endpoint of a request target, to be settled by the status of its answer, and whether the path is marked.
    pub fn endpoint(&self, target: &str) -> (Endpoint, bool) {
        let router = &mut self.state.borrow_mut().router;
        (router.endpoint(target.as_bytes()), router.is_marked())
    }

    /// What the endpoint of `target` has of its own in traces; `None` where there are none.
    pub(super) fn rate(&self, endpoint: Endpoint, target: &str) -> Option<Rate> {
        let State { router, selector, .. } = &mut *self.state.borrow_mut();
        Some(selector.as_mut()?.rate(endpoint, target.as_bytes(), || router.table().name(endpoint)))
    }

    /// The name of an endpoint whose answer had `status`.
    pub fn name(&self, endpoint: Endpoint, status: u16) -> Arc<str> {
        let router = &mut self.state.borrow_mut().router;
        let settled = router.settle(endpoint, status);
        router.table().name(settled)
    }

    /// Counts an exchange that is over at `now`.
    pub fn finish(&self, now: Instant, x: &Finished) {
        self.with_handles(x.method, x.endpoint, x.route_status, |Counted { handles, circuits }| {
            for circuit in circuits {
                circuit.judge(x.status, now);
            }
            handles.requests(x.status).inc();
            handles.duration.observe(x.duration.as_secs_f64());
            handles.first_byte.observe(x.first_byte.as_secs_f64());
            handles.request_size.observe(x.request_size as f64);
            handles.response_size.observe(x.response_size as f64);
        });
    }

    /// Counts a request whose answer began but never came to its end: it has a status, and no duration or size.
    pub fn cut_short(&self, method: Method, endpoint: Endpoint, status: u16) {
        self.with_handles(method, endpoint, status, |counted| counted.handles.requests(status).inc());
    }

    fn with_handles(&self, method: Method, endpoint: Endpoint, status: u16, count: impl FnOnce(&mut Counted)) {
        let State { router, handles, judged, .. } = &mut *self.state.borrow_mut();
        let settled = router.settle(endpoint, status);
        let at = settled.index() * Method::COUNT + method as usize;
        if at >= handles.len() {
            handles.resize_with(at + 1, || None);
        }
        count(handles[at].get_or_insert_with(|| {
            let name = router.table().name(settled);
            let circuits = judged.get(&*name).cloned().unwrap_or_default();
            Box::new(Counted { handles: self.metrics.handles(method, &name), circuits })
        }));
    }
}
