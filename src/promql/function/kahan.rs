//! Kahan's summation with Neumaier's improvement, step for step as Prometheus does it, so that sums are equal to the bit.

/// A sum and what rounding took from it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::promql) struct Sum {
    pub(in crate::promql) sum: f64,
    /// The compensation; added once, at the end.
    pub(in crate::promql) lost: f64,
}

impl Sum {
    #[must_use]
    pub(in crate::promql) fn plus(self, value: f64) -> Self {
        let sum = self.sum + value;
        let lost = if sum.is_infinite() {
            0.0
        } else if self.sum.abs() >= value.abs() {
            self.lost + ((self.sum - sum) + value)
        } else {
            self.lost + ((value - sum) + self.sum)
        };
        Self { sum, lost }
    }

    pub(in crate::promql) fn total(self) -> f64 {
        self.sum + self.lost
    }
}

/// A mean: a plain sum as long as that stays finite, incremental from then on.
#[derive(Clone, Copy, Debug)]
pub(in crate::promql) struct Mean {
    sum: Sum,
    count: f64,
    incremental: bool,
}

impl Mean {
    pub(in crate::promql) fn of(first: f64) -> Self {
        Self { sum: Sum { sum: first, lost: 0.0 }, count: 1.0, incremental: false }
    }

    pub(in crate::promql) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.incremental {
            let next = self.sum.plus(value);
            if !next.sum.is_infinite() {
                self.sum = next;
                return;
            }
            self.incremental = true;
            self.sum.sum /= self.count - 1.0;
            self.sum.lost /= self.count - 1.0;
        }
        let shrink = (self.count - 1.0) / self.count;
        self.sum = Sum { sum: shrink * self.sum.sum, lost: shrink * self.sum.lost }.plus(value / self.count);
    }

    pub(in crate::promql) fn value(&self) -> f64 {
        if self.incremental { self.sum.total() } else { self.sum.sum / self.count + self.sum.lost / self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_between_large_ones() {
        let total = [1.0, 1e100, 1.0, -1e100].iter().fold(Sum::default(), |sum, v| sum.plus(*v)).total();
        assert_eq!(total, 2.0);
    }

    #[test]
    fn a_mean_does_not_overflow() {
        let mut mean = Mean::of(f64::MAX);
        mean.add(f64::MAX);
        mean.add(f64::MAX);
        assert!((mean.value() / f64::MAX - 1.0).abs() < 1e-12);
    }

    #[test]
    fn infinities_of_one_sign_stay_and_of_both_cancel_to_nan() {
        let mut mean = Mean::of(f64::INFINITY);
        mean.add(1.0);
        assert_eq!(mean.value(), f64::INFINITY);
        mean.add(f64::NEG_INFINITY);
        assert!(mean.value().is_nan());
    }
}
