//! A service's breaker as all threads share it: what becomes of calls goes in, and its metrics say where it stands.

use super::breaker::{Admission, Breaker, Outcome, Rule, State, Ticket};
use crate::config::services::{BreakerMode, CircuitBreaker};
use crate::metrics::service::BreakerHandles;
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// The breaker of one service.
pub struct Circuit {
    inner: Mutex<Inner>,
    metrics: BreakerHandles,
}

struct Inner {
    breaker: Breaker,
    policy: CircuitBreaker,
    /// The state that the metrics show.
    shown: State,
}

/// How a call ended, as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a whole answer of this status.
    Answered(u16),
    /// The service broke off: an end or a reset in front of the answer's last byte.
    Broken,
    /// The gateway did not wait for the whole answer. This long it did.
    GivenUp(Duration),
    /// No connection could be made.
    Unreachable,
    /// No connection could be made in time, or the service said that it ran out of time.
    TimedOut,
}

/// The place of `rejected` in the metrics.
const REJECTED: usize = 3;

impl Circuit {
    /// Closed at `now`.
    pub fn new(policy: &CircuitBreaker, metrics: BreakerHandles, now: Instant) -> Self {
        let inner = Inner { breaker: Breaker::new(rule(policy), now), policy: policy.clone(), shown: State::Closed };
        metrics.states[0].set(1);
        Self { inner: Mutex::new(inner), metrics }
    }

    /// Takes another policy; the state goes on.
    pub fn follow(&self, policy: &CircuitBreaker, now: Instant) {
        let mut inner = self.inner.lock();
        inner.breaker.follow(rule(policy), now);
        inner.policy = policy.clone();
        self.show(&mut inner, now);
    }

    /// Asks for a call. In mode observe the caller lets it pass in any case.
    pub fn admit(&self, now: Instant) -> Admission {
        let mut inner = self.inner.lock();
        let admission = inner.breaker.admit(now);
        self.show(&mut inner, now);
        admission
    }

    /// Whether a rejected call must not be made.
    pub fn enforces(&self) -> bool {
        self.inner.lock().policy.mode == BreakerMode::Enforce
    }

    /// Whether nothing has changed since `ticket` was given.
    pub fn is_current(&self, ticket: Ticket, now: Instant) -> bool {
        self.inner.lock().breaker.is_current(ticket, now)
    }

    /// A call was rejected.
    pub fn rejected(&self) {
        self.metrics.outcomes[REJECTED].inc();
    }

    /// A call passes although the breaker rejects it.
    pub fn withheld(&self) {
        if let Some(withheld) = &self.metrics.withheld {
            withheld.inc();
        }
    }

    /// A call has ended.
    pub fn settle(&self, ticket: Option<Ticket>, ending: Ending, now: Instant) {
        let mut inner = self.inner.lock();
        match inner.judge(ending) {
            Some((label, outcome)) => {
                self.metrics.outcomes[label].inc();
                inner.breaker.settle(ticket, outcome, now);
            }
            None => {
                if let Some(ticket) = ticket {
                    inner.breaker.give_back(ticket, now);
                }
            }
        }
        self.show(&mut inner, now);
    }

    /// An answer of the gateway, where that is all there is to judge the service by: 502, 503 and 504 say that it failed.
    pub fn judge(&self, status: u16, now: Instant) {
        let ending = match status {
            502 | 503 => Ending::Unreachable,
            504 => Ending::TimedOut,
            _ => Ending::Answered(200),
        };
        let ticket = match self.admit(now) {
            Admission::Passed(ticket) => Some(ticket),
            Admission::Rejected(_) => None,
        };
        self.settle(ticket, ending, now);
    }

    /// A call that was let through was not made.
    pub fn give_back(&self, ticket: Ticket, now: Instant) {
        self.inner.lock().breaker.give_back(ticket, now);
    }

    /// Brings the metrics up to date, as time alone changes what they say.
    pub fn refresh(&self, now: Instant) {
        self.show(&mut self.inner.lock(), now);
    }

    /// Where it stands.
    pub fn state(&self, now: Instant) -> State {
        self.inner.lock().breaker.state(now)
    }

    fn show(&self, inner: &mut Inner, now: Instant) {
        let state = inner.breaker.state(now);
        if let Some(rate) = &self.metrics.rate {
            rate.set(inner.breaker.failure_rate(now).unwrap_or(0.0));
        }
        if state == inner.shown {
            return;
        }
        if let Some(transitions) = &self.metrics.transitions {
            transitions[state as usize].inc();
        }
        self.metrics.states[inner.shown as usize].set(0);
        self.metrics.states[state as usize].set(1);
        inner.shown = state;
    }
}

impl Inner {
    /// The place of a call's outcome in the metrics, and what it is to the breaker; `None` if it says nothing of the service.
    fn judge(&self, ending: Ending) -> Option<(usize, Outcome)> {
        const SUCCESS: usize = 0;
        const FAILURE: usize = 1;
        const TIMEOUT: usize = 2;
        match ending {
            Ending::Answered(status) if self.policy.failures.contains(status) => Some((FAILURE, Outcome::Failure)),
            Ending::Answered(429) => Some((FAILURE, Outcome::Throttled)),
            Ending::Answered(_) => Some((SUCCESS, Outcome::Success)),
            Ending::Broken | Ending::Unreachable => Some((FAILURE, Outcome::Failure)),
            Ending::GivenUp(waited) if waited < self.policy.patience => None,
            Ending::GivenUp(_) | Ending::TimedOut => Some((TIMEOUT, Outcome::Failure)),
        }
    }
}

fn rule(policy: &CircuitBreaker) -> Rule {
    // The configuration's limits are far below what 32 bits hold.
    let count = |count: std::num::NonZeroUsize| u32::try_from(count.get()).unwrap_or(u32::MAX);
    Rule {
        failure_rate: policy.failure_rate,
        consecutive_failures: count(policy.consecutive_failures),
        min_requests: count(policy.min_requests),
        window: policy.window,
        open_for: policy.open_for,
        half_open_max: count(policy.half_open_max),
    }
}
