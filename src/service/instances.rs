//! All addresses of a service, as they were published last. Readers never wait for whoever finds them out.

use super::instance::{Health, Instance};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// The addresses of one service.
#[derive(Default)]
pub struct Instances {
    list: ArcSwap<Vec<Arc<Instance>>>,
    turn: AtomicUsize,
    changed: Notify,
}

impl Instances {
    /// Publishes `addresses`, each with its tier. What is known of an address that stays lives on.
    pub fn publish(&self, addresses: &[(SocketAddr, u16)]) {
        let before = self.list.load();
        let list = addresses.iter().map(|&(address, tier)| {
            let known = before.iter().find(|known| known.address == address && known.tier == tier);
            known.cloned().unwrap_or_else(|| Arc::new(Instance::new(address, tier)))
        });
        let list: Vec<_> = list.collect();
        let same = list.len() == before.len() && list.iter().zip(&**before).all(|(new, old)| Arc::ptr_eq(new, old));
        if !same {
            self.list.store(Arc::new(list));
            self.changed.notify_one();
        }
    }

    /// Waits until others are published; for one waiter.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// All of them.
    pub fn all(&self) -> Arc<Vec<Arc<Instance>>> {
        self.list.load_full()
    }

    /// The one at `address`.
    pub fn at(&self, address: SocketAddr) -> Option<Arc<Instance>> {
        self.list.load().iter().find(|instance| instance.address == address).cloned()
    }

    /// In the order to try them: what works before what does not, lower tiers first, and among equals each in turn. None is left
    /// out: what is taken for broken may be all there is.
    pub fn in_turn(&self, now: Instant) -> Vec<Arc<Instance>> {
        let mut list = self.list.load().to_vec();
        if list.len() > 1 {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % list.len();
            list.rotate_left(turn);
            list.sort_by_cached_key(|instance| (instance.health(now) == Health::Unhealthy, instance.tier));
        }
        list
    }

    /// How many are healthy, unhealthy and neither.
    pub fn counts(&self, now: Instant) -> [usize; 3] {
        let mut counts = [0; 3];
        for instance in &**self.list.load() {
            counts[instance.health(now) as usize] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 80).into()
    }

    fn first(instances: &Instances, now: Instant) -> SocketAddr {
        instances.in_turn(now)[0].address
    }

    #[test]
    fn equals_are_tried_in_turn_and_what_is_broken_last() {
        let (instances, now) = (Instances::default(), Instant::now());
        instances.publish(&[(address(1), 0), (address(2), 0), (address(3), 1)]);
        let seen: Vec<_> = (0..3).map(|_| first(&instances, now)).collect();
        assert!(seen.contains(&address(1)) && seen.contains(&address(2)) && !seen.contains(&address(3)));
        let broken = instances.at(address(1)).unwrap();
        (0..3).for_each(|_| broken.called(false, now));
        (0..6).for_each(|_| assert_eq!(first(&instances, now), address(2)));
        assert_eq!((instances.in_turn(now).len(), instances.counts(now)), (3, [0, 1, 2]));
    }

    #[test]
    fn what_is_known_of_an_address_that_stays_lives_on() {
        let (instances, now) = (Instances::default(), Instant::now());
        instances.publish(&[(address(1), 0)]);
        instances.at(address(1)).unwrap().called(true, now);
        instances.publish(&[(address(1), 0), (address(2), 0)]);
        assert_eq!(instances.counts(now), [1, 0, 1]);
    }
}
