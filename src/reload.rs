//! Follows `agent.yaml`: a changed file is taken as a whole, or changes nothing and is told on the log, the admin port and
//! a metric until it is mended.

use crate::app::App;
use crate::config::watch::{Timing, Watch};
use crate::config::{self, Config, Errors};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// The file, and what was last seen of it.
pub struct Reload {
    path: PathBuf,
    watch: Watch,
}

impl Reload {
    /// Follows the file at `path`, which `config` was read from.
    pub fn start(path: &Path, config: &Config) -> Result<Self> {
        let watch =
            Watch::start(config.source.files.clone(), Timing::default()).context("cannot start thread watch")?;
        Ok(Self { path: path.to_owned(), watch })
    }

    /// Waits until a file holds something else than what was last read of it.
    pub async fn changed(&mut self) {
        self.watch.changed().await;
    }

    /// Reads the file again, and takes it or refuses it. Blocks on the file system.
    pub fn take(&self, app: &App) {
        match read(&self.path, &app.config()) {
            Ok(new) => {
                self.watch.follow(new.source.files.clone());
                if new == *app.config() {
                    tracing::info!("the configuration is again what runs");
                    app.restored();
                } else if let Err(error) = app.follow(new) {
                    refuse(app, &format!("{error:#}"));
                } else {
                    tracing::info!(sha256 = %app.config().source.hash, "the configuration changed");
                }
            }
            Err(errors) => {
                self.watch.follow(errors.files.clone());
                refuse(app, &errors.to_string());
            }
        }
    }
}

/// A configuration that could take over from `old`.
fn read(path: &Path, old: &Config) -> Result<Config, Errors> {
    let new = config::load(path, &|name| std::env::var(name).ok())?;
    match config::reloadable(old, &new) {
        Ok(()) => Ok(new),
        Err(mut errors) => {
            errors.files = new.source.files;
            Err(errors)
        }
    }
}

fn refuse(app: &App, reason: &str) {
    tracing::error!(%reason, "the changed configuration is refused; what ran goes on");
    app.refuse(reason.to_owned());
}
