//! One address of a service and whether it works: by active checks where there are any, and by what became of calls to it.

use parking_lot::Mutex;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Calls to an address that must fail one after the other until it counts as unhealthy, where no check says how many.
const ROW: u32 = 3;
/// How long that holds without another word: nothing may be asked of it meanwhile.
const MEMORY: Duration = Duration::from_secs(30);

/// One address of a service.
pub struct Instance {
    /// The address.
    pub address: SocketAddr,
    /// Lower is tried first (the priority of an SRV record).
    pub tier: u16,
    state: Mutex<Known>,
}

/// Whether an address works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Health {
    /// It does.
    Healthy,
    /// It does not.
    Unhealthy,
    /// Nobody has tried, or not often enough.
    #[default]
    Unknown,
}

/// What is known of an address.
#[derive(Default)]
struct Known {
    /// What checks say, and how many in a row say otherwise.
    checked: Health,
    successes: u32,
    failures: u32,
    /// Calls in a row that failed.
    row: u32,
    /// What calls say, and since when.
    called: Option<(Health, Instant)>,
}

impl Instance {
    /// Nothing is known of it.
    pub fn new(address: SocketAddr, tier: u16) -> Self {
        Self { address, tier, state: Mutex::default() }
    }

    /// A check has ended. `healthy` successes in a row make it healthy, `unhealthy` failures unhealthy; the first check ever
    /// counts for itself if it succeeds.
    pub fn checked(&self, passed: bool, healthy: u32, unhealthy: u32) {
        let mut known = self.state.lock();
        if passed {
            (known.successes, known.failures) = (known.successes.saturating_add(1), 0);
            if known.successes >= healthy || known.checked == Health::Unknown && known.row == 0 {
                known.checked = Health::Healthy;
                // What checks find to work is not held against it any more.
                (known.row, known.called) = (0, None);
            }
        } else {
            (known.successes, known.failures) = (0, known.failures.saturating_add(1));
            if known.failures >= unhealthy {
                known.checked = Health::Unhealthy;
            }
        }
    }

    /// A call to it has ended.
    pub fn called(&self, worked: bool, now: Instant) {
        let mut known = self.state.lock();
        if worked {
            known.row = 0;
            known.called = Some((Health::Healthy, now));
        } else {
            known.row = known.row.saturating_add(1);
            if known.row >= ROW {
                known.called = Some((Health::Unhealthy, now));
            }
        }
    }

    /// Whether it works, as far as is known at `now`. One that fails calls is unhealthy whatever its checks say.
    pub fn health(&self, now: Instant) -> Health {
        let known = self.state.lock();
        let called = known.called.filter(|(_, since)| now.saturating_duration_since(*since) < MEMORY);
        match (known.checked, called) {
            (_, Some((Health::Unhealthy, _))) => Health::Unhealthy,
            (Health::Unknown, Some((called, _))) => called,
            (checked, _) => checked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> (Instance, Instant) {
        (Instance::new("10.0.0.1:80".parse().unwrap(), 0), Instant::now())
    }

    #[test]
    fn checks_in_a_row_decide() {
        let (instance, now) = instance();
        assert_eq!(instance.health(now), Health::Unknown);
        instance.checked(true, 2, 3);
        assert_eq!(instance.health(now), Health::Healthy, "the first of all counts for itself");
        instance.checked(false, 2, 3);
        instance.checked(false, 2, 3);
        assert_eq!(instance.health(now), Health::Healthy);
        instance.checked(false, 2, 3);
        assert_eq!(instance.health(now), Health::Unhealthy);
        instance.checked(true, 2, 3);
        assert_eq!(instance.health(now), Health::Unhealthy);
        instance.checked(true, 2, 3);
        assert_eq!(instance.health(now), Health::Healthy);
    }

    #[test]
    fn calls_that_fail_in_a_row_make_it_unhealthy_for_a_while() {
        let (instance, now) = instance();
        instance.called(true, now);
        assert_eq!(instance.health(now), Health::Healthy);
        (0..3).for_each(|_| instance.called(false, now));
        assert_eq!(instance.health(now), Health::Unhealthy);
        assert_eq!(instance.health(now + MEMORY), Health::Unknown);
        instance.called(true, now + MEMORY);
        assert_eq!(instance.health(now + MEMORY), Health::Healthy);
    }

    #[test]
    fn checks_that_pass_win_back_what_calls_have_lost() {
        let (instance, now) = instance();
        instance.checked(true, 1, 1);
        (0..3).for_each(|_| instance.called(false, now));
        assert_eq!(instance.health(now), Health::Unhealthy);
        instance.checked(true, 1, 1);
        assert_eq!(instance.health(now), Health::Healthy);
    }
}
