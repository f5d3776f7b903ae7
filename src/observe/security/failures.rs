//! Brute force: failures of one client within a window.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::config::security::BruteForce;

/// Counts failed logins by client; bounded, whatever the number of clients.
///
/// The window slides by halves: what is counted reaches back at least half a window and at most a whole one, so a burst of
/// `threshold` failures within half a window is always seen, and `threshold` spread over more than a window never.
pub struct Failures {
    threshold: usize,
    half: Duration,
    capacity: usize,
    clients: HashMap<IpNet, Count>,
    swept: Option<Instant>,
    untracked: u64,
}

struct Count {
    /// When the current half began.
    since: Instant,
    before: usize,
    now: usize,
}

impl Failures {
    /// By `rule`, of at most `capacity` clients at a time.
    pub fn new(rule: &BruteForce, capacity: usize) -> Self {
        let half = rule.window / 2;
        Self { threshold: rule.failures, half, capacity, clients: HashMap::new(), swept: None, untracked: 0 }
    }

    /// A failure of `client` (see [`Clients::of`](crate::observe::clients::Clients::of)). True when it makes the client's failures an attack; each further
    /// `threshold` of them is one more.
    pub fn failed(&mut self, client: IpNet, now: Instant) -> bool {
        if !self.clients.contains_key(&client) && self.clients.len() >= self.capacity && !self.sweep(now) {
            self.untracked += 1;
            return false;
        }
        let (half, threshold) = (self.half, self.threshold);
        let count = self.clients.entry(client).or_insert(Count { since: now, before: 0, now: 0 });
        count.turn(now, half);
        count.now += 1;
        let reached = count.before + count.now >= threshold;
        if reached {
            (count.before, count.now) = (0, 0);
        }
        reached
    }

    /// Failures that were not counted because there were too many clients.
    pub fn untracked(&self) -> u64 {
        self.untracked
    }

    /// Clients that are counted.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether no client is counted.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Forgets clients that kept quiet for a window; at most once per half a window, as it looks at all of them. True if
    /// there is room now.
    fn sweep(&mut self, now: Instant) -> bool {
        if self.swept.is_some_and(|swept| now.saturating_duration_since(swept) < self.half) {
            return false;
        }
        self.swept = Some(now);
        let window = self.half * 2;
        self.clients.retain(|_, count| now.saturating_duration_since(count.since) < window);
        self.clients.len() < self.capacity
    }
}

impl Count {
    /// Moves on to the half that `now` is in.
    fn turn(&mut self, now: Instant, half: Duration) {
        let passed = now.saturating_duration_since(self.since);
        if passed < half {
            return;
        }
        if passed < half * 2 {
            self.before = std::mem::take(&mut self.now);
            self.since += half;
        } else {
            *self = Self { since: now, before: 0, now: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(threshold: usize, capacity: usize) -> Failures {
        let window = Duration::from_secs(60);
        Failures::new(&BruteForce { severity: crate::config::Severity::High, failures: threshold, window }, capacity)
    }

    fn client(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(number)))
    }

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn every_threshold_of_failures_is_one_attack() {
        let (mut failures, start) = (failures(3, 10), Instant::now());
        let told: Vec<bool> = (0..7).map(|second| failures.failed(client(7), at(start, second))).collect();
        assert_eq!(told, [false, false, true, false, false, true, false]);
        assert!(!failures.failed(client(8), start));
    }

    #[test]
    fn slow_failures_are_no_attack() {
        let (mut failures, start) = (failures(3, 10), Instant::now());
        assert!((0..100).all(|turn| !failures.failed(client(7), at(start, turn * 31))));
    }

    #[test]
    fn a_burst_across_the_halves_is_seen() {
        let (mut failures, start) = (failures(4, 10), Instant::now());
        let told: Vec<bool> = [0, 28, 29, 31].map(|second| failures.failed(client(7), at(start, second))).to_vec();
        assert_eq!(told, [false, false, false, true]);
    }

    #[test]
    fn more_clients_than_there_is_room_for_are_counted_as_untracked() {
        let (mut failures, start) = (failures(2, 100), Instant::now());
        for number in 0..10_000 {
            failures.failed(client(number), start);
        }
        assert_eq!((failures.len(), failures.untracked()), (100, 9900));
        assert!(failures.failed(client(5), at(start, 1)), "a client that is counted stays so");
        // Quiet clients make room.
        assert!(!failures.failed(client(20_000), at(start, 100)));
        assert_eq!((failures.len(), failures.untracked()), (1, 9900));
    }
}
