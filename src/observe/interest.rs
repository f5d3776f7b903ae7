//! What is to be derived from whole exchanges, compiled from the configuration: the workers ask what is worth telling, the
//! observe thread what to make of it.

use super::clients::Clients;
use super::security::{Detector, Kind};
use super::signature::Signature;
use crate::config::{BusinessRule, Config, Profile, Security, Severity, business::Source};
use crate::route::Pattern;
use anyhow::{Result, anyhow};
use std::collections::HashSet;
use std::net::IpAddr;

/// Compiled once per configuration; compiling takes tens of milliseconds.
pub struct Interests {
    /// How much is derived.
    pub profile: Profile,
    /// Attacks; absent below [`Profile::Full`].
    pub detector: Option<Detector>,
    /// How clients are told apart.
    pub clients: Clients,
    /// Logins, limits and detectors as they are configured.
    pub security: Security,
    /// Endpoints where people log in.
    pub login: Vec<Pattern>,
    /// The rules; none below [`Profile::Business`].
    pub rules: Vec<BusinessRule>,
    /// Bytes of a body that rules look at.
    pub body_limit: u32,
    /// How the gateway shows that breakers of its own are open.
    pub signatures: Vec<Signature>,
    /// The share of exchanges that get a line in the access log.
    pub(super) access: f64,
    /// Rules that hold for any path exist.
    pub(super) any_path: bool,
    /// Methods that rules name; empty for any.
    methods: HashSet<String>,
    request_bodies: bool,
    response_bodies: bool,
    /// Rules read messages of WebSockets.
    pub(super) messages: bool,
}

impl Interests {
    /// By `config`.
    pub fn new(config: &Config) -> Result<Self> {
        let profile = config.metrics.profile;
        let rules = if profile == Profile::Light { Vec::new() } else { config.business.clone() };
        let full = profile == Profile::Full;
        let reads = |test: fn(&Source) -> bool| rules.iter().any(|rule| rule.sources().any(test));
        let any_method = rules.iter().any(|rule| rule.matches.methods.is_empty() || rule.job.is_some());
        let methods = rules.iter().flat_map(|rule| rule.matches.methods.iter().cloned());
        Ok(Self {
            profile,
            detector: full.then(|| Detector::new(&config.security.detectors)),
            clients: Clients::new(&config.security.clients)
                .map_err(|_| anyhow!("security.clients: there are no random numbers"))?,
            login: config.security.login.iter().filter(|_| full).map(Pattern::from).collect(),
            security: config.security.clone(),
            body_limit: u32::try_from(config.metrics.body_limit).unwrap_or(u32::MAX),
            access: config.log.access,
            any_path: rules.iter().any(|rule| rule.matches.endpoints.is_empty()),
            methods: if any_method { HashSet::new() } else { methods.collect() },
            request_bodies: reads(|source| matches!(source, Source::Request(_))),
            response_bodies: reads(|source| matches!(source, Source::Response(_))),
            messages: reads(|source| matches!(source, Source::Websocket(_))),
            rules,
            signatures: Signature::all(config)?,
        })
    }

    /// How severe a kind of event is, or `None` where nobody looks for it.
    pub fn severity(&self, kind: Kind) -> Option<Severity> {
        self.detector.as_ref()?.severity(kind)
    }

    /// Whether a client comes from a network that is denied.
    pub(super) fn is_denied(&self, client: IpAddr) -> bool {
        self.detector.as_ref().is_some_and(|detector| detector.is_denied(client))
    }

    /// Patterns that mark a path as one to look at.
    pub fn marked(&self) -> impl Iterator<Item = Pattern> {
        let rules = self.rules.iter().flat_map(|rule| {
            let poll = rule.job.iter().flat_map(|job| &job.poll);
            rule.matches.endpoints.iter().chain(poll)
        });
        rules.map(Pattern::from).chain(self.login.iter().cloned())
    }

    /// Whether rules may be about a request of this method on a marked path, and so which bodies are to be kept: the request's
    /// and the answer's.
    pub(super) fn bodies(&self, method: &str) -> Option<(bool, bool)> {
        let about = !self.rules.is_empty() && (self.methods.is_empty() || self.methods.contains(method));
        about.then_some((self.request_bodies, self.response_bodies))
    }

    /// Whether a header of an answer tells a limit.
    pub(super) fn tells_limit(&self, name: &str) -> bool {
        let begins = |family: &String| {
            name.len() >= family.len() && name.as_bytes()[..family.len()].eq_ignore_ascii_case(family.as_bytes())
        };
        self.security.rate_limit_headers.iter().any(begins)
    }
}
