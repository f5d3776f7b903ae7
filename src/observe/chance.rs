//! Which of many are taken, at a share: quick, and without a pattern that traffic could have too.

use std::hash::{BuildHasher as _, RandomState};

/// A sequence of its own (splitmix64).
pub(super) struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl Chance {
    /// Whether the next one is taken, where a `share` of 0 to 1 is.
    pub(super) fn falls(&mut self, share: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 53 bits are what a float holds exactly.
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 <= share && share > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_kept() {
        let taken = |share| {
            let mut chance = Chance::default();
            (0..10_000).filter(|_| chance.falls(share)).count()
        };
        assert_eq!((taken(0.0), taken(1.0)), (0, 10_000));
        assert!((800..1_200).contains(&taken(0.1)), "{}", taken(0.1));
    }
}
