//! A token bucket: so many notifications in so long, at first as many at once.

use crate::config::Rate;

/// The tokens of one channel.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    count: f64,
    /// Milliseconds in which `count` tokens come.
    per: f64,
    tokens: f64,
    at: i64,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: Rate, now: i64) -> Self {
        let count = f64::from(rate.count);
        Self { count, per: rate.per.as_secs_f64() * 1_000.0, tokens: count, at: now }
    }

    /// Takes another rate; what is there stays, as far as there is room.
    pub fn set_rate(&mut self, rate: Rate) {
        (self.count, self.per) = (f64::from(rate.count), rate.per.as_secs_f64() * 1_000.0);
        self.tokens = self.tokens.min(self.count);
    }

    /// Whole tokens at `now` (Unix milliseconds). A clock that steps back brings none.
    pub fn tokens(&mut self, now: i64) -> usize {
        let passed = (now - self.at).max(0) as f64;
        self.tokens = (self.tokens + passed * self.count / self.per).min(self.count);
        self.at = now;
        // A hair more than whole, so that the instant that `next` names has its token.
        (self.tokens + 1e-6) as usize
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: i64) -> bool {
        let any = self.tokens(now) > 0;
        if any {
            self.tokens = (self.tokens - 1.0).max(0.0);
        }
        any
    }

    /// Gives one back: nothing was sent for it.
    pub fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.count);
    }

    /// When there is a token.
    pub fn next(&mut self, now: i64) -> i64 {
        match self.tokens(now) {
            0 => now + ((1.0 - self.tokens) * self.per / self.count).ceil() as i64,
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn no_more_goes_out_in_any_window_than_twice_the_count_and_tokens_come_evenly() {
        let mut bucket = Bucket::new(Rate { count: 10, per: Duration::from_secs(60) }, 0);
        let taken = (0..100).filter(|_| bucket.take(0)).count();
        assert_eq!((taken, bucket.next(0)), (10, 6_000));
        assert!(!bucket.take(5_999));
        assert!(bucket.take(6_000));
        assert_eq!((6_001..60_000).filter(|now| bucket.take(*now)).count(), 8);
        assert_eq!(bucket.tokens(10_000_000), 10);
    }

    #[test]
    fn a_token_that_was_given_back_can_be_taken_again() {
        let mut bucket = Bucket::new(Rate { count: 1, per: Duration::from_secs(3_600) }, 0);
        assert!(bucket.take(0) && !bucket.take(0));
        bucket.give_back();
        assert!(bucket.take(0));
    }
}
