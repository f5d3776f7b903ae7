//! Bits in a row of bytes, most significant first. Reading past the end gives zeros: a chunk knows its own count, so what
//! lies behind its last sample is never asked for.

/// As many bits as a reader always has in sight.
pub(super) const PEEKED: u32 = 57;

/// Appends bits.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Unused bits in the last byte.
    free: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`, `count <= 64`.
    pub(super) fn push(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.grow();
            }
            let take = left.min(self.free);
            let part = (value >> (left - take)) & ((1 << take) - 1);
            self.free -= take;
            left -= take;
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part << self.free) as u8;
            }
        }
    }

    /// Growth by a small step: thousands of open chunks must not each own a doubled buffer.
    fn grow(&mut self) {
        if self.bytes.len() == self.bytes.capacity() {
            self.bytes.reserve_exact(32);
        }
        self.bytes.push(0);
        self.free = 8;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the allocator holds for it.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn into_bytes(self) -> Box<[u8]> {
        self.bytes.into_boxed_slice()
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, left-aligned in a word; at least [`PEEKED`] of them are real where the data reaches so far.
    pub(super) fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            word
        });
        u64::from_be_bytes(word) << (self.at % 8)
    }

    /// Passes over bits that were peeked at.
    pub(super) fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// The next `count` bits, `count <= 64`.
    pub(super) fn take(&mut self, count: u32) -> u64 {
        if count == 0 {
            return 0;
        }
        if count > PEEKED {
            let high = self.take(count - 32);
            return high << 32 | self.take(32);
        }
        let value = self.peek() >> (64 - count);
        self.skip(count);
        value
    }

    /// How many ones come next, at most `limit < PEEKED`; the zero that ends a shorter run is consumed too.
    pub(super) fn ones(&mut self, limit: u32) -> u32 {
        let run = self.peek().leading_ones().min(limit);
        self.at += run as usize + usize::from(run < limit);
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_come_back_as_they_were_written(fields in prop::collection::vec((any::<u64>(), 1_u32..=64), 0..200)) {
            let mut writer = BitWriter::default();
            for (value, count) in &fields {
                writer.push(*value, *count);
            }
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for (value, count) in fields {
                prop_assert_eq!(reader.take(count), value & (u64::MAX >> (64 - count)));
            }
        }
    }

    #[test]
    fn a_run_of_ones_stops_at_its_limit_or_behind_its_zero() {
        let mut reader = BitReader::new(&[0b1110_1111, 0b1111_0000]);
        assert_eq!((reader.ones(8), reader.ones(8), reader.take(4)), (3, 8, 0));
        assert_eq!((reader.take(64), reader.ones(8)), (0, 0), "past the end there are zeros");
    }
}
