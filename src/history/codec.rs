//! How one sample follows another in a chunk.
//!
//! A timestamp is written as its step's difference from the steps before (an even beat costs one bit). A value is one of
//! two kinds, chosen by the chunk's samples: whole numbers, which is what counters are, by the same difference; any other
//! float by Gorilla's XOR (Pelkonen et al., VLDB 2015, §4.1.2). Where Gorilla takes the last step as the guess for the
//! next, here it is a running mean: traffic's increments scatter around one, and a guess that does not scatter itself saves
//! half a bit of each sample. The differences are in a Rice code whose parameter follows their size, which comes within half
//! a bit of their entropy; Gorilla's fixed classes, and its XOR of counters, need twice as much.

use super::bits::{BitReader, BitWriter, PEEKED};
use crate::promql::series::{STALE, is_stale};

/// A quotient of this many ones means that the number follows in plain bits.
const ESCAPE: u32 = 8;
/// Length fields (less one) that no escaped number can have, as each has at least four bits.
const MARK_STALE: u64 = 0;
const MARK_FLOAT: u64 = 1;
/// Beyond it not every whole number is a float.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A Rice code whose parameter follows the mean of what it has coded.
#[derive(Clone, Copy, Debug)]
struct Rice {
    /// Sixteen times the running mean.
    mean: u64,
}

/// What a Rice code read.
enum Read {
    Number(u64),
    Mark(u64),
}

impl Rice {
    fn new(parameter: u32) -> Self {
        Self { mean: 16_u64.checked_shl(parameter.min(59)).unwrap_or(16) }
    }

    fn parameter(self) -> u32 {
        (self.mean >> 4).max(1).ilog2()
    }

    /// One outlier, a counter's reset say, moves the mean by little; a lasting change moves it in a few samples.
    fn learn(&mut self, number: u64) {
        let cap = 1_u64 << (self.parameter() + 5).min(59);
        self.mean = self.mean - self.mean / 16 + number.min(cap);
    }

    fn write(&mut self, out: &mut BitWriter, number: u64) {
        let parameter = self.parameter();
        let quotient = number >> parameter;
        if quotient < u64::from(ESCAPE) {
            out.push((1 << (quotient + 1)) - 2, quotient as u32 + 1);
            out.push(number, parameter);
        } else {
            let length = u64::BITS - number.leading_zeros();
            self.mark(out, u64::from(length - 1));
            out.push(number, length);
        }
        self.learn(number);
    }

    fn mark(&self, out: &mut BitWriter, mark: u64) {
        out.push((1 << ESCAPE) - 1, ESCAPE);
        out.push(mark, 6);
    }

    fn read(&mut self, from: &mut BitReader<'_>) -> Read {
        let parameter = self.parameter();
        // Nearly all numbers are in sight as a whole, and reading is what a query's time is spent on.
        let word = from.peek();
        let quotient = word.leading_ones();
        let number = if quotient < ESCAPE && quotient + 1 + parameter <= PEEKED {
            from.skip(quotient + 1 + parameter);
            // Shifted in two steps, because there may be no bit to keep.
            u64::from(quotient) << parameter | word << (quotient + 1) >> 1 >> (63 - parameter)
        } else if quotient < ESCAPE {
            from.skip(quotient + 1);
            u64::from(quotient) << parameter | from.take(parameter)
        } else {
            from.skip(ESCAPE);
            match from.take(6) {
                mark @ (MARK_STALE | MARK_FLOAT) => return Read::Mark(mark),
                length => from.take(length as u32 + 1),
            }
        };
        self.learn(number);
        Read::Number(number)
    }
}

