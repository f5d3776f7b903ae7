//! `outrider run`: the agent under a configuration file, until a signal.

use super::App;
use crate::config::{self, Missing};
use crate::reload::{self, Reloads};
use anyhow::Result;
use std::future::pending;
use std::path::Path;
use std::process;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs by the file at `path`, and by what it changes to.
pub fn run(path: &Path, missing: Missing) -> Result<()> {
    let config = config::load(path, missing, &reload::environment)?;
    // Every connection takes two descriptors, and a common soft limit is 1024; what the hard one allows is ours to take.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = runtime()?;
    // Before anything listens: a hangup that came earlier would end the process.
    let reloads = runtime.block_on(async { Reloads::start(path, missing, config.source.files.clone()) })?;
    let app = App::start(config)?;
    match descriptors {
        Ok(limit) => tracing::debug!(limit, "descriptors"),
        Err(error) => tracing::warn!(%error, "the limit of descriptors cannot be raised"),
    }
    wait(&runtime, app, Some(reloads))
}

/// Runs until SIGTERM or SIGINT, then drains; a second signal ends the process at once.
pub fn until_signal(app: App) -> Result<()> {
    wait(&runtime()?, app, None)
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn wait(runtime: &Runtime, app: App, mut reloads: Option<Reloads>) -> Result<()> {
    let app = Arc::new(app);
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            let step = async {
                match &mut reloads {
                    Some(reloads) => reloads.step(&app).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = either(&mut term, &mut int) => break,
                () = step => (),
            }
        }
        let drain = app.config().ingress.drain;
        tracing::info!(drain = %config::print_duration(drain), "stopping");
        app.drain(drain);
        let stop = async {
            if let Some(reloads) = reloads {
                reloads.end().await;
            }
            let app = Arc::into_inner(app).expect("only a reload shares it, and that has ended");
            tokio::task::spawn_blocking(move || app.join()).await
        };
        tokio::select! {
            cut = stop => tracing::info!(connections_cut = cut.unwrap_or(0), "stopped"),
            () = either(&mut term, &mut int) => process::exit(0),
        }
        Ok(())
    })
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
}
