//! `agent.yaml`: read once, at the edge, into types that cannot be wrong.
//!
//! [`parse`] reads a text, [`load`] a file; both give every fault at once, each with the path of its key. Environment and
//! folder are passed in. Nothing here does anything but read files that the config names.
//!
//! - `yaml`: the bounded tree · `read`: from the tree to values, collecting faults · `scalar`, `upstream`, `secret`,
//!   `tls`: kinds of values · `fault`: what is wrong
//! - one module per section: `log`, `ingress`, `admin`, `routes`, `metrics`

pub mod admin;
pub mod fault;
pub mod ingress;
pub mod log;
pub mod metrics;
mod read;
pub mod routes;
mod scalar;
pub mod secret;
pub mod tls;
pub mod upstream;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;

pub use admin::Admin;
pub use fault::{Errors, Fault};
pub use ingress::{ForwardedFor, Gateway, Ingress, ProxyProtocol};
pub use log::{Level, Log, LogFormat};
pub use metrics::{Buckets, Metrics, Profile};
pub use read::Env;
pub use routes::{OpenApi, Pattern, Routes};
pub use scalar::print_duration;
pub use secret::{Secret, SecretSource};
pub use upstream::{HostPort, Url};

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
    /// The admin port.
    pub admin: Admin,
    /// How a path becomes an endpoint.
    pub routes: Routes,
    /// What is derived and how much of it is kept.
    pub metrics: Metrics,
}

impl Config {
    fn read(root: &read::Node<'_>) -> Self {
        root.map(|keys| Self {
            service: keys.key("service").get(scalar::text).unwrap_or_else(|| "api-gateway".to_owned()),
            environment: keys.key("environment").get(scalar::text).unwrap_or_else(|| "production".to_owned()),
            log: Log::read(&keys.key("log")),
            ingress: Ingress::read(&keys.key("ingress")),
            admin: Admin::read(&keys.key("admin")),
            routes: Routes::read(&keys.key("routes")),
            metrics: Metrics::read(&keys.key("metrics")),
        })
    }
}

/// What an empty file in an empty environment says.
impl Default for Config {
    fn default() -> Self {
        parse("", Path::new(""), &|_| None).expect("an empty file is valid")
    }
}

/// Reads the file at `path`; relative paths in it start at its folder. Blocks on the file system.
pub fn load(path: &Path, env: Env<'_>) -> Result<Config, Errors> {
    let read = std::fs::read(path).and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    let text = read.map_err(|error| Errors::whole(format!("cannot read {}: {error}", path.display())))?;
    parse(&text, path.parent().unwrap_or(Path::new("")), env)
}

/// Reads a text; relative paths in it start at `base`.
pub fn parse(text: &str, base: &Path, env: Env<'_>) -> Result<Config, Errors> {
    let tree = yaml::Yaml::parse(text).map_err(Errors::whole)?;
    let reading = read::Reading { base, env, faults: Vec::new().into() };
    let config = Config::read(&read::Node::root(&reading, &tree));
    Errors::or(reading.faults.into_inner(), config)
}
