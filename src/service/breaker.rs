//! A circuit breaker as the field knows it: closed until calls fail, open for a while, then half open for a few probes. Pure:
//! no clock, no lock, no metric; time only ever goes on.
//!
//! What was admitted counts in the period that admitted it. A call that was let through before the breaker opened, and ends after
//! it has closed again, says nothing about the service as it is now.
//!
//! - `window`: calls and failures of the last while
//! - `reference`: for tests, the same by definition, slow

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod window;

use std::time::{Duration, Instant};
use window::Window;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Share of failures in the window that opens it, above 0 and up to 1.
    pub failure_rate: f64,
    /// Failures in a row that open it; at least 1.
    pub consecutive_failures: u32,
    /// Calls in the window below which the rate opens nothing.
    pub min_requests: u32,
    /// How far back the rate looks.
    pub window: Duration,
    /// How long it stays open before it lets probes through.
    pub open_for: Duration,
    /// Probes at once while half open; as many successes in a row close it. At least 1.
    pub half_open_max: u32,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer that is no failure.
    Success,
    /// A failure, of whatever kind.
    Failure,
    /// The service works and wants less (429): a failure in the rate, and neither one more in a row nor the end of the row.
    Throttled,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are rejected.
    Open,
    /// A few calls pass.
    HalfOpen,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// As the label `state` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// Whether a call may pass.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; the ticket is to be settled or given back.
    Passed(Ticket),
    /// It may not; in so long the next may be a probe.
    Rejected(Duration),
}

/// A call that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    period: u64,
}

/// The breaker of one service.
#[derive(Debug)]
pub struct Breaker {
    rule: Rule,
    phase: Phase,
    /// Changes with every change of state, so that a ticket knows whether it is of this one.
    period: u64,
    window: Window,
    latest: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { under_way: u32, successes: u32 },
}

impl Breaker {
    /// Closed at `now`, with nothing seen.
    pub fn new(rule: Rule, now: Instant) -> Self {
        let phase = Phase::Closed { failures: 0 };
        Self { rule, phase, period: 0, window: Window::new(rule.window, now), latest: now }
    }

    /// Takes another rule; what it stands in and how long goes on. Another window begins anew.
    pub fn follow(&mut self, rule: Rule, now: Instant) {
        let now = self.pass(now);
        if rule.window != self.rule.window {
            self.window = Window::new(rule.window, now);
        }
        self.rule = rule;
    }

    /// Where it stands at `now`.
    pub fn state(&mut self, now: Instant) -> State {
        self.pass(now);
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// The share of failures among the calls of the window; `None` without calls.
    pub fn failure_rate(&mut self, now: Instant) -> Option<f64> {
        let now = self.pass(now);
        let (calls, failures) = self.window.counts(now);
        (calls > 0).then(|| failures as f64 / calls as f64)
    }

    /// Asks for a call.
    pub fn admit(&mut self, now: Instant) -> Admission {
        let now = self.pass(now);
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } => return Admission::Rejected(*until - now),
            Phase::HalfOpen { under_way, .. } if *under_way < self.rule.half_open_max => *under_way += 1,
            // How long the probes take is theirs to know.
            Phase::HalfOpen { .. } => return Admission::Rejected(Duration::ZERO),
        }
        Admission::Passed(Ticket { period: self.period })
    }

    /// Whether a ticket is of the period that runs: if not, nothing is lost by asking again.
    pub fn is_current(&mut self, ticket: Ticket, now: Instant) -> bool {
        self.pass(now);
        ticket.period == self.period
    }

    /// A call has ended. Without a ticket it was made against the breaker's word, which tells of the rate alone.
    pub fn settle(&mut self, ticket: Option<Ticket>, outcome: Outcome, now: Instant) {
        let now = self.pass(now);
        let is_current = ticket.is_some_and(|ticket| ticket.period == self.period);
        if is_current || !matches!(self.phase, Phase::Closed { .. }) {
            self.window.add(outcome != Outcome::Success, now);
        }
        if !is_current {
            return;
        }
        match (&mut self.phase, outcome) {
            (Phase::Closed { failures }, Outcome::Success) => *failures = 0,
            (Phase::Closed { failures }, _) => {
                *failures += u32::from(outcome == Outcome::Failure);
                let in_a_row = *failures >= self.rule.consecutive_failures;
                let (calls, failed) = self.window.counts(now);
                let rate = failed as f64 >= self.rule.failure_rate * calls as f64;
                if in_a_row || (calls >= u64::from(self.rule.min_requests) && rate) {
                    self.open(now);
                }
            }
            (Phase::HalfOpen { under_way, successes }, Outcome::Success) => {
                *under_way -= 1;
                *successes += 1;
                if *successes >= self.rule.half_open_max {
                    self.window = Window::new(self.rule.window, now);
                    self.enter(Phase::Closed { failures: 0 });
                }
            }
            (Phase::HalfOpen { .. }, _) => self.open(now),
            // Nothing is admitted while it is open.
            (Phase::Open { .. }, _) => {}
        }
    }

    /// A call that was let through was never made, or its end says nothing.
    pub fn give_back(&mut self, ticket: Ticket, now: Instant) {
        self.pass(now);
        if let Phase::HalfOpen { under_way, .. } = &mut self.phase
            && ticket.period == self.period
        {
            *under_way -= 1;
        }
    }

    fn open(&mut self, now: Instant) {
        self.enter(Phase::Open { until: now + self.rule.open_for });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.period += 1;
    }

    /// Takes note of the time, which threads may tell a little out of order.
    fn pass(&mut self, now: Instant) -> Instant {
        self.latest = self.latest.max(now);
        if let Phase::Open { until } = self.phase
            && until <= self.latest
        {
            self.enter(Phase::HalfOpen { under_way: 0, successes: 0 });
        }
        self.latest
    }
}
