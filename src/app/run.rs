//! `outrider run`: the agent under a configuration file, until a signal.

use crate::app::App;
use crate::config;
use anyhow::Result;
use std::path::Path;
use std::process;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or SIGINT, then drains; a second signal ends it at once.
pub fn run(path: &Path) -> Result<()> {
    let env = |name: &str| std::env::var(name).ok();
    let app = App::start(config::load(path, &env)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
        let drain = app.config().ingress.drain;
        tracing::info!(drain = %config::print_duration(drain), "stopping");
        app.drain(drain);
        let joined = tokio::task::spawn_blocking(move || app.join());
        tokio::select! {
            cut = joined => tracing::info!(cut = cut.unwrap_or(0), "stopped"),
            _ = term.recv() => process::exit(0),
            _ = int.recv() => process::exit(0),
        }
        Ok(())
    })
}
