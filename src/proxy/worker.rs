//! One worker: its thread, its runtime, its listeners, and how it stops.

use super::connection::serve;
use super::descriptors;
use super::egress::{self, Door, Egress};
use super::pump::Scratch;
use super::registry::Registry;
use super::road::{Ends, Road};
use crate::event::{Observe, ObserveCalls};
use crate::metrics::{RoadMetrics, ServiceMetrics};
use crate::service::Pair;
use futures_util::FutureExt as _;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What a worker is told while it runs.
#[derive(Clone)]
pub enum Order<P> {
    /// Serve by this plan.
    Serve(Plan<P>),
    /// Take no more connections, let what is in flight finish for so long, then return.
    Drain(Duration),
}

/// What a reload may change for a worker.
#[derive(Clone)]
pub struct Plan<P> {
    /// The gateway, and how clients come in.
    pub ends: Ends,
    /// For the observers.
    pub observe: P,
    /// The gateway's own calls.
    pub egress: egress::Plan,
}

/// What a worker is made of.
pub struct Parts<E> {
    /// Which of the workers it is, from 0.
    pub number: usize,
    /// Where clients come in.
    pub listeners: Vec<std::net::TcpListener>,
    /// What is counted of the road.
    pub road: RoadMetrics,
    /// What is counted of the gateway's calls.
    pub services: ServiceMetrics,
    /// Makes observers for those.
    pub calls: E,
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
    pub scratch: Rc<RefCell<Scratch>>,
}

/// Runs a worker on this thread until it is told to drain, and has. `observe` makes the worker's observers from the
/// first plan; `follow` tells them the next ones. Returns how many connections were cut.
pub fn run<O: Observe + 'static, P: Clone, E: ObserveCalls<Pair> + 'static>(
    parts: Parts<E>,
    mut orders: watch::Receiver<Order<P>>,
    observe: impl FnOnce(&P) -> O,
    follow: impl Fn(&O, &P),
) -> io::Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default())?;
    let Order::Serve(plan) = orders.borrow_and_update().clone() else { return Ok(0) };
    let shared = Rc::new(Shared {
        observe: observe(&plan.observe),
        road: RefCell::new(Rc::new(Road::new(plan.ends))),
        metrics: Rc::new(parts.road.clone()),
        scratch: Rc::default(),
    });
    let egress = Rc::new(Egress {
        observe: parts.calls,
        plan: RefCell::new(Rc::new(plan.egress)),
        road: Rc::new(parts.road.of_egress()),
        metrics: parts.services,
        scratch: shared.scratch.clone(),
    });
    let registry = Rc::new(Registry::default());
    let cut = runtime.block_on(async {
        let mut accepting = Vec::new();
        for listener in parts.listeners {
            let listener = Rc::new(TcpListener::from_std(listener)?);
            let task = tokio::task::spawn_local(accept(listener.clone(), shared.clone(), registry.clone()));
            accepting.push((listener, task));
        }
        let mut doors = Doors { worker: parts.number, egress, registry: Rc::default(), open: Vec::new() };
        doors.follow()?;
        let drain = loop {
            // The sender is gone only when the process is about to be.
            if orders.changed().await.is_err() {
                break Duration::ZERO;
            }
            match orders.borrow_and_update().clone() {
                Order::Serve(plan) => {
                    shared.road.replace(Rc::new(Road::new(plan.ends)));
                    doors.egress.plan.replace(Rc::new(plan.egress));
                    doors.follow()?;
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
        let until = Instant::now() + drain;
        let _ = tokio::time::timeout_at(until, registry.emptied()).await;
        // What the gateway still answers may need its services, so those go last.
        doors.close();
        let _ = tokio::time::timeout_at(until, doors.registry.emptied()).await;
        Ok(registry.open() + doors.registry.open())
    });
    // Dropping the runtime drops the connections that are left.
    drop(runtime);
    cut
}

/// The doors of the gateway's calls, on one worker.
struct Doors<E> {
    worker: usize,
    egress: Rc<Egress<E>>,
    registry: Rc<Registry>,
    open: Vec<(Arc<Door>, JoinHandle<()>)>,
}

impl<E: ObserveCalls<Pair> + 'static> Doors<E> {
    /// Opens and closes doors as the plan has them; one that stays is not touched.
    fn follow(&mut self) -> io::Result<()> {
        let plan = self.egress.plan.borrow().clone();
        let planned = |door: &Arc<Door>| plan.doors.iter().any(|planned| Arc::ptr_eq(planned, door));
        for (_, gone) in self.open.extract_if(.., |(door, _)| !planned(door)) {
            gone.abort();
        }
        for door in &plan.doors {
            if !self.open.iter().any(|(open, _)| Arc::ptr_eq(open, door)) {
                let listener = door.socket(self.worker)?;
                let task = accept_calls(listener, door.clone(), self.egress.clone(), self.registry.clone());
                self.open.push((door.clone(), tokio::task::spawn_local(task)));
            }
        }
        Ok(())
    }

    /// Takes no more calls, and lets those under way finish.
    fn close(&mut self) {
        self.open.drain(..).for_each(|(_, task)| task.abort());
        self.registry.drain();
    }
}

async fn accept_calls<E: ObserveCalls<Pair> + 'static>(
    listener: TcpListener,
    door: Arc<Door>,
    egress: Rc<Egress<E>>,
    registry: Rc<Registry>,
) {
    loop {
        descriptors::spared().await;
        match listener.accept().await {
            Ok((client, from)) => {
                let (egress, door, place) = (egress.clone(), door.clone(), registry.enter());
                tokio::task::spawn_local(async move { egress.serve(client, from, &door.to, &place).await });
            }
            Err(error) => {
                egress.road.accept_errors.inc();
                tracing::debug!(%error, "accepting a connection of the gateway failed");
                tokio::time::sleep(descriptors::PAUSE).await;
            }
        }
    }
}

async fn accept<O: Observe + 'static>(listener: Rc<TcpListener>, shared: Rc<Shared<O>>, registry: Rc<Registry>) {
    loop {
        descriptors::spared().await;
        match listener.accept().await {
            Ok((client, from)) => {
                tokio::task::spawn_local(serve(client, from, shared.clone(), registry.enter()));
            }
            Err(error) => {
                shared.metrics.accept_errors.inc();
                tracing::debug!(%error, "accepting a connection failed");
                tokio::time::sleep(descriptors::PAUSE).await;
            }
        }
    }
}
