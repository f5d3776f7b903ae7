//! The functions of the language: their types, and what computes them.
//!
//! - `calendar`: `hour`, `day_of_month` and their kin
//! - `histogram`: quantiles and fractions of classic buckets
//! - `kahan`: summation that loses no precision
//! - `math`: numbers as Go computes them
//! - `order`: how `sort_by_label` orders text
//! - `over_time`: what a window of samples comes to
//! - `rate`: `rate`, `increase`, `delta`, with extrapolation to the window's edges
//! - `regression`: `deriv`, `predict_linear`, smoothing

pub(super) mod calendar;
pub(super) mod histogram;
pub(super) mod kahan;
pub(super) mod math;
pub(super) mod order;
pub(super) mod over_time;
pub(super) mod rate;
pub(super) mod regression;

use super::ast::{Edges, ValueType};
use super::series::Sample;
use ValueType::{Matrix, Scalar, String, Vector};

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) args: &'static [ValueType],
    /// How many times the last argument may stand: `0` exactly once, `n > 0` from none to `n` times, `-1` any number.
    pub(super) variadic: i8,
    pub(super) returns: ValueType,
    pub(super) run: Run,
}

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    /// Every sample by itself.
    Map(fn(f64) -> f64),
    /// A field of the time that every sample holds, or of the evaluation time.
    Calendar(fn(&calendar::Civil) -> f64),
    /// One value from the samples of a window, given the scalar arguments; no value leaves the series out.
    Window(fn(&Window, &[f64]) -> Option<f64>),
    /// By its name: it sees more than one sample or series.
    Special(Special),
}

/// Functions that the evaluator knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    End,
    HistogramFraction,
    HistogramQuantile,
    HistogramQuantiles,
    LabelJoin,
    LabelReplace,
    MaxOf,
    MinOf,
    /// Reads native histograms, of which there are none: the result is always empty.
    Native,
    Pi,
    Range,
    Round,
    Scalar,
    Sort {
        descending: bool,
    },
    SortByLabel {
        descending: bool,
    },
    Start,
    Step,
    Time,
    Timestamp,
    Vector,
}

/// The samples of one series in a range, as a function sees them. Stale markers are left out.
pub(super) struct Window<'a> {
    /// Oldest first; never empty. Beyond `start < t <= end` only where `edges` asks for it.
    pub(super) samples: &'a [Sample],
    /// The instant of evaluation, Unix milliseconds.
    pub(super) now: i64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) edges: Edges,
}

impl Window<'_> {
    pub(super) fn seconds(&self) -> f64 {
        (self.end - self.start) as f64 / 1000.0
    }
}

impl Function {
    pub(super) fn named(name: &str) -> Option<&'static Function> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Whether the result depends on when it is computed even if the arguments do not.
    pub(super) fn reads_clock(&self) -> bool {
        match self.run {
            Run::Calendar(_) => true,
            Run::Special(special) => matches!(special, Special::Time | Special::Timestamp),
            _ => self.name == "predict_linear",
        }
    }

    /// Whether the metric keeps its name: the value is then still that of the metric.
    pub(super) fn keeps_name(&self) -> bool {
        matches!(self.name, "first_over_time" | "last_over_time")
    }

    /// Names of the functions that work on ranges with these edges.
    pub(super) fn that_take(edges: Edges) -> &'static [&'static str] {
        match edges {
            Edges::AsFound => &[],
            Edges::Anchored => &["changes", "delta", "increase", "rate", "resets"],
            Edges::Smoothed => &["delta", "increase", "rate"],
        }
    }
}

const fn f(name: &'static str, args: &'static [ValueType], variadic: i8, returns: ValueType, run: Run) -> Function {
    Function { name, args, variadic, returns, run }
}
const fn map(name: &'static str, run: fn(f64) -> f64) -> Function {
    f(name, &[Vector], 0, Vector, Run::Map(run))
}
const fn date(name: &'static str, run: fn(&calendar::Civil) -> f64) -> Function {
    f(name, &[Vector], 1, Vector, Run::Calendar(run))
}
const fn range(name: &'static str, run: fn(&Window, &[f64]) -> Option<f64>) -> Function {
    f(name, &[Matrix], 0, Vector, Run::Window(run))
}
const fn special(name: &'static str, args: &'static [ValueType], returns: ValueType, run: Special) -> Function {
    f(name, args, 0, returns, Run::Special(run))
}

