//! A run of one series' samples in a few bits each.

use super::bits::{BitReader, BitWriter};
use super::codec::{Times, Values};
use crate::promql::series::Sample;

/// A chunk is closed when it has so many samples, or so many bytes. Larger ones waste less on their heads, smaller ones
/// waste less on a short window's decoding: these hold 40 minutes of an idle series at 10 s, and 20 of a busy one.
const SAMPLES: u32 = 240;
const BYTES: usize = 256;

/// Samples that are complete: nothing is appended any more.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: u32,
    pub(super) bytes: Box<[u8]>,
}

impl Chunk {
    /// What it holds in memory: its entry in the series, its bytes and the allocator's rounding.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len().next_multiple_of(16)
    }

    /// Its samples, oldest first.
    pub(super) fn samples(&self) -> Decode<'_> {
        Decode::new(self.first, self.count, &self.bytes)
    }
}

/// The chunk that a series is writing.
#[derive(Clone, Debug)]
pub(super) struct Open {
    first: i64,
    count: u32,
    out: BitWriter,
    times: Times,
    values: Values,
}

impl Open {
    /// Starts with one sample; `before`, the chunk that this one follows, has learnt how much its numbers scatter.
    pub(super) fn new(sample: Sample, before: Option<&Self>) -> Self {
        let (times, values) = before.map_or((0, 0), |open| (open.times.parameter(), open.values.parameter()));
        let mut out = BitWriter::default();
        out.push(u64::from(times), 6);
        out.push(u64::from(values), 6);
        let mut open =
            Self { first: sample.t, count: 1, out, times: Times::new(sample.t, times), values: Values::new(values) };
        open.values.write(&mut open.out, sample.v);
        open
    }

    /// Appends a sample that is later than [`Self::last`].
    pub(super) fn push(&mut self, sample: Sample) {
        self.times.write(&mut self.out, sample.t);
        self.values.write(&mut self.out, sample.v);
        self.count += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= SAMPLES || self.out.bytes().len() >= BYTES
    }

    pub(super) fn first(&self) -> i64 {
        self.first
    }

    pub(super) fn last(&self) -> i64 {
        self.times.last()
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// What its buffer holds in memory; the rest of it is part of the series.
    pub(super) fn size(&self) -> usize {
        self.out.capacity().next_multiple_of(16)
    }

    pub(super) fn samples(&self) -> Decode<'_> {
        Decode::new(self.first, self.count, self.out.bytes())
    }

    pub(super) fn close(self) -> Chunk {
        Chunk { first: self.first, last: self.times.last(), count: self.count, bytes: self.out.into_bytes() }
    }
}

/// The samples of a chunk, one by one.
#[derive(Clone, Debug)]
pub(super) struct Decode<'a> {
    from: BitReader<'a>,
    times: Times,
    values: Values,
    left: u32,
    started: bool,
}

impl<'a> Decode<'a> {
    fn new(first: i64, count: u32, bytes: &'a [u8]) -> Self {
        let mut from = BitReader::new(bytes);
        let (times, values) = (from.take(6) as u32, from.take(6) as u32);
        Self { from, times: Times::new(first, times), values: Values::new(values), left: count, started: false }
    }
}

impl Iterator for Decode<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        let t = if self.started { self.times.read(&mut self.from) } else { self.times.last() };
        self.started = true;
        Some(Sample { t, v: self.values.read(&mut self.from) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::series::STALE;
    use proptest::prelude::*;

    fn pack(samples: &[Sample]) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut open: Option<Open> = None;
        for &sample in samples {
            open = Some(match open.take() {
                Some(mut open) if !open.is_full() => {
                    open.push(sample);
                    open
                }
                before => {
                    let next = Open::new(sample, before.as_ref());
                    chunks.extend(before.map(Open::close));
                    next
                }
            });
        }
        chunks.extend(open.map(Open::close));
        chunks
    }

    fn bits(samples: impl IntoIterator<Item = Sample>) -> Vec<(i64, u64)> {
        samples.into_iter().map(|sample| (sample.t, sample.v.to_bits())).collect()
    }

    /// Any bits, and the values that matter: counters, halves, zeros, stale markers.
    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            (0_i64..5_000).prop_map(|n| n as f64),
            any::<i64>().prop_map(|n| n as f64),
            (0_i64..500).prop_map(|n| n as f64 / 2.0),
            Just(-0.0),
            Just(f64::from_bits(STALE)),
        ]
    }

    proptest! {
        #[test]
        fn samples_come_back_bit_for_bit(times in prop::collection::vec(any::<i64>(), 1..600), values in prop::collection::vec(value(), 600)) {
            let samples: Vec<Sample> = times.into_iter().zip(values).map(|(t, v)| Sample { t, v }).collect();
            let chunks = pack(&samples);
            prop_assert_eq!(bits(chunks.iter().flat_map(Chunk::samples)), bits(samples));
        }

        #[test]
        fn whole_numbers_on_a_beat_come_back(start in 0_i64..1 << 52, steps in prop::collection::vec((0_i64..3, 0_i64..100_000), 1..600)) {
            let mut sample = Sample { t: 1_700_000_000_000, v: start as f64 };
            let samples: Vec<Sample> = steps
                .into_iter()
                .map(|(jitter, step)| {
                    sample = Sample { t: sample.t + 10_000 + jitter, v: sample.v + step as f64 };
                    sample
                })
                .collect();
            let chunks = pack(&samples);
            prop_assert_eq!(bits(chunks.iter().flat_map(Chunk::samples)), bits(samples));
        }

        #[test]
        fn damaged_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0_u32..300) {
            let chunk = Chunk { first: 0, last: 1, count, bytes: bytes.into() };
            prop_assert_eq!(chunk.samples().count(), count as usize);
        }
    }

    #[test]
    fn a_value_that_stands_still_costs_two_bits() {
        let samples: Vec<Sample> = (0..240).map(|n| Sample { t: n * 10_000, v: 42.0 }).collect();
        let chunks = pack(&samples);
        assert_eq!(chunks.len(), 1);
        assert!(chunks[0].bytes.len() < 240 * 2 / 8 + 16, "{}", chunks[0].bytes.len());
    }
}
