//! Where an evaluation reads its samples from.

use crate::base::Labels;

/// One sample. `t` is Unix time in milliseconds, as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Unix time in milliseconds.
    pub t: i64,
    /// The value; Prometheus' stale marker is the NaN with the bits of [`STALE`].
    pub v: f64,
}

/// The bits of the NaN that ends a series (Prometheus' `value.StaleNaN`).
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Whether `v` is the stale marker, which is not any other NaN.
pub fn is_stale(v: f64) -> bool {
    v.to_bits() == STALE
}

/// How a label's value is compared. Regular expressions are anchored at both ends.
#[derive(Clone, Debug)]
pub enum Op {
    /// `=`; an absent label equals `""`.
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`
    Matches(regex::Regex),
    /// `!~`
    NotMatches(regex::Regex),
}

impl Op {
    /// Whether a label of this `value` passes; `""` stands for an absent label.
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Equal(want) => value == want,
            Self::NotEqual(want) => value != want,
            Self::Matches(re) => re.is_match(value),
            Self::NotMatches(re) => !re.is_match(value),
        }
    }
}

/// One label matcher; the metric name is the label `__name__`.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How its value is compared.
    pub op: Op,
}

impl Matcher {
    /// Whether `labels` pass.
    pub fn accepts(&self, labels: &Labels) -> bool {
        self.op.accepts(labels.get(&self.name))
    }
}

/// A series and its samples in rising order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesData {
    /// Name and labels.
    pub labels: Labels,
    /// Samples with stale markers among them, oldest first.
    pub samples: Vec<Sample>,
}

/// A source of series: the history, a recorded file, a test's script.
pub trait Series: Send + Sync {
    /// All series that pass every matcher, with their samples of `from <= t <= to` (Unix milliseconds). A series with no
    /// sample in the window is left out.
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData>;
}