static FUNCTIONS: &[Function] = &[
    map("abs", f64::abs),
    special("absent", &[Vector], Vector, Special::Absent),
    special("absent_over_time", &[Matrix], Vector, Special::AbsentOverTime),
    map("acos", f64::acos),
    map("acosh", f64::acosh),
    map("asin", f64::asin),
    map("asinh", f64::asinh),
    map("atan", f64::atan),
    map("atanh", f64::atanh),
    range("avg_over_time", over_time::avg),
    map("ceil", f64::ceil),
    range("changes", over_time::changes),
    special("clamp", &[Vector, Scalar, Scalar], Vector, Special::Clamp),
    special("clamp_max", &[Vector, Scalar], Vector, Special::ClampMax),
    special("clamp_min", &[Vector, Scalar], Vector, Special::ClampMin),
    map("cos", f64::cos),
    map("cosh", f64::cosh),
    range("count_over_time", over_time::count),
    date("day_of_month", |civil| f64::from(civil.day)),
    date("day_of_week", |civil| f64::from(civil.weekday)),
    date("day_of_year", |civil| f64::from(civil.day_of_year)),
    date("days_in_month", |civil| f64::from(civil.days_in_month)),
    map("deg", math::deg),
    range("delta", rate::delta),
    range("deriv", regression::deriv),
    f("double_exponential_smoothing", &[Matrix, Scalar, Scalar], 0, Vector, Run::Window(regression::smoothing)),
    special("end", &[], Scalar, Special::End),
    map("exp", f64::exp),
    range("first_over_time", over_time::first),
    map("floor", f64::floor),
    special("histogram_avg", &[Vector], Vector, Special::Native),
    special("histogram_count", &[Vector], Vector, Special::Native),
    special("histogram_fraction", &[Scalar, Scalar, Vector], Vector, Special::HistogramFraction),
    special("histogram_quantile", &[Scalar, Vector], Vector, Special::HistogramQuantile),
    f("histogram_quantiles", &[Vector, String, Scalar, Scalar], 9, Vector, Run::Special(Special::HistogramQuantiles)),
    special("histogram_stddev", &[Vector], Vector, Special::Native),
    special("histogram_stdvar", &[Vector], Vector, Special::Native),
    special("histogram_sum", &[Vector], Vector, Special::Native),
    date("hour", |civil| f64::from(civil.hour)),
    range("idelta", rate::idelta),
    range("increase", rate::increase),
    range("irate", rate::irate),
    f("label_join", &[Vector, String, String, String], -1, Vector, Run::Special(Special::LabelJoin)),
    special("label_replace", &[Vector, String, String, String, String], Vector, Special::LabelReplace),
    range("last_over_time", over_time::last),
    map("ln", f64::ln),
    map("log10", f64::log10),
    map("log2", f64::log2),
    range("mad_over_time", over_time::mad),
    special("max_of", &[Scalar, Scalar], Scalar, Special::MaxOf),
    range("max_over_time", over_time::max),
    special("min_of", &[Scalar, Scalar], Scalar, Special::MinOf),
    range("min_over_time", over_time::min),
    date("minute", |civil| f64::from(civil.minute)),
    date("month", |civil| f64::from(civil.month)),
    special("pi", &[], Scalar, Special::Pi),
    f("predict_linear", &[Matrix, Scalar], 0, Vector, Run::Window(regression::predict)),
    range("present_over_time", over_time::present),
    f("quantile_over_time", &[Scalar, Matrix], 0, Vector, Run::Window(over_time::quantile)),
    map("rad", math::rad),
    special("range", &[], Scalar, Special::Range),
    range("rate", rate::rate),
    range("resets", over_time::resets),
    f("round", &[Vector, Scalar], 1, Vector, Run::Special(Special::Round)),
    special("scalar", &[Vector], Scalar, Special::Scalar),
    map("sgn", math::sgn),
    map("sin", f64::sin),
    map("sinh", f64::sinh),
    special("sort", &[Vector], Vector, Special::Sort { descending: false }),
    f("sort_by_label", &[Vector, String], -1, Vector, Run::Special(Special::SortByLabel { descending: false })),
    f("sort_by_label_desc", &[Vector, String], -1, Vector, Run::Special(Special::SortByLabel { descending: true })),
    special("sort_desc", &[Vector], Vector, Special::Sort { descending: true }),
    map("sqrt", f64::sqrt),
    special("start", &[], Scalar, Special::Start),
    range("stddev_over_time", over_time::stddev),
    range("stdvar_over_time", over_time::stdvar),
    special("step", &[], Scalar, Special::Step),
    range("sum_over_time", over_time::sum),
    map("tan", f64::tan),
    map("tanh", f64::tanh),
    special("time", &[], Scalar, Special::Time),
    special("timestamp", &[Vector], Vector, Special::Timestamp),
    range("ts_of_first_over_time", over_time::time_of_first),
    range("ts_of_last_over_time", over_time::time_of_last),
    range("ts_of_max_over_time", over_time::time_of_max),
    range("ts_of_min_over_time", over_time::time_of_min),
    special("vector", &[Scalar], Vector, Special::Vector),
    date("year", |civil| civil.year as f64),
];