/// Signed to unsigned, small magnitudes first.
fn fold(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn unfold(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Numbers that go on from each other by steps around a mean. All arithmetic wraps, so that any two numbers have a step.
#[derive(Clone, Debug)]
struct Steps {
    last: i64,
    /// 256 times the running mean; nothing before the first step.
    mean: Option<i64>,
    rice: Rice,
}

impl Steps {
    fn new(last: i64, parameter: u32) -> Self {
        Self { last, mean: None, rice: Rice::new(parameter) }
    }

    fn guess(&self) -> i64 {
        self.mean.unwrap_or_default().wrapping_add(128) >> 8
    }

    fn write(&mut self, out: &mut BitWriter, number: i64) {
        let step = number.wrapping_sub(self.last);
        self.rice.write(out, fold(step.wrapping_sub(self.guess())));
        self.follow(step);
    }

    fn read(&mut self, difference: u64) -> i64 {
        self.follow(unfold(difference).wrapping_add(self.guess()));
        self.last
    }

    /// A quarter of the newest step: it follows the day's swing, and the scatter of four steps is half that of one.
    fn follow(&mut self, step: i64) {
        let scaled = step.wrapping_mul(256);
        self.mean = Some(self.mean.map_or(scaled, |mean| mean.wrapping_add(scaled.wrapping_sub(mean) >> 2)));
        self.last = self.last.wrapping_add(step);
    }
}

/// The timestamps of one chunk.
#[derive(Clone, Debug)]
pub(super) struct Times(Steps);

impl Times {
    /// Starts behind `first`, which the chunk itself keeps.
    pub(super) fn new(first: i64, parameter: u32) -> Self {
        Self(Steps::new(first, parameter))
    }

    /// What the next chunk should start with.
    pub(super) fn parameter(&self) -> u32 {
        self.0.rice.parameter()
    }

    pub(super) fn last(&self) -> i64 {
        self.0.last
    }

    pub(super) fn write(&mut self, out: &mut BitWriter, t: i64) {
        self.0.write(out, t);
    }

    pub(super) fn read(&mut self, from: &mut BitReader<'_>) -> i64 {
        match self.0.rice.read(from) {
            Read::Number(difference) => self.0.read(difference),
            // Never written for a time; what a damaged chunk says here is as good as anything.
            Read::Mark(_) => self.0.last,
        }
    }
}

/// The values of one chunk. It starts with whole numbers and turns to floats, until its end, at the first value that is none.
#[derive(Clone, Debug)]
pub(super) struct Values {
    steps: Steps,
    started: bool,
    float: Option<Xor>,
}

impl Values {
    pub(super) fn new(parameter: u32) -> Self {
        Self { steps: Steps::new(0, parameter), started: false, float: None }
    }

    /// What the next chunk should start with.
    pub(super) fn parameter(&self) -> u32 {
        self.steps.rice.parameter()
    }

    pub(super) fn write(&mut self, out: &mut BitWriter, v: f64) {
        if let Some(float) = &mut self.float {
            return float.write(out, v);
        }
        if is_stale(v) {
            self.steps.rice.mark(out, MARK_STALE);
        } else if let Some(whole) = whole(v) {
            self.steps.write(out, whole);
            self.start();
        } else {
            self.steps.rice.mark(out, MARK_FLOAT);
            out.push(v.to_bits(), 64);
            self.float = Some(Xor::new(v));
        }
    }

    pub(super) fn read(&mut self, from: &mut BitReader<'_>) -> f64 {
        if let Some(float) = &mut self.float {
            return float.read(from);
        }
        match self.steps.rice.read(from) {
            Read::Mark(MARK_STALE) => f64::from_bits(STALE),
            Read::Mark(_) => {
                let v = f64::from_bits(from.take(64));
                self.float = Some(Xor::new(v));
                v
            }
            Read::Number(difference) => {
                let whole = self.steps.read(difference);
                self.start();
                whole as f64
            }
        }
    }

    /// The first value's distance from zero is no step, and says nothing about the steps to come.
    fn start(&mut self) {
        if !std::mem::replace(&mut self.started, true) {
            self.steps.mean = None;
        }
    }
}

/// `v` as a whole number where that loses nothing (minus zero is none).
fn whole(v: f64) -> Option<i64> {
    let whole = v as i64;
    (v.abs() <= WHOLE && (whole as f64).to_bits() == v.to_bits()).then_some(whole)
}

/// Gorilla's XOR, with a code for the stale marker of its own, which leaves the window as it is.
#[derive(Clone, Debug)]
struct Xor {
    last: u64,
    lead: u32,
    length: u32,
}

impl Xor {
    fn new(v: f64) -> Self {
        Self { last: v.to_bits(), lead: 0, length: 0 }
    }

    fn write(&mut self, out: &mut BitWriter, v: f64) {
        let xor = v.to_bits() ^ self.last;
        if xor == 0 {
            return out.push(0b0, 1);
        }
        if is_stale(v) {
            return out.push(0b111, 3);
        }
        self.last = v.to_bits();
        let (lead, trail) = (xor.leading_zeros().min(31), xor.trailing_zeros());
        if self.length > 0 && lead >= self.lead && trail >= 64 - self.lead - self.length {
            out.push(0b10, 2);
        } else {
            (self.lead, self.length) = (lead, 64 - lead - trail);
            out.push(0b110, 3);
            out.push(u64::from(lead), 5);
            out.push(u64::from(self.length - 1), 6);
        }
        out.push(xor >> (64 - self.lead - self.length), self.length);
    }

    fn read(&mut self, from: &mut BitReader<'_>) -> f64 {
        match from.ones(3) {
            0 => return f64::from_bits(self.last),
            1 => {}
            2 => {
                self.lead = from.take(5) as u32;
                // A damaged chunk may claim more bits than a word has.
                self.length = (from.take(6) as u32 + 1).min(64 - self.lead);
            }
            _ => return f64::from_bits(STALE),
        }
        let bits = from.take(self.length);
        self.last ^= bits.checked_shl(64 - self.lead - self.length).unwrap_or(0);
        f64::from_bits(self.last)
    }
}
