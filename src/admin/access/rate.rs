//! Calls of one client: as many as `admin.rate_limit` says, in a burst or spread. Callers on this machine are not counted:
//! who has a shell here has other ways to be a nuisance, and a probe must not wait for a script.

use crate::config::Rate;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Clients that are remembered at once.
const CLIENTS: usize = 4096;

/// What each client has left: the time at which it will have all of it again (the generic cell rate algorithm).
#[derive(Default)]
pub struct Limiter(Mutex<HashMap<IpAddr, Instant>>);

impl Limiter {
    /// Counts a call of `client` at `now`; how long it must wait where there are too many.
    pub(super) fn take(&self, client: IpAddr, rate: Rate, now: Instant) -> Result<(), Duration> {
        let client = client.to_canonical();
        if client.is_loopback() {
            return Ok(());
        }
        let mut clients = self.0.lock();
        if clients.len() >= CLIENTS {
            clients.retain(|_, full| *full > now);
            // Thousands of busy clients at once are an attack from many addresses, and no list of them helps.
            if clients.len() >= CLIENTS {
                clients.clear();
            }
        }
        let full = clients.entry(network(client)).or_insert(now);
        let next = (*full).max(now) + rate.per / rate.count;
        match (next - now).checked_sub(rate.per) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *full = next;
                Ok(())
            }
        }
    }
}

/// One IPv6 client has a whole network of addresses.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_calls_in_a_burst_or_spread_and_others_have_theirs() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        let rate = Rate { count: 5, per: Duration::from_secs(1) };
        let take = |client: &str, ms| limiter.take(client.parse().unwrap(), rate, start + Duration::from_millis(ms));
        for _ in 0..5 {
            assert_eq!(take("192.0.2.1", 0), Ok(()));
        }
        assert_eq!(take("192.0.2.1", 0), Err(Duration::from_millis(200)));
        assert_eq!(take("192.0.2.2", 0), Ok(()));
        assert_eq!(take("192.0.2.1", 200), Ok(()));
        assert!(take("192.0.2.1", 201).is_err());
        for n in 0..5 {
            assert_eq!(take(&format!("2001:db8::{n}"), 0), Ok(()));
        }
        assert!(take("2001:db8::77", 0).is_err(), "the same network");
        assert!((0..100).all(|_| take("127.0.0.1", 0).is_ok() && take("::ffff:127.0.0.1", 0).is_ok()));
    }

    #[test]
    fn the_list_of_clients_is_bounded() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let rate = Rate { count: 1, per: Duration::from_secs(60) };
        for n in 0..3 * CLIENTS as u32 {
            let _ = limiter.take(IpAddr::V4((0xc000_0000 + n).into()), rate, now);
        }
        assert!(limiter.0.lock().len() <= CLIENTS);
    }
}
