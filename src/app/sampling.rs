//! Samples our metrics into the history, on a thread of its own.

use crate::config::Config;
use crate::history::{History, HistoryMetrics, Limits, families};
use crate::metrics::Registry;
use crate::observe::Exposed;
use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The name of our own metrics among the history's sources.
const SOURCE: &str = "outrider";
/// How often the history is written to its file, if it has one: what a kill can lose.
const SAVE: Duration = Duration::from_secs(60);

/// The sampling, until it is stopped.
pub(super) struct Sampling {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// An empty history, or what the last run left of it.
pub(super) fn history(config: &Config, registry: &Registry) -> Result<Arc<History>> {
    let history = History::new(limits(config), HistoryMetrics::register(registry)?);
    if let Some(path) = config.history.path.as_ref().filter(|path| path.exists()) {
        match history.load(path) {
            Ok(()) => tracing::info!(path = %path.display(), samples = history.stats().samples, "history goes on"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "the history begins anew"),
        }
    }
    Ok(Arc::new(history))
}

/// How much is kept.
pub(super) fn limits(config: &Config) -> Limits {
    let retention = i64::try_from(config.history.retention.as_millis()).unwrap_or(i64::MAX);
    Limits { budget: usize::try_from(config.history.memory).unwrap_or(usize::MAX), retention }
}

impl Sampling {
    /// Starts; the interval is what `config` says at the time.
    pub(super) fn start(history: Arc<History>, registry: Exposed, config: Arc<ArcSwap<Config>>) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("history".to_owned());
        let thread = thread.spawn(move || run(&history, &registry, &config, &stopped));
        Ok(Self { stop, thread: thread.context("cannot start thread history")? })
    }

    /// Ends it; what there is is written to the file, if there is one.
    pub(super) fn stop(self) {
        // It fails only when the thread is gone.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

fn run(history: &History, registry: &Exposed, config: &ArcSwap<Config>, stopped: &Receiver<()>) {
    let (mut next, mut saved) = (Instant::now(), Instant::now());
    loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        history.sample(SOURCE, now, families::samples(&registry.gather()));
        let config = config.load_full();
        let path = config.history.path.as_deref();
        if saved.elapsed() >= SAVE {
            saved = Instant::now();
            save(history, path);
        }
        // After a pause of the whole machine the next samples are not made up for.
        next = (next + config.history.interval).max(Instant::now());
        match stopped.recv_timeout(next - Instant::now().min(next)) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return save(history, path),
        }
    }
}

fn save(history: &History, path: Option<&Path>) {
    let Some(path) = path else { return };
    if let Err(error) = history.save(path) {
        tracing::warn!(path = %path.display(), %error, "the history cannot be written");
    }
}
