//! The log: one line an event, to standard error, JSON or text; its level can change while we run.
//!
//! - `calm`: what comes too often is told a few times

mod calm;

use crate::config::{Level, Log, LogFormat};
use calm::Calm;
use prometheus::IntCounter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// Changes the level.
pub struct LevelHandle(reload::Handle<LevelFilter, Registry>);

impl LevelHandle {
    /// From now on at `level`.
    pub fn set(&self, level: Level) {
        // It fails only when the subscriber is gone, and then nothing is logged anyway.
        let _ = self.0.reload(filter(level));
    }
}

/// Starts the log; lines that are held back are counted in `held_back`. The first call of a process counts; later ones only give a handle that does nothing.
pub fn start(log: Log, held_back: IntCounter) -> LevelHandle {
    let (level, handle) = reload::Layer::new(filter(log.level));
    let lines = match log.format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
        LogFormat::Text => fmt::layer().with_target(false).with_writer(std::io::stderr).boxed(),
    };
    let _ = tracing_subscriber::registry().with(level).with(Calm::new(held_back)).with(lines).try_init();
    // A panic costs one connection's observation; it is told like anything else, not as a text between two JSON lines.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a part panicked")));
    LevelHandle(handle)
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    }
}
