//! Where people meet the engine: they read a copy, and what they want done goes to the engine's thread and comes back
//! once it is stored.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use super::engine::{DrillResult, Snapshot};
use super::state::{Fingerprint, Refusal};
use super::store::{Past, Story};
use crate::config::Severity;

/// What people want done.
#[derive(Debug)]
pub enum Wish {
    /// Somebody sees to an alert.
    Acknowledge(Fingerprint, String),
    /// Nobody does any more.
    Unacknowledge(Fingerprint),
    /// Nobody wants to hear of it for so many minutes.
    Suppress(Fingerprint, i64),
    /// They do again.
    Unsuppress(Fingerprint),
}

/// What goes to the engine's thread.
#[derive(Debug)]
pub enum Order {
    /// A change of one alert.
    Change(Wish, oneshot::Sender<Result<(), Refusal>>),
    /// A test of every channel.
    Drill(Severity, String, oneshot::Sender<Vec<DrillResult>>),
    /// A look at the past.
    Past(Past, oneshot::Sender<Result<Story, String>>),
}

/// Why an order came to nothing: the engine is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("alerting is being stopped")]
pub struct Closed;

/// The desk. Cheap to share.
#[derive(Debug)]
pub struct Desk {
    snapshot: ArcSwap<Snapshot>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Desk {
    /// A desk, and where its orders arrive.
    pub fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, arriving) = mpsc::unbounded_channel();
        (Arc::new(Self { snapshot: ArcSwap::default(), orders }), arriving)
    }

    /// Shows what is current.
    pub fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// What is current.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Changes one alert; it is stored when this returns.
    pub async fn change(&self, wish: Wish) -> Result<Result<(), Refusal>, Closed> {
        self.order(|reply| Order::Change(wish, reply)).await
    }

    /// Tests every channel; returns when each has answered, or has failed to.
    pub async fn drill(&self, severity: Severity, message: String) -> Result<Vec<DrillResult>, Closed> {
        self.order(|reply| Order::Drill(severity, message, reply)).await
    }

    /// Looks at the past.
    pub async fn past(&self, past: Past) -> Result<Result<Story, String>, Closed> {
        self.order(|reply| Order::Past(past, reply)).await
    }

    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Closed> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }
}
