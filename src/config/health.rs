//! `health_check:`: how it is found out whether an address works, before a request does.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{as_text, duration_in};
use super::read::{Keys, Node};
use super::scalar::{one_of, path, positive, regex, text};
use super::status::StatusSet;

/// An active check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HealthCheck {
    /// What is asked.
    pub probe: Probe,
    /// How often, with a jitter of a tenth.
    #[serde(serialize_with = "as_text")]
    pub interval: Duration,
    /// How long an answer may take; never longer than the interval.
    #[serde(serialize_with = "as_text")]
    pub timeout: Duration,
    /// Successes in a row that make an address healthy.
    pub healthy: NonZeroUsize,
    /// Failures in a row that make it unhealthy.
    pub unhealthy: NonZeroUsize,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Probe {
    /// `GET` a path.
    Http {
        /// The path.
        path: String,
        /// Which answers are good.
        status: StatusSet,
        /// A regular expression that the body must match.
        body: Option<String>,
    },
    /// A connection is accepted.
    Tcp,
    /// `grpc.health.v1.Health/Check` answers `SERVING`.
    Grpc {
        /// The service asked about; empty asks about the server.
        service: String,
    },
}

impl HealthCheck {
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        node.optional(|keys| {
            let probe = Probe::read(keys);
            let limits = Duration::from_millis(100)..=Duration::from_secs(3600);
            let interval = keys.key("interval").get(duration_in(limits.clone())).unwrap_or(Duration::from_secs(10));
            let timeout_node = keys.key("timeout");
            let timeout = timeout_node.get(duration_in(limits)).unwrap_or(Duration::from_secs(2).min(interval));
            if timeout > interval {
                timeout_node.fault("must not be longer than the interval");
            }
            let healthy = keys.key("healthy").get(positive(100)).or(NonZeroUsize::new(2));
            let unhealthy = keys.key("unhealthy").get(positive(100)).or(NonZeroUsize::new(3));
            Some(Self { probe: probe?, interval, timeout, healthy: healthy?, unhealthy: unhealthy? })
        })
    }
}

impl Probe {
    fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let kind =
            keys.key("type").get(one_of(&[("http", "http"), ("tcp", "tcp"), ("grpc", "grpc")])).unwrap_or("http");
        let (path_node, status, body, service) =
            (keys.key("path"), keys.key("status"), keys.key("body"), keys.key("service"));
        let unused: &[&Node<'_>] = match kind {
            "http" => &[&service],
            "grpc" => &[&path_node, &status, &body],
            _ => &[&path_node, &status, &body, &service],
        };
        for node in unused.iter().filter(|node| node.is_set()) {
            node.fault(format!("has no meaning for a check of type {kind}"));
        }
        match kind {
            "http" => Some(Self::Http {
                path: path_node.need(path)?,
                status: StatusSet::read(&status).unwrap_or_else(|| StatusSet::class(2)),
                body: body.get(regex),
            }),
            "grpc" => Some(Self::Grpc { service: service.get(text).unwrap_or_default() }),
            _ => Some(Self::Tcp),
        }
    }
}
