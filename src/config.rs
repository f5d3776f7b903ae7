//! `agent.yaml`: read once, at the edge, into types that cannot be wrong.
//!
//! [`parse`] reads a text, [`load`] a file; both give every fault at once, each with the path of its key. Environment and
//! folder are passed in. Nothing here does anything but read files that the config names.
//!
//! How it is read:
//! - `yaml`: the bounded tree · `environment`: what variables fill in it
//! - `read`: from the tree to values, collecting faults · `fault`: what is wrong
//! - `agreement`: what sections must agree on
//!
//! Kinds of values:
//! - `scalar`, `quantity`, `upstream`, `status`, `header`, `secret`, `tls`, `certificate`, `health`
//!
//! Sections:
//! - `log`, `ingress`, `egress`, `services`, `admin`, `routes`, `metrics`, `business`, `security`, `history`, `tracing`,
//!   `alerting`
//!
//! What is done with it:
//! - `check`: sums it up · `restart`: what a reload cannot change
//! - `seen`, `watch`: whether the files are still what was read
//! - `tests`: whole files

pub mod admin;
mod agreement;
pub mod alerting;
pub mod business;
pub mod certificate;
pub mod check;
pub mod egress;
mod environment;
pub mod fault;
pub mod header;
pub mod health;
pub mod history;
pub mod ingress;
pub mod log;
pub mod metrics;
mod quantity;
mod read;
mod restart;
pub mod routes;
mod scalar;
pub mod secret;
pub mod security;
pub mod seen;
pub mod services;
pub mod status;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod tracing;
pub mod upstream;
pub mod watch;
mod yaml;

use std::path::Path;

use serde::Serialize;

pub use crate::base::duration::print_duration;
pub use admin::Admin;
pub use alerting::{Alerting, Severity};
pub use business::BusinessRule;
pub use egress::Egress;
pub use fault::{Errors, Fault};
pub use history::History;
pub use ingress::{ForwardedFor, Gateway, Ingress, ProxyProtocol};
pub use log::{Level, Log, LogFormat};
pub use metrics::{Buckets, Metrics, Profile};
pub use quantity::Rate;
pub use read::Env;
pub use restart::{changed, reloadable};
pub use routes::{OpenApi, Pattern, Routes};
pub use secret::{Secret, SecretSource};
pub use security::Security;
pub use seen::Seen;
pub use services::Service;
pub use tracing::Tracing;
pub use upstream::{HostPort, Url};
pub use watch::Watch;

/// The whole file, settled. Sections compare with `==`; serialised, secrets are `***`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The gateway's name in labels, traces and alerts.
    pub service: String,
    /// Where it runs, as in `deployment.environment.name`.
    pub environment: String,
    /// What is said on standard error.
    pub log: Log,
    /// Where clients come in.
    pub ingress: Ingress,
    /// How the gateway's own calls come past us.
    pub egress: Egress,
    /// What the gateway calls.
    pub services: Vec<Service>,
    /// The admin port.
    pub admin: Admin,
    /// How a path becomes an endpoint.
    pub routes: Routes,
    /// What is derived and how much of it is kept.
    pub metrics: Metrics,
    /// What requests are about.
    pub business: Vec<BusinessRule>,
    /// Logins, limits and what looks like an attack.
    pub security: Security,
    /// Samples of our own metrics.
    pub history: History,
    /// Spans out of traffic.
    pub tracing: Tracing,
    /// Rules, and how people come to know.
    pub alerting: Alerting,
    /// Service level objectives.
    pub slos: Vec<alerting::Slo>,
    /// What it was read from; no setting.
    #[serde(skip)]
    pub source: Source,
}

/// What a config was read from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// SHA-256 of the text, 64 hex digits, as `sha256sum` prints it.
    pub hash: String,
    /// What is no fault and should be known: keys that do nothing yet, variables passed over.
    pub notices: Vec<Fault>,
    /// The files that were read: when one changes, the config should be read again.
    pub files: Vec<Seen>,
}

