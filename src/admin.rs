//! The admin port: what is seen, for scrapers and people. It runs on a thread and runtime of its own, so that nothing asked
//! here waits for traffic, nor traffic for it.
//!
//! - `server`: the listener's thread, connections, TLS
//! - `router`: every path and what answers there
//! - `access`: who may do what
//! - `shape`: what every answer goes through
//! - `reply`: the envelope of every answer, and problems
//! - `metrics`: the exposition and its summary
//! - `health`: whether we run, whether traffic should come
//! - `alerts`: alerts, what people do to them, and tests of channels
//! - `traces`: what traces are made and where they go
//! - `prometheus`: Prometheus' HTTP API over the history
//! - `overview`: `/api/v1/observability`
//! - `coverage`: what is seen and what is not
//! - `config`: the configuration that runs
//! - `live`: what passes now, as events
//! - `openapi`: the API described
//! - `page`: the web page, whose files are under `ui/`
//! - `log_level`: the level of the log, changed while we run

mod access;
mod alerts;
mod config;
mod coverage;
mod health;
mod live;
mod log_level;
mod metrics;
mod openapi;
mod overview;
mod page;
mod prometheus;
mod reply;
mod router;
mod server;
mod shape;
mod traces;

pub use access::Limiter;
pub use live::Live;
pub use log_level::LevelSwitch;
pub use prometheus::Turns;
pub use server::{serve, tls};

use crate::alert::desk::Desk;
use crate::config::Config;
use crate::event::Coverage;
use crate::history::History;
use crate::metrics::AdminMetrics;
use crate::observe::Exposed;
use crate::service::gateway::Checked;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

/// What the endpoints read. Shared with whoever changes it; nothing here is held while an answer is made.
pub struct View {
    /// All families.
    pub registry: Exposed,
    /// What was measured.
    pub history: Arc<History>,
    /// The turns of queries over it.
    pub turns: Turns,
    /// Where people meet the alert engine.
    pub alerts: Arc<Desk>,
    /// What makes spans and sends them.
    pub traces: crate::trace::Desk,
    /// What is seen and what is not.
    pub coverage: Coverage,
    /// The configuration that runs.
    pub config: Arc<ArcSwap<Config>>,
    /// The gateway's addresses.
    pub gateway: ArcSwap<Vec<SocketAddr>>,
    /// The gateway as its checks find it, where there are any.
    pub checked: ArcSwapOption<Checked>,
    /// Why the file as it is now does not run, if so.
    pub reload_error: ArcSwap<Option<String>>,
    /// Set when a stop was asked for.
    pub draining: AtomicBool,
    /// When the configuration that runs was taken, Unix seconds.
    pub loaded: AtomicU64,
    /// What those who look live share.
    pub live: Live,
    /// The level of the log.
    pub level: LevelSwitch,
    /// What the listener needs for TLS, if it speaks it.
    pub tls: ArcSwapOption<rustls::ServerConfig>,
    /// What clients have left of their calls.
    pub limiter: Limiter,
    /// Whose turn it is to write to the audit log.
    pub auditing: Arc<tokio::sync::Mutex<()>>,
    /// What this port counts of itself.
    pub metrics: AdminMetrics,
    /// When the process began.
    pub started: Instant,
}

/// What an endpoint gets of it.
type Shared = Arc<View>;
