//! New ids. They are random, as level 2 of W3C Trace Context wants them, and no secret.

use super::propagate::hex;
use crate::event::{SpanId, TraceId};
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};
use std::hash::{BuildHasher as _, RandomState};

/// Makes ids, for one thread.
pub struct Ids(SmallRng);

impl Default for Ids {
    fn default() -> Self {
        Self::new()
    }
}

impl Ids {
    /// Seeded by the system, by way of the keys of the standard library's hash: no two processes make the same ids.
    pub fn new() -> Self {
        let (mut seed, keys) = ([0; 32], RandomState::new());
        for (at, part) in seed.chunks_mut(8).enumerate() {
            part.copy_from_slice(&keys.hash_one(at).to_be_bytes());
        }
        Self::from_seed(seed)
    }

    /// The ids that follow from `seed`.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SmallRng::from_seed(seed))
    }

    /// The id of a new trace.
    pub fn trace(&mut self) -> TraceId {
        loop {
            let mut bytes = [0; 16];
            self.0.fill_bytes(&mut bytes);
            if let Some(id) = TraceId::new(bytes) {
                return id;
            }
        }
    }

    /// The id of a new span.
    pub fn span(&mut self) -> SpanId {
        loop {
            if let Some(id) = SpanId::new(self.0.next_u64().to_be_bytes()) {
                return id;
            }
        }
    }

    /// A random UUID (RFC 9562, version 4) as text.
    pub fn uuid(&mut self) -> [u8; 36] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let (mut digits, mut text) = ([0; 32], [b'-'; 36]);
        hex::write(&bytes, &mut digits);
        let groups = [(0..8, 0..8), (8..12, 9..13), (12..16, 14..18), (16..20, 19..23), (20..32, 24..36)];
        groups.into_iter().for_each(|(from, to)| text[to].copy_from_slice(&digits[from]));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_of_version_4() {
        let text = String::from_utf8(Ids::from_seed([7; 32]).uuid().to_vec()).unwrap();
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{text}");
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&text.as_bytes()[19]), "{text}");
    }

    #[test]
    fn ids_of_two_generators_differ() {
        let (mut one, mut other) = (Ids::new(), Ids::new());
        assert_ne!(one.trace(), other.trace());
        assert_ne!(one.span(), one.span());
    }
}
