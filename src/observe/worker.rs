//! What the observers of one worker share. All of it is used by that worker's thread alone.

use super::connection::Connection;
use super::edits::Address;
use super::grpc::Methods;
use super::routes::Routes;
use crate::config::Buckets;
use crate::event::Observe;
use crate::metrics::{GrpcMetrics, Http2Metrics, HttpMetrics, Registry, RoadMetrics, WebSocketMetrics};
use crate::route::Table;
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
        }
    }
}

/// The observers of one worker.
pub struct Worker {
    pub(super) families: Families,
    routes: RefCell<Rc<Routes>>,
    pub(super) grpc: Methods,
    /// Where fields of HTTP/2 are put together: any, and a path.
    pub(super) scratch: RefCell<(Vec<u8>, Vec<u8>)>,
    pub(super) forwarded_for: Cell<bool>,
}

impl Worker {
    /// By `plan`.
    pub fn new(families: Families, plan: &Plan) -> Self {
        let routes = Rc::new(Routes::new(plan.table.clone(), families.http.clone()));
        Self {
            grpc: Methods::new(families.grpc.clone()),
            families,
            routes: RefCell::new(routes),
            scratch: RefCell::default(),
            forwarded_for: Cell::new(plan.forwarded_for),
        }
    }

    /// From now on by `plan`; connections take it up between two requests.
    pub fn follow(&self, plan: &Plan) {
        self.forwarded_for.set(plan.forwarded_for);
        *self.routes.borrow_mut() = Rc::new(Routes::new(plan.table.clone(), self.families.http.clone()));
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
        Connection::new(self.clone(), Address::new(client.ip()))
    }
}