impl Config {
    fn read(root: &read::Node<'_>) -> Self {
        root.map(|keys| {
            let mut config = Self {
                service: keys.key("service").get(scalar::text).unwrap_or_else(|| "api-gateway".to_owned()),
                environment: keys.key("environment").get(scalar::text).unwrap_or_else(|| "production".to_owned()),
                log: Log::read(&keys.key("log")),
                ingress: Ingress::read(&keys.key("ingress")),
                egress: Egress::read(&keys.key("egress")),
                services: services::read(&keys.key("services")),
                admin: Admin::read(&keys.key("admin")),
                routes: Routes::read(&keys.key("routes")),
                metrics: Metrics::read(&keys.key("metrics")),
                business: business::read(&keys.key("business")),
                security: Security::read(&keys.key("security")),
                history: History::read(&keys.key("history")),
                tracing: Tracing::read(&keys.key("tracing")),
                alerting: Alerting::read(&keys.key("alerting")),
                slos: Vec::new(),
                source: Source::default(),
            };
            let channels: Vec<&str> = config.alerting.channels.iter().map(|channel| &*channel.name).collect();
            config.slos = alerting::rule::slos(&keys.key("slos"), &channels);
            config
        })
    }
}

/// What an empty file in an empty environment says.
impl Default for Config {
    fn default() -> Self {
        parse("", Path::new(""), &|_| None).expect("an empty file is valid")
    }
}

/// What a file means that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A fault.
    Fault,
    /// An empty file: it may come later, as a ConfigMap that a pod mounts does.
    Empty,
}

/// Reads the file at `path`; relative paths in it start at its folder. Blocks on the file system.
pub fn load(path: &Path, missing: Missing, env: Env<'_>) -> Result<Config, Errors> {
    load_with(path, missing, env, true)
}

/// The same without fetching secrets: for who has the file and not the secrets.
pub fn load_without_secrets(path: &Path, missing: Missing, env: Env<'_>) -> Result<Config, Errors> {
    load_with(path, missing, env, false)
}

fn load_with(path: &Path, missing: Missing, env: Env<'_>, fetch: bool) -> Result<Config, Errors> {
    let (text, seen) = seen::text(path);
    let reading = read::Reading::new(path.parent().unwrap_or(Path::new("")), env, fetch);
    reading.files.borrow_mut().push(seen);
    match text {
        Ok(text) => settle(&text, reading),
        Err(error) if missing == Missing::Empty && error.kind() == std::io::ErrorKind::NotFound => {
            let mut config = settle("", reading)?;
            let message = format!("{} is not there; what the environment does not say has its default", path.display());
            config.source.notices.push(Fault { path: String::new(), message });
            Ok(config)
        }
        Err(error) => {
            let whole = Errors::whole(format!("cannot read {}: {error}", path.display()));
            Err(whole.after(reading.files.into_inner()))
        }
    }
}

/// Reads a text; relative paths in it start at `base`.
pub fn parse(text: &str, base: &Path, env: Env<'_>) -> Result<Config, Errors> {
    settle(text, read::Reading::new(base, env, true))
}

fn settle(text: &str, reading: read::Reading<'_>) -> Result<Config, Errors> {
    let mut tree = match yaml::Yaml::parse(text) {
        Ok(tree) => tree,
        Err(message) => {
            return Err(Errors::whole(format!("cannot read it as YAML: {message}")).after(reading.files.into_inner()));
        }
    };
    let filled = environment::fill(&mut tree, reading.env);
    let notices = filled.notices.clone();
    business::fill(&mut tree);
    let mut config = Config::read(&read::Node::root(&reading, &tree));
    agreement::check(&config, &reading);
    let (mut faults, files) = (reading.faults.into_inner(), reading.files.into_inner());
    for fault in &mut faults {
        if let Some(name) = filled.origin(&fault.path) {
            fault.message.push_str(&format!(" (from the environment variable {name})"));
        }
    }
    config.source = Source { hash: seen::hash(text), notices, files: files.clone() };
    Errors::or(faults, config).map_err(|errors| errors.after(files))
}
