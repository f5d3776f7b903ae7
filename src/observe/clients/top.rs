//! The busiest clients, within a bound: the space-saving sketch of Metwally, Agrawal and El Abbadi (2005).

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;

/// Clients that the sketch follows, at least; and for each one that may have a name.
const FOLLOWED: (usize, usize) = (1000, 4);

/// Counts clients and says which of them have a label of their own: as many as there may be, those that counted most.
///
/// Of a client that is followed, the true count lies between `count - error` and `count`; every client with more than an
/// n-th of all counts is followed, where n is the number followed. A client takes the name of another only when it
/// certainly counted more.
pub struct Top {
    names: usize,
    followed: usize,
    clients: HashMap<IpNet, Entry>,
    /// By count, so that the least is at hand.
    named: BTreeSet<(u64, IpNet)>,
    unnamed: BTreeSet<(u64, IpNet)>,
}

#[derive(Clone, Copy)]
struct Entry {
    count: u64,
    error: u64,
    named: bool,
}

/// Where a client was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Whether it has a label of its own; it is `other` where not.
    pub named: bool,
    /// The client that has none any more: what its series holds belongs to `other` from now on.
    pub unnamed: Option<IpNet>,
}

impl Top {
    /// At most `names` clients have a label of their own.
    pub fn new(names: usize) -> Self {
        Self::following(names, names.saturating_mul(FOLLOWED.1).max(FOLLOWED.0))
    }

    fn following(names: usize, followed: usize) -> Self {
        Self { names, followed, clients: HashMap::new(), named: BTreeSet::new(), unnamed: BTreeSet::new() }
    }

    /// Counts a client.
    pub fn count(&mut self, client: IpNet) -> Counted {
        let mut lost = None;
        let entry = match self.clients.get(&client).copied() {
            Some(entry) => {
                self.set(entry.named).remove(&(entry.count, client));
                Entry { count: entry.count + 1, ..entry }
            }
            None if self.clients.len() < self.followed => Entry { count: 1, error: 0, named: false },
            None => {
                let Some((least, (count, error))) = self.least().map(|least| (least, (least.0 + 1, least.0))) else {
                    return Counted { named: false, unnamed: None };
                };
                if self.forget(least) {
                    lost = Some(least.1);
                }
                Entry { count, error, named: false }
            }
        };
        self.clients.insert(client, entry);
        self.set(entry.named).insert((entry.count, client));
        if entry.named {
            return Counted { named: true, unnamed: lost };
        }
        let certain = entry.count - entry.error;
        let full = self.named.len() >= self.names;
        match self.named.first().copied() {
            Some((count, other)) if full && certain > count => {
                self.rename(other, false);
                self.rename(client, true);
                Counted { named: true, unnamed: Some(other) }
            }
            _ if full => Counted { named: false, unnamed: lost },
            _ => {
                self.rename(client, true);
                Counted { named: true, unnamed: lost }
            }
        }
    }

    /// Halves all counts, so that yesterday's clients make room for today's; to be called now and then. Returns the clients
    /// that lost their label as nothing is left of them.
    pub fn halve(&mut self) -> Vec<IpNet> {
        let mut gone = Vec::new();
        for (client, entry) in std::mem::take(&mut self.clients) {
            let half = Entry { count: entry.count / 2, error: entry.error / 2, ..entry };
            match half.count {
                0 if half.named => gone.push(client),
                0 => {}
                _ => drop(self.clients.insert(client, half)),
            }
        }
        let of =
            |named| self.clients.iter().filter(move |(_, e)| e.named == named).map(|(client, e)| (e.count, *client));
        (self.named, self.unnamed) = (of(true).collect(), of(false).collect());
        gone.sort();
        gone
    }

    /// The followed client with the least count, and that count.
    fn least(&self) -> Option<(u64, IpNet)> {
        [self.unnamed.first(), self.named.first()].into_iter().flatten().min().copied()
    }

    /// Stops following a client; true if it was named.
    fn forget(&mut self, (count, client): (u64, IpNet)) -> bool {
        self.clients.remove(&client);
        self.unnamed.remove(&(count, client));
        self.named.remove(&(count, client))
    }

    fn rename(&mut self, client: IpNet, named: bool) {
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.named = named;
            let count = entry.count;
            self.set(!named).remove(&(count, client));
            self.set(named).insert((count, client));
        }
    }

    fn set(&mut self, named: bool) -> &mut BTreeSet<(u64, IpNet)> {
        if named { &mut self.named } else { &mut self.unnamed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn client(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(Ipv4Addr::from(number)))
    }

    #[test]
    fn the_busiest_of_a_million_clients_have_names_and_memory_is_bounded() {
        let mut top = Top::new(10);
        let mut mine = [0_u64; 5];
        for number in 0..1_000_000_u32 {
            top.count(client(1_000 + number));
            if number % 20 == 0 {
                let busy = (number / 20 % 5) as usize;
                mine[busy] += u64::from(top.count(client(busy as u32)).named);
            }
        }
        assert_eq!(top.clients.len(), 1000);
        assert_eq!(top.named.len(), 10);
        for (busy, named) in mine.iter().enumerate() {
            assert!(top.clients[&client(busy as u32)].named, "client {busy}");
            assert!(*named > 9_900, "client {busy} was named for {named} of 10,000");
        }
    }

    #[test]
    fn a_client_loses_its_name_to_one_that_counted_more() {
        let mut top = Top::new(1);
        assert_eq!(top.count(client(1)), Counted { named: true, unnamed: None });
        assert_eq!(top.count(client(2)), Counted { named: false, unnamed: None });
        assert_eq!(top.count(client(2)), Counted { named: true, unnamed: Some(client(1)) });
        assert_eq!(top.count(client(1)), Counted { named: false, unnamed: None });
    }

    #[test]
    fn halving_lets_the_quiet_go() {
        let mut top = Top::new(2);
        for _ in 0..8 {
            top.count(client(1));
        }
        top.count(client(2));
        assert_eq!(top.halve(), [client(2)]);
        assert!(top.count(client(3)).named);
        assert_eq!((top.halve(), top.halve(), top.halve()), (vec![client(3)], vec![], vec![client(1)]));
        assert!(top.clients.is_empty() && top.named.is_empty() && top.unnamed.is_empty());
    }

    proptest! {
        /// What callers see is consistent: as many names as allowed, each given and taken once in turn.
        #[test]
        fn names_are_given_and_taken_in_turn(names in 1_usize..6, numbers in proptest::collection::vec(0_u32..40, 0..400)) {
            let mut top = Top::following(names, names * 3);
            let mut named = BTreeSet::new();
            let mut truth = HashMap::<u32, u64>::new();
            for number in numbers {
                let counted = top.count(client(number));
                *truth.entry(number).or_default() += 1;
                if let Some(lost) = counted.unnamed {
                    prop_assert!(named.remove(&lost));
                }
                if counted.named {
                    named.insert(client(number));
                }
                prop_assert_eq!(named.contains(&client(number)), counted.named);
                prop_assert!(named.len() <= names && top.clients.len() <= names * 3);
                let entry = top.clients[&client(number)];
                prop_assert!(entry.count - entry.error <= truth[&number] && truth[&number] <= entry.count);
            }
            prop_assert_eq!(top.named.iter().map(|(_, client)| *client).collect::<BTreeSet<_>>(), named);
            prop_assert_eq!(top.named.len() + top.unnamed.len(), top.clients.len());
        }
    }
}
