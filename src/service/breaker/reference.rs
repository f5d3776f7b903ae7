//! The breaker by its definition: it remembers everything that ever happened, and works out from that, each time anew, where it
//! stands. Slow, and obviously right.

use super::window::SLICES;
use super::{Outcome, Rule, State};
use std::time::Duration;

/// Everything that happened; times are since the start.
pub(super) struct Reference {
    rule: Rule,
    /// Every change of state and when it was.
    changes: Vec<(State, Duration)>,
    /// Every call: the change of state that admitted it, if one did, and its end.
    calls: Vec<Call>,
}

struct Call {
    admitted_in: Option<usize>,
    /// When, as what, and after which change of state. A call that was given back has no outcome.
    end: Option<(Duration, Option<Outcome>, usize)>,
}

impl Reference {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, changes: vec![(State::Closed, Duration::ZERO)], calls: Vec::new() }
    }

    /// The last change of state.
    fn period(&self) -> usize {
        self.changes.len() - 1
    }

    pub(super) fn state(&mut self, now: Duration) -> State {
        let (state, since) = self.changes[self.period()];
        if state == State::Open && now >= since + self.rule.open_for {
            self.changes.push((State::HalfOpen, since + self.rule.open_for));
        }
        self.changes[self.period()].0
    }

    /// Whether a call may pass; it gets a number in any case.
    pub(super) fn admit(&mut self, now: Duration) -> (usize, bool) {
        let (state, period) = (self.state(now), self.period());
        let under_way = self.calls.iter().filter(|call| call.admitted_in == Some(period) && call.end.is_none()).count();
        let passes = match state {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen => under_way < self.rule.half_open_max as usize,
        };
        self.calls.push(Call { admitted_in: passes.then_some(period), end: None });
        (self.calls.len() - 1, passes)
    }

    pub(super) fn end(&mut self, call: usize, outcome: Option<Outcome>, now: Duration) {
        let (state, period) = (self.state(now), self.period());
        self.calls[call].end = Some((now, outcome, period));
        if self.calls[call].admitted_in != Some(period) || outcome.is_none() {
            return;
        }
        let of_period = |call: &&Call| call.admitted_in == Some(period);
        let mut ends: Vec<_> = self.calls.iter().filter(of_period).filter_map(|call| call.end).collect();
        // Ends at one instant keep no order, so a test has none.
        ends.sort_by_key(|(at, ..)| *at);
        let outcomes: Vec<Outcome> = ends.into_iter().filter_map(|(_, outcome, _)| outcome).collect();
        let next = match state {
            State::Closed => {
                let row = outcomes.iter().rev().take_while(|outcome| **outcome != Outcome::Success);
                let row = row.filter(|outcome| **outcome == Outcome::Failure).count();
                let in_a_row = row >= self.rule.consecutive_failures as usize;
                let (calls, failures) = self.counts(now);
                let rate = failures as f64 >= self.rule.failure_rate * calls as f64;
                // Only something that went wrong can open it.
                let wrong = outcome != Some(Outcome::Success);
                (wrong && (in_a_row || (calls >= self.rule.min_requests as usize && rate))).then_some(State::Open)
            }
            State::HalfOpen if outcome != Some(Outcome::Success) => Some(State::Open),
            State::HalfOpen => (outcomes.len() >= self.rule.half_open_max as usize).then_some(State::Closed),
            State::Open => None,
        };
        self.changes.extend(next.map(|next| (next, now)));
    }

    pub(super) fn failure_rate(&mut self, now: Duration) -> Option<f64> {
        self.state(now);
        let (calls, failures) = self.counts(now);
        (calls > 0).then(|| failures as f64 / calls as f64)
    }

    /// Calls and failures of the slices that count at `now`, since the breaker closed last.
    fn counts(&self, now: Duration) -> (usize, usize) {
        let closed = self.changes.iter().rposition(|(state, _)| *state == State::Closed).unwrap_or(0);
        let origin = self.changes[closed].1;
        let slice = |at: Duration| (at - origin).as_nanos() / (self.rule.window / SLICES).as_nanos();
        let counted = |call: &&Call| match call.end {
            Some((at, Some(_), during)) => {
                let is_current = call.admitted_in == Some(during) || self.changes[during].0 != State::Closed;
                during >= closed && is_current && slice(now) - slice(at) < u128::from(SLICES)
            }
            _ => false,
        };
        let counted: Vec<&Call> = self.calls.iter().filter(counted).collect();
        let failures = counted.iter().filter(|call| !matches!(call.end, Some((_, Some(Outcome::Success), _)))).count();
        (counted.len(), failures)
    }
}
