//! `outrider run`: the agent under a configuration file, until a signal.

use super::App;
use crate::config;
use crate::reload::Reload;
use anyhow::Result;
use std::future::pending;
use std::path::Path;
use std::process;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs by the file at `path`, and by what it changes to.
pub fn run(path: &Path) -> Result<()> {
    let env = |name: &str| std::env::var(name).ok();
    let config = config::load(path, &env)?;
    let reload = Reload::start(path, &config)?;
    until_signal(App::start(config)?, Some(reload))
}

/// Runs, by `reload`'s file if there is one, until SIGTERM or SIGINT, then drains; a second signal ends the process at once.
pub fn until_signal(app: App, mut reload: Option<Reload>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            let changed = async {
                match &mut reload {
                    Some(reload) => reload.changed().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = either(&mut term, &mut int) => break,
                () = changed => reload.iter().for_each(|reload| reload.take(&app)),
            }
        }
        let drain = app.config().ingress.drain;
        tracing::info!(drain = %config::print_duration(drain), "stopping");
        app.drain(drain);
        let joined = tokio::task::spawn_blocking(move || app.join());
        tokio::select! {
            cut = joined => tracing::info!(connections_cut = cut.unwrap_or(0), "stopped"),
            () = either(&mut term, &mut int) => process::exit(0),
        }
        Ok(())
    })
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
}
