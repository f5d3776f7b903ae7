//! The admin port: what is seen, for scrapers and people. It runs on a thread and runtime of its own, so that nothing asked
//! here waits for traffic, nor traffic for it.
//!
//! - `server`: the listener's thread
//! - `reply`: the envelope of every answer, and problems
//! - `metrics`: the exposition and its summary
//! - `health`: whether we run, whether traffic should come
//! - `alerts`: alerts, what people do to them, and tests of channels
//! - `prometheus`: Prometheus' HTTP API over the history
//! - `overview`: `/api/v1/observability`
//! - `coverage`: what is seen and what is not

mod alerts;
mod coverage;
mod health;
mod metrics;
mod overview;
mod prometheus;
mod reply;
mod server;

pub use prometheus::Turns;
pub use server::serve;

use crate::alert::desk::Desk;
use crate::config::Config;
use crate::event::Coverage;
use crate::history::History;
use ::prometheus::Registry;
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What the endpoints read. Shared with whoever changes it; nothing here is held while an answer is made.
pub struct View {
    /// All families.
    pub registry: Registry,
    /// What was measured.
    pub history: Arc<History>,
    /// The turns of queries over it.
    pub turns: Turns,
    /// Where people meet the alert engine.
    pub alerts: Arc<Desk>,
    /// What is seen and what is not.
    pub coverage: Coverage,
    /// The configuration that runs.
    pub config: Arc<ArcSwap<Config>>,
    /// The gateway's addresses.
    pub gateway: ArcSwap<Vec<SocketAddr>>,
    /// Why the file as it is now does not run, if so.
    pub reload_error: ArcSwap<Option<String>>,
    /// Set when a stop was asked for.
    pub draining: AtomicBool,
    /// When the process began.
    pub started: Instant,
}

/// What an endpoint gets of it.
type Shared = Arc<View>;
