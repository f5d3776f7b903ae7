//! One worker: its thread, its runtime, its listeners, and how it stops.

use super::connection::serve;
use super::pump::Scratch;
use super::registry::Registry;
use super::road::{Ends, Road};
use crate::event::Observe;
use crate::metrics::RoadMetrics;
use futures_util::FutureExt as _;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long to wait after accepting failed: with all descriptors in use it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a worker is told while it runs.
#[derive(Clone, Debug)]
pub enum Order<P> {
    /// Serve by this plan.
    Serve(Plan<P>),
    /// Take no more connections, let what is in flight finish for so long, then return.
    Drain(Duration),
}

/// What a reload may change for a worker.
#[derive(Clone, Debug)]
pub struct Plan<P> {
    /// The gateway, and how clients come in.
    pub ends: Ends,
    /// For the observers.
    pub observe: P,
}

/// What all connections of a worker share.
pub struct Shared<O> {
    /// Makes observers.
    pub observe: O,
    /// Where the gateway is, and what is spoken on the way.
    pub road: RefCell<Rc<Road>>,
    /// What is counted of the road.
    pub metrics: Rc<RoadMetrics>,
    /// Buffers.
    pub scratch: RefCell<Scratch>,
}

/// Runs a worker on this thread until it is told to drain, and has. `observe` makes the worker's observers from the
/// first plan; `follow` tells them the next ones. Returns how many connections were cut.
pub fn run<O: Observe + 'static, P: Clone>(
    listeners: Vec<std::net::TcpListener>,
    metrics: RoadMetrics,
    mut orders: watch::Receiver<Order<P>>,
    observe: impl FnOnce(&P) -> O,
    follow: impl Fn(&O, &P),
) -> io::Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default())?;
    let Order::Serve(plan) = orders.borrow_and_update().clone() else { return Ok(0) };
    let shared = Rc::new(Shared {
        observe: observe(&plan.observe),
        road: RefCell::new(Rc::new(Road::new(plan.ends))),
        metrics: Rc::new(metrics),
        scratch: RefCell::default(),
    });
    let registry = Rc::new(Registry::default());
    let cut = runtime.block_on(async {
        let mut accepting = Vec::new();
        for listener in listeners {
            let listener = Rc::new(TcpListener::from_std(listener)?);
            let task = tokio::task::spawn_local(accept(listener.clone(), shared.clone(), registry.clone()));
            accepting.push((listener, task));
        }
        let drain = loop {
            // The sender is gone only when the process is about to be.
            if orders.changed().await.is_err() {
                break Duration::ZERO;
            }
            match orders.borrow_and_update().clone() {
                Order::Serve(plan) => {
                    shared.road.replace(Rc::new(Road::new(plan.ends)));
                    follow(&shared.observe, &plan.observe);
                }
                Order::Drain(drain) => break drain,
            }
        };
        for (listener, task) in accepting {
            task.abort();
            // Clients that the kernel has let in already are served; closing the listener would reset them.
            while let Some(Ok((client, from))) = listener.accept().now_or_never() {
                tokio::task::spawn_local(serve(client, from, shared.clone(), registry.enter()));
            }
        }
        registry.drain();
        let _ = tokio::time::timeout(drain, registry.emptied()).await;
        Ok(registry.open())
    });
    // Dropping the runtime drops the connections that are left.
    drop(runtime);
    cut
}

async fn accept<O: Observe + 'static>(listener: Rc<TcpListener>, shared: Rc<Shared<O>>, registry: Rc<Registry>) {
    loop {
        match listener.accept().await {
            Ok((client, from)) => {
                tokio::task::spawn_local(serve(client, from, shared.clone(), registry.enter()));
            }
            Err(error) => {
                shared.metrics.accept_errors.inc();
                tracing::debug!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
