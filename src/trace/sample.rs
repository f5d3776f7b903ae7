//! Whether a span is made: by the caller's word, by the rate of the endpoint, within a budget per second, and for what failed
//! or was slow in any case.
//!
//! Rates decide by the trace's id as OpenTelemetry's consistent probability sampling does: who has the same rate takes the
//! same traces, on every pod. When more is asked for than the budget has, the rate falls for the next second; what is over
//! the budget within a second is not made at all.
//!
//! - `budget`: spans per second

mod budget;
#[cfg(test)]
mod tests;

use super::propagate::Remote;
use crate::config::tracing::{Keep, Tracing};
use crate::event::TraceId;
use budget::Budget;
use std::time::{Duration, Instant};

/// A share of all traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// 2⁵⁶ is all: the random part of an id has so many bits.
    const ALL: u64 = 1 << 56;

    /// A share between 0 and 1.
    pub fn new(rate: f64) -> Self {
        Self((rate.clamp(0.0, 1.0) * Self::ALL as f64) as u64)
    }

    fn takes(self, trace: &TraceId) -> bool {
        trace.randomness() >= Self::ALL - self.0
    }
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The caller.
    Caller,
    /// `tracing.sample_rate`.
    Rate,
    /// The rate of the endpoint.
    Route,
    /// `tracing.max_spans_per_second`.
    Limit,
    /// `tracing.keep.errors`, when the exchange was over.
    Error,
    /// `tracing.keep.slower_than`, when the exchange was over.
    Slow,
}

impl Why {
    /// As attributes and the admin API have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Rate => "rate",
            Self::Route => "route",
            Self::Limit => "limit",
            Self::Error => "error",
            Self::Slow => "slow",
        }
    }
}

/// Whether a span is made, and what decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is made.
    pub sampled: bool,
    /// What decided.
    pub why: Why,
}

/// Decides, for all workers.
pub struct Sampler {
    rate: Share,
    keep: Keep,
    budget: Budget,
}

impl Sampler {
    /// By the configuration; `now` begins the first second.
    pub fn new(config: &Tracing, now: Instant) -> Self {
        let budget = Budget::new(config.max_spans_per_second.get() as u64, now);
        Self { rate: Share::new(config.sample_rate), keep: config.keep.clone(), budget }
    }

    /// Decides at the head of a request of `trace`; `route` is the endpoint's own share. Takes from the budget.
    pub fn decide(&self, now: Instant, trace: &TraceId, remote: Option<&Remote>, route: Option<Share>) -> Decision {
        let wish = self.wish(trace, remote, route);
        if wish.sampled && !self.budget.take(now, trace) {
            return Decision { sampled: false, why: Why::Limit };
        }
        wish
    }

    /// What [`Self::decide`] would say if there was no budget.
    pub fn wish(&self, trace: &TraceId, remote: Option<&Remote>, route: Option<Share>) -> Decision {
        match (remote.and_then(|remote| remote.sampled), route) {
            (Some(sampled), _) => Decision { sampled, why: Why::Caller },
            (None, Some(share)) => Decision { sampled: share.takes(trace), why: Why::Route },
            (None, None) => Decision { sampled: self.rate.takes(trace), why: Why::Rate },
        }
    }

    /// Why an exchange that was not sampled is kept now that it is over, if it is: then nobody behind us made spans for it.
    pub fn keep(&self, now: Instant, failed: bool, took: Duration) -> Option<Why> {
        let why = match self.keep {
            Keep { errors: true, .. } if failed => Why::Error,
            Keep { slower_than: Some(limit), .. } if took > limit => Why::Slow,
            _ => return None,
        };
        self.budget.take_late(now).then_some(why)
    }

    /// The share of what was asked for that the budget has room for at present, 0 to 1.
    pub fn factor(&self) -> f64 {
        self.budget.share().0 as f64 / Share::ALL as f64
    }
}
