//! What requests are about: the rules of `business:`, judged over exchanges and messages that have passed.
//!
//! Every exchange that a rule matches is counted. What a rule could not read of it (a body that is too large, or no JSON) leaves
//! its label at `missing` and its success to the status, and is counted once more as unjudged.
//!
//! - `rule`: one rule, over one exchange or message
//! - `label`: label values, bounded
//! - `values`: the values of an exchange, as far as rules ask for them
//! - `content`: what a body says: encodings, JSON, streams of events
//! - `pointer`: JSON pointers, many in one pass
//! - `jobs`: work that goes on after the answer

mod content;
mod jobs;
mod label;
mod pointer;
mod rule;
#[cfg(test)]
mod tests;
mod values;

use super::interest::Interests;
use crate::event::Exchange;
use crate::event::exchange::MessageRecord;
use crate::metrics::{BusinessMetrics, Taken};
use crate::trace::span::Judgement;
use rule::Rule;
use std::time::Instant;

/// All rules and what they remember.
pub struct Business {
    metrics: BusinessMetrics,
    rules: Vec<Rule>,
    /// What is to become spans of the exchange that was seen last.
    judgements: Vec<Judgement>,
}

impl Business {
    /// The rules of `interests`.
    pub fn new(interests: &Interests, metrics: BusinessMetrics) -> Result<Self, Taken> {
        let mut business = Self { metrics, rules: Vec::new(), judgements: Vec::new() };
        business.follow(interests)?;
        Ok(business)
    }

    /// From now on by the rules of `interests`. What a rule that stays has counted, and the jobs it waits for, go on.
    pub fn follow(&mut self, interests: &Interests) -> Result<(), Taken> {
        self.metrics.keep(interests.rules.iter().flat_map(rule::families));
        let mut old = std::mem::take(&mut self.rules);
        for config in &interests.rules {
            let known = old.iter().position(|rule| rule.config() == config);
            self.rules.push(match known {
                Some(at) => old.swap_remove(at),
                None => Rule::new(config, &self.metrics)?,
            });
        }
        Ok(())
    }

    /// Counts an exchange.
    pub fn see(&mut self, interests: &Interests, exchange: &Exchange) {
        if self.rules.is_empty() {
            return;
        }
        let values = values::Values::new(exchange, interests.body_limit as usize);
        self.judgements.extend(self.rules.iter_mut().filter_map(|rule| rule.see(&values)));
    }

    /// What rules that ask for a span saw since the last time.
    pub fn judgements(&mut self) -> std::vec::Drain<'_, Judgement> {
        self.judgements.drain(..)
    }

    /// Counts a message of a WebSocket.
    pub fn message(&mut self, message: &MessageRecord) {
        for rule in &mut self.rules {
            rule.message(message);
        }
    }

    /// Jobs that have waited for too long are over.
    pub fn tick(&mut self, now: Instant) {
        self.rules.iter_mut().for_each(|rule| rule.tick(now));
    }
}
