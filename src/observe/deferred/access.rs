//! Logins, credentials of other requests, brute force and rate limits.

use super::meant_status;
use crate::event::Exchange;
use crate::metrics::SecurityMetrics;
use crate::observe::auth::{Method, Reason, Token, Validation};
use crate::observe::clients::Top;
use crate::observe::interest::Interests;
use crate::observe::ratelimit::{Quota, Verdict};
use crate::observe::security::{Failures, Kind};
use crate::route::Pattern;
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::SystemTime;

/// Clients whose failures are counted at a time.
const FAILING: usize = 10_000;
/// What stands for all clients without a label of their own.
const OTHER: &str = "other";

/// What is known of clients.
pub(super) struct Access {
    metrics: SecurityMetrics,
    failures: Option<Failures>,
    untracked: u64,
    top: Top,
}

impl Access {
    pub(super) fn new(interests: &Interests, metrics: SecurityMetrics) -> Self {
        if interests.detector.is_some() {
            Validation::ALL.iter().for_each(|result| drop(metrics.validation(result.as_str())));
            [Verdict::Allowed, Verdict::Limited].iter().for_each(|verdict| drop(metrics.limit(verdict.as_str())));
        }
        let top = Top::new(interests.security.clients.top);
        Self { metrics, failures: failures(interests), untracked: 0, top }
    }

    /// Counts go on where what they depend on is the same.
    pub(super) fn follow(&mut self, old: &Interests, new: &Interests) {
        let (old, now) = (&old.security, &new.security);
        if old.detectors.brute_force != now.detectors.brute_force {
            (self.failures, self.untracked) = (failures(new), 0);
        }
        if old.clients.top != now.clients.top {
            self.top = Top::new(now.clients.top);
        }
    }

    pub(super) fn see(&mut self, interests: &Interests, now: SystemTime, client: IpAddr, exchange: &Exchange) {
        let status = meant_status(exchange);
        let mut credentials = None;
        for (name, value) in exchange.request.fields() {
            credentials = Method::or(credentials, Method::of(name, value));
        }
        let is_login = matches!(exchange.method, "POST" | "PUT" | "_OTHER")
            && interests.login.iter().any(|login: &Pattern| login.matches(exchange.target()));
        // A name and a password in a header are a login with each request; only failures show that somebody guesses.
        let guesses = matches!(credentials, Some((Method::Basic | Method::Digest, _)));
        if is_login {
            let method = credentials.filter(|(method, _)| *method != Method::Session);
            self.login(interests, client, status, method.map_or(Method::Password, |(method, _)| method), exchange);
        } else {
            self.credentials(now, status, credentials, exchange);
            if guesses && status == 401 {
                self.failed(interests, client, exchange);
            }
        }
        self.limit(interests, now, client, status, exchange);
    }

    fn login(&mut self, interests: &Interests, client: IpAddr, status: u16, method: Method, exchange: &Exchange) {
        let result = match status {
            100..=399 => "success",
            // A limit came before anybody looked at the credentials.
            429 | 0 => return,
            400..=499 => "failure",
            _ => "error",
        };
        self.metrics.attempt(result, method.as_str());
        if result == "failure" {
            self.failed(interests, client, exchange);
        }
    }

    fn failed(&mut self, interests: &Interests, client: IpAddr, exchange: &Exchange) {
        let Some(failures) = &mut self.failures else { return };
        let is_attack = failures.failed(interests.clients.of(client), exchange.ended);
        self.metrics.untracked.inc_by(failures.untracked() - self.untracked);
        self.untracked = failures.untracked();
        if let (true, Some(severity)) = (is_attack, interests.severity(Kind::BruteForce)) {
            self.metrics.event(Kind::BruteForce.as_str(), severity.as_str());
        }
    }

    fn credentials(&self, now: SystemTime, status: u16, found: Option<(Method, Token)>, exchange: &Exchange) {
        let challenges = exchange.response.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"www-authenticate"));
        let reason = challenges.map(|(_, value)| Reason::of(value)).max().unwrap_or_default();
        let (method, token) = found.map_or((None, Token::Opaque), |(method, token)| (Some(method), token));
        if let Some(validation) = Validation::of(status, method, token, reason, now) {
            self.metrics.validation(validation.as_str()).inc();
        }
    }

    fn limit(&mut self, interests: &Interests, now: SystemTime, client: IpAddr, status: u16, exchange: &Exchange) {
        let mut quota = Quota::default();
        for (name, value) in exchange.response.fields() {
            quota.note(&interests.security.rate_limit_headers, name, value, now);
        }
        let Some(verdict) = Verdict::of(status, &quota) else { return };
        self.metrics.limit(verdict.as_str()).inc();
        if verdict == Verdict::Limited {
            self.violation(interests, interests.clients.of(client));
        }
    }

    /// The busiest have a label of their own; who loses it has its count added to `other`, so that sums stay right.
    fn violation(&mut self, interests: &Interests, client: IpNet) {
        let counted = self.top.count(client);
        if let Some(lost) = counted.unnamed {
            self.metrics.rename(&interests.clients.name(lost), OTHER);
        }
        let name = if counted.named { interests.clients.name(client) } else { OTHER.to_owned() };
        self.metrics.violation(&name);
    }
}

fn failures(interests: &Interests) -> Option<Failures> {
    let rule = interests.security.detectors.brute_force.as_ref().filter(|_| interests.detector.is_some());
    rule.map(|rule| Failures::new(rule, FAILING))
}
