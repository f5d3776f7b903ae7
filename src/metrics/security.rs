//! The families of credentials, limits and attacks. Values come from lists of ours, but for `client`, which is bounded by who
//! counts.

use super::family::Family;
use super::registry::Registry;
use prometheus::IntCounter;

/// All of them.
#[derive(Clone)]
pub struct SecurityMetrics {
    attempts: Family<IntCounter>,
    validations: Family<IntCounter>,
    limits: Family<IntCounter>,
    violations: Family<IntCounter>,
    events: Family<IntCounter>,
    /// Failed logins that belong to no client, since there were too many at once.
    pub untracked: IntCounter,
}

impl SecurityMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        let untracked: Family<IntCounter> = Family::register(
            registry,
            "outrider_untracked_failures_total",
            "Failed logins that no client's count has, since too many clients failed at once.",
            &[],
        );
        Self {
            attempts: Family::register(
                registry,
                "auth_attempts_total",
                "Logins by what became of them and how they were made.",
                &["result", "method"],
            ),
            validations: Family::register(
                registry,
                "auth_token_validations_total",
                "Credentials of requests, by what became of them.",
                &["result"],
            ),
            limits: Family::register(
                registry,
                "rate_limit_requests_total",
                "Requests that a rate limit was applied to.",
                &["result"],
            ),
            violations: Family::register(
                registry,
                "rate_limit_violations_total",
                "Requests beyond a rate limit, by who made them.",
                &["client"],
            ),
            events: Family::register(
                registry,
                "security_events_total",
                "What looks like an attack.",
                &["type", "severity"],
            ),
            untracked: untracked.with(&[]),
        }
    }

    /// A login.
    pub fn attempt(&self, result: &str, method: &str) {
        self.attempts.with(&[result, method]).inc();
    }

    /// Credentials of a request.
    pub fn validation(&self, result: &str) -> IntCounter {
        self.validations.with(&[result])
    }

    /// A request that a limit was applied to.
    pub fn limit(&self, result: &str) -> IntCounter {
        self.limits.with(&[result])
    }

    /// A request beyond a limit.
    pub fn violation(&self, client: &str) {
        self.violations.with(&[client]).inc();
    }

    /// What `client` counted is another's from now on.
    pub fn rename(&self, client: &str, to: &str) {
        if let Some(counter) = self.violations.take(&[client]) {
            self.violations.with(&[to]).inc_by(counter.get());
        }
    }

    /// Something that looks like an attack; counted from 0 once it may be seen.
    pub fn may_see(&self, kind: &str, severity: &str) {
        self.events.with(&[kind, severity]);
    }

    /// Something that looks like an attack.
    pub fn event(&self, kind: &str, severity: &str) {
        self.events.with(&[kind, severity]).inc();
    }
}
