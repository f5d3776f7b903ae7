//! Reload: what the file says now runs, or all of it is refused and what ran goes on.

use crate::app::App;
use crate::config::{self, Errors, Missing, Seen, Watch};
use anyhow::Result;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the name of a gateway that has one is looked up: replicas come and go.
const LOOKUP: Duration = Duration::from_secs(5);

/// Waits for reasons to reload, and reloads.
pub struct Reloads {
    path: PathBuf,
    missing: Missing,
    watch: Watch,
    hangup: Signal,
    /// When the gateway's name is looked up again.
    lookup: Interval,
    /// What is under way; it ends with the files that it read, if it read any.
    running: Option<JoinHandle<Option<Vec<Seen>>>>,
}

impl Reloads {
    /// For the file at `path`, of which `files` was read. Needs a runtime.
    pub fn start(path: &Path, missing: Missing, files: Vec<Seen>) -> Result<Self> {
        let (watch, hangup) = (Watch::start(files, config::watch::Timing::default())?, signal(SignalKind::hangup())?);
        let mut lookup = interval(LOOKUP);
        lookup.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { path: path.to_owned(), missing, watch, hangup, lookup, running: None })
    }

    /// Goes one step on: begins a reload when there is a reason, or ends the one that is under way. Can be dropped at any
    /// time and called again.
    pub async fn step(&mut self, app: &Arc<App>) {
        if let Some(running) = &mut self.running {
            let files = running.await;
            self.running = None;
            match files {
                Ok(files) => files.into_iter().for_each(|files| self.watch.follow(files)),
                Err(error) => app.refuse(format!("the reload failed: {error}")),
            }
            return;
        }
        tokio::select! {
            () = self.watch.changed() => (),
            signal = self.hangup.recv() => if signal.is_none() { pending::<()>().await },
            _ = self.lookup.tick() => {
                let app = app.clone();
                self.running = Some(spawn_blocking(move || {
                    app.find_gateway();
                    None
                }));
                return;
            }
        }
        let (app, path, missing) = (app.clone(), self.path.clone(), self.missing);
        // Files are read and names are resolved, and meanwhile a signal must be heard.
        self.running = Some(spawn_blocking(move || Some(reload(&app, &path, missing))));
    }

    /// Waits for the reload that is under way.
    pub async fn end(self) {
        if let Some(running) = self.running {
            // How it ended has no meaning any more.
            let _ = running.await;
        }
    }
}

/// The environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Takes what the file says now; returns the files that were read.
fn reload(app: &App, path: &Path, missing: Missing) -> Vec<Seen> {
    let config = match config::load(path, missing, &environment) {
        Ok(config) => config,
        Err(errors) => return refuse(app, &errors, errors.files.clone()),
    };
    let (running, files) = (app.config(), config.source.files.clone());
    if let Err(errors) = config::reloadable(&running, &config) {
        return refuse(app, &errors, files);
    }
    if config == *running {
        app.restored();
        tracing::info!("the configuration is what runs");
        return files;
    }
    let hash = config.source.hash.clone();
    let changed = match config::changed(&running, &config).as_slice() {
        // No key has another value, so it is what the rule files hold.
        [] => "rule_files".to_owned(),
        sections => sections.join(" "),
    };
    match app.follow(config) {
        Ok(()) => tracing::info!(changed, hash, "the changed configuration runs"),
        Err(error) => {
            tracing::error!("the changed configuration is refused, what ran goes on: {error:#}");
            app.refuse(format!("{error:#}"));
        }
    }
    files
}

fn refuse(app: &App, errors: &Errors, files: Vec<Seen>) -> Vec<Seen> {
    for fault in errors.iter() {
        tracing::error!(key = fault.path, "the changed configuration is refused, what ran goes on: {fault}");
    }
    app.refuse(errors.to_string());
    files
}
