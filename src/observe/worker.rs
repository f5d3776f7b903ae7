//! What the observers of one worker share. All of it is used by that worker's thread alone.

use super::connection::Connection;
use super::edits::Address;
use super::exemplars::Exemplars;
use super::grpc::Methods;
use super::interest::Interests;
use super::routes::{Judged, Routes};
use super::security::Kind;
use super::traces::{Traces, Tracing};
use super::watch::Watch;
use crate::config::Buckets;
use crate::event::{Observe, Queue};
use crate::metrics::road::Opaque;
use crate::metrics::websocket::MessageTally;
use crate::metrics::{
    BusinessMetrics, GrpcMetrics, Http2Metrics, HttpMetrics, Registry, RoadMetrics, SecurityMetrics, ServiceMetrics,
    WebSocketMetrics,
};
use crate::route::Table;
use crate::trace::id::Ids;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// What a reload may change for the observers.
#[derive(Clone)]
pub struct Plan {
    /// Endpoints.
    pub table: Arc<Table>,
    /// Whether clients' addresses are told to the gateway.
    pub forwarded_for: bool,
    /// What is derived from whole exchanges.
    pub interests: Arc<Interests>,
    /// Traces, where there are any.
    pub traces: Option<Traces>,
    /// Breakers that are judged by what endpoints answer.
    pub judged: Judged,
}

/// The families that observers count in.
#[derive(Clone)]
pub struct Families {
    /// HTTP exchanges.
    pub http: HttpMetrics,
    /// How HTTP/2 ends before its time.
    pub http2: Http2Metrics,
    /// gRPC calls.
    pub grpc: GrpcMetrics,
    /// WebSocket sessions.
    pub websocket: Arc<WebSocketMetrics>,
    /// The road.
    pub road: RoadMetrics,
    /// What the gateway calls.
    pub services: ServiceMetrics,
    /// Who is let in, and what looks like an attack.
    pub security: SecurityMetrics,
    /// What requests are about.
    pub business: BusinessMetrics,
    /// Traces that histograms point to.
    pub exemplars: Exemplars,
}

impl Families {
    /// Registers all of them.
    pub fn register(registry: &Registry, buckets: &Buckets) -> Self {
        Self {
            http: HttpMetrics::register(registry, buckets),
            http2: Http2Metrics::register(registry),
            grpc: GrpcMetrics::register(registry),
            websocket: Arc::new(WebSocketMetrics::register(registry, buckets)),
            road: RoadMetrics::register(registry),
            services: ServiceMetrics::register(registry, buckets),
            security: SecurityMetrics::register(registry),
            business: BusinessMetrics::register(registry, &buckets.duration),
            exemplars: Exemplars::default(),
        }
    }
}

/// The observers of one worker.
pub struct Worker {
    pub(super) families: Families,
    routes: RefCell<Rc<Routes>>,
    pub(super) grpc: Methods,
    pub(super) messages: Rc<RefCell<MessageTally>>,
    /// Where fields of HTTP/2 are put together: any, a path, and lines.
    pub(super) scratch: RefCell<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    pub(super) forwarded_for: Cell<bool>,
    pub(super) watch: RefCell<Watch>,
    pub(super) tracing: RefCell<Tracing>,
}

impl Worker {
    /// By `plan`; what is worth it is told to `queue`.
    pub fn new(families: Families, queue: Queue, plan: &Plan) -> Self {
        let routes = Routes::new(plan.table.clone(), families.http.clone(), plan.traces.as_ref(), plan.judged.clone());
        let tracing = Tracing::new(plan.traces.clone(), Ids::new());
        Self {
            grpc: Methods::new(families.grpc.clone()),
            messages: Rc::new(RefCell::new(families.websocket.tally())),
            families,
            routes: RefCell::new(Rc::new(routes)),
            scratch: RefCell::default(),
            forwarded_for: Cell::new(plan.forwarded_for),
            watch: RefCell::new(Watch::new(plan.interests.clone(), queue)),
            tracing: RefCell::new(tracing),
        }
    }

    /// From now on by `plan`; connections take it up between two requests.
    pub fn follow(&self, plan: &Plan) {
        self.forwarded_for.set(plan.forwarded_for);
        self.watch.borrow_mut().follow(plan.interests.clone());
        self.tracing.borrow_mut().follow(plan.traces.clone());
        let routes =
            Routes::new(plan.table.clone(), self.families.http.clone(), plan.traces.as_ref(), plan.judged.clone());
        *self.routes.borrow_mut() = Rc::new(routes);
    }

    /// Counts what a client shows by more than one exchange.
    pub(super) fn sighted(&self, kind: Kind) {
        let watch = self.watch.borrow();
        if let Some(severity) = watch.interests().severity(kind) {
            self.families.security.event(kind.as_str(), severity.as_str());
        }
    }

    /// Nothing more is seen of what a client sends.
    pub(super) fn opaque(&self, reason: Opaque) {
        self.families.road.opaque(reason);
        if let Some(kind) = Kind::of_opaque(reason) {
            self.sighted(kind);
        }
    }

    /// Whether anything in what a client sends may be changed.
    pub(super) fn may_edit(&self) -> bool {
        self.forwarded_for.get() || self.tracing.borrow().may_edit()
    }

    pub(super) fn routes(&self) -> Rc<Routes> {
        self.routes.borrow().clone()
    }

    /// Whether `routes` are still the ones to follow.
    pub(super) fn is_current(&self, routes: &Rc<Routes>) -> bool {
        Rc::ptr_eq(&self.routes.borrow(), routes)
    }
}

impl Observe for Rc<Worker> {
    type Observer = Connection;

    fn connection(&self, client: SocketAddr) -> Connection {
        if self.watch.borrow().interests().is_denied(client.ip()) {
            self.sighted(Kind::DeniedNetwork);
        }
        Connection::new(self.clone(), Address::new(client.ip()))
    }
}
