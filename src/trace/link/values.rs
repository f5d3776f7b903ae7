//! Which requests had a value, by its hash.

use super::MOST;
use super::headers::Place;
use std::collections::{HashMap, VecDeque};

/// Values that are remembered; the oldest fall out.
const KEPT: usize = 4096;

/// All of them.
#[derive(Default)]
pub(super) struct Values {
    known: HashMap<u64, Known>,
    /// Hashes and the requests that had them, oldest first.
    order: VecDeque<(u64, u64)>,
}

/// A value.
pub(super) struct Known {
    requests: [u64; MOST],
    len: usize,
    /// The header that it came in last; none for one that is named, and for a trace.
    pub(super) place: Option<Place>,
}

impl Known {
    /// The last that had it.
    pub(super) fn requests(&self) -> &[u64] {
        &self.requests[..self.len]
    }
}

impl Values {
    /// The request `serial` has it. Where another had it before: the header in which that had it.
    pub(super) fn put(&mut self, hash: u64, serial: u64, place: Option<Place>) -> Option<Option<Place>> {
        let known = self.known.entry(hash).or_insert(Known { requests: [0; MOST], len: 0, place });
        if known.requests().contains(&serial) {
            return None;
        }
        let before = (known.len > 0).then_some(known.place);
        if known.len == MOST {
            known.requests.rotate_left(1);
            known.len -= 1;
        }
        known.requests[known.len] = serial;
        known.len += 1;
        known.place = place;
        if self.order.len() == KEPT {
            self.forget();
        }
        self.order.push_back((hash, serial));
        before
    }

    /// The value of this hash.
    pub(super) fn get(&self, hash: u64) -> Option<&Known> {
        self.known.get(&hash)
    }

    fn forget(&mut self) {
        let Some((hash, serial)) = self.order.pop_front() else { return };
        let Some(known) = self.known.get_mut(&hash) else { return };
        // Of many the oldest is first; it may have made room already.
        if known.requests().first() == Some(&serial) {
            known.requests.rotate_left(1);
            known.len -= 1;
        }
        if known.len == 0 {
            self.known.remove(&hash);
        }
    }
}
