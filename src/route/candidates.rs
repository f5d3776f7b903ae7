//! Templates that no response has confirmed yet: a ring of fixed size, so that junk costs nothing that grows.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::table::Endpoint;

/// Slots of the ring, a power of two. A template is forgotten (its request counts as `other`) when this many others, unknown
/// as well, were asked for while it waited for its response.
const SLOTS: usize = 4096;
/// Rounds of the ring that an id tells apart.
const ROUNDS: u32 = Endpoint::CANDIDATE / SLOTS as u32;

/// The ring of one worker.
#[derive(Default)]
pub(super) struct Candidates {
    slots: Vec<Slot>,
    next: usize,
    /// Hash of a template → its slot. The hash is keyed, which decides nothing that can be seen from outside.
    index: HashMap<u64, u16>,
    keyed: RandomState,
}

struct Slot {
    template: String,
    hash: u64,
    round: u32,
}

impl Candidates {
    /// The id of `template` while it waits; requests of the same template share it.
    pub(super) fn hold(&mut self, template: &str) -> Endpoint {
        let hash = self.keyed.hash_one(template);
        if let Some(at) = self.index.get(&hash)
            && self.slots[usize::from(*at)].template == template
        {
            return id(*at, self.slots[usize::from(*at)].round);
        }
        let at = self.next;
        self.next = (at + 1) % SLOTS;
        if at == self.slots.len() {
            self.slots.push(Slot { template: template.to_owned(), hash, round: 0 });
        } else {
            let slot = &mut self.slots[at];
            if self.index.get(&slot.hash) == Some(&(at as u16)) {
                self.index.remove(&slot.hash);
            }
            slot.template.clear();
            slot.template.push_str(template);
            slot.hash = hash;
            slot.round = (slot.round + 1) % ROUNDS;
        }
        self.index.insert(hash, at as u16);
        id(at as u16, self.slots[at].round)
    }

    /// The template behind an id of [`Self::hold`], unless it is forgotten.
    pub(super) fn get(&self, endpoint: Endpoint) -> Option<&str> {
        let waiting = endpoint.0 & !Endpoint::CANDIDATE;
        let slot = self.slots.get(waiting as usize % SLOTS)?;
        (slot.round == waiting / SLOTS as u32).then_some(&slot.template)
    }
}

fn id(at: u16, round: u32) -> Endpoint {
    Endpoint(Endpoint::CANDIDATE | (round * SLOTS as u32 + u32::from(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_template_share_an_id() {
        let mut candidates = Candidates::default();
        let first = candidates.hold("/a");
        assert_ne!(candidates.hold("/b"), first);
        assert_eq!(candidates.hold("/a"), first);
        assert_eq!(candidates.get(first), Some("/a"));
        assert!(!first.is_settled());
    }

    #[test]
    fn a_template_is_forgotten_after_a_round_of_others_and_not_before() {
        let mut candidates = Candidates::default();
        let first = candidates.hold("/first");
        for at in 1..SLOTS {
            candidates.hold(&format!("/{at}"));
        }
        assert_eq!(candidates.get(first), Some("/first"));
        let last = candidates.hold("/last");
        assert_eq!((candidates.get(first), candidates.get(last)), (None, Some("/last")));
        assert_eq!((candidates.slots.len(), candidates.index.len()), (SLOTS, SLOTS));
    }
}
