//! Random queries, the same for the same seed: mostly such that make sense, some that both sides must refuse.

/// A xorshift generator and the grammar on top of it.
pub struct Generator {
    state: u64,
    times: Times,
}

/// The instants and durations that queries use, in milliseconds.
#[derive(Clone, Copy, Default)]
pub struct Times {
    /// The first instant of a query.
    pub start: i64,
    /// Steps, offsets and instants after the first are multiples of it,
    pub unit: i64,
    /// and ranges are multiples of it and so much more.
    pub more: i64,
}

/// Units of a range.
const RANGES: [i64; 5] = [1, 5, 10, 25, 50];
/// Units of an offset.
const OFFSETS: [i64; 4] = [0, 0, 5, -10];
/// Units of a subquery's step; where it is zero, the query does not say.
const STEPS: [i64; 4] = [1, 3, 5, 0];
const MATH: [&str; 11] = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "deg", "rad"];
const OVER_TIME: [&str; 16] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "changes",
    "resets",
    "deriv",
    "delta",
    "idelta",
    "irate",
    "absent_over_time",
];
const AGGREGATES: [&str; 6] = ["sum", "avg", "min", "max", "count", "group"];
const GROUPINGS: [&str; 7] =
    ["", " by (job)", " by (job, instance)", " without (code)", " without (instance, le)", " by (le)", " by ()"];
const ARITHMETIC: [&str; 4] = ["+", "-", "*", "/"];
const COMPARISONS: [&str; 6] = ["==", "!=", ">", "<", ">=", "<="];
const SETS: [&str; 3] = ["and", "or", "unless"];
const DATES: [&str; 8] =
    ["hour", "minute", "month", "year", "day_of_month", "day_of_week", "day_of_year", "days_in_month"];

impl Generator {
    /// One that only gives numbers.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, times: Times::default() }
    }

    /// One that gives queries.
    pub fn of_queries(seed: u64, times: Times) -> Self {
        Self { times, ..Self::new(seed) }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    pub fn query(&mut self) -> String {
        if self.below(20) == 0 { self.scalar(2) } else { self.vector(3) }
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0 => ["0", "1", "2.5", "-3", "1e3", "0.1"][self.below(6)].into(),
            1 => "time()".into(),
            2 => "pi()".into(),
            3 => format!("scalar({})", self.vector(depth - 1)),
            4 => {
                let (a, op, b) = (self.scalar(depth - 1), self.pick(&ARITHMETIC), self.scalar(depth - 1));
                format!("({a} {op} {b})")
            }
            _ => {
                let (a, op, b) = (self.scalar(depth - 1), self.pick(&COMPARISONS), self.scalar(depth - 1));
                format!("({a} {op} bool {b})")
            }
        }
    }

    fn selector(&mut self) -> String {
        let metric = self.pick(&[
            "requests_total",
            "requests_total{job=\"api\"}",
            "requests_total{code=~\"4..|5..\"}",
            "memory_bytes",
            "memory_bytes{instance!=\"1\"}",
            "memory_bytes{job!~\"a.*\"}",
            "temperature",
            "temperature{job=\"worker\"}",
            "latency_seconds_bucket",
            "build_info",
            "missing{job=\"api\"}",
        ]);
        metric.into()
    }

    fn modifiers(&mut self) -> String {
        let at = match self.below(12) {
            0 => format!(" @ {}", seconds(self.times.start + self.times.unit * self.below(60) as i64)),
            1 => " @ start()".into(),
            2 => " @ end()".into(),
            _ => String::new(),
        };
        match OFFSETS[self.below(OFFSETS.len())] {
            0 => at,
            units if units < 0 => format!("{at} offset -{}", duration(-units * self.times.unit)),
            units => format!("{at} offset {}", duration(units * self.times.unit)),
        }
    }

    /// A range of one of these many units.
    fn length(&mut self, units: &[i64]) -> String {
        duration(units[self.below(units.len())] * self.times.unit + self.times.more)
    }

    fn range(&mut self, depth: usize) -> String {
        let range = self.length(&RANGES);
        if depth > 0 && self.below(4) == 0 {
            let (inner, modifiers) = (self.vector(depth - 1), self.modifiers());
            let step = match STEPS[self.below(STEPS.len())] {
                0 => String::new(),
                units => duration(units * self.times.unit),
            };
            return format!("({inner})[{range}:{step}]{modifiers}");
        }
        format!("{}[{range}]{}", self.selector(), self.modifiers())
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("{}{}", self.selector(), self.modifiers());
        }
        let below = depth - 1;
        match self.below(25) {
            0 | 1 => format!("{}{}", self.selector(), self.modifiers()),
            2 => format!("{}({})", self.pick(&MATH), self.vector(below)),
            3..=6 => format!("{}({})", self.pick(&OVER_TIME), self.range(below)),
            7 => {
                let range = self.range(below);
                match self.below(2) {
                    0 => format!("quantile_over_time({}, {range})", self.pick(&["0", "0.3", "0.95", "1"])),
                    _ => format!("predict_linear({range}, {})", self.scalar(0)),
                }
            }
            8..=10 => format!("{}{} ({})", self.pick(&AGGREGATES), self.pick(&GROUPINGS), self.vector(below)),
            11 => {
                let (op, k) = (self.pick(&["topk", "bottomk"]), self.pick(&["0", "1", "3"]));
                // Distinct values, as among equals either may be chosen.
                format!("{op}{} ({k}, {})", self.pick(&GROUPINGS), self.pick(&["memory_bytes", "memory_bytes - 5"]))
            }
            12 => {
                let q = self.pick(&["0", "0.25", "0.9", "1"]);
                format!("quantile{} ({q}, {})", self.pick(&GROUPINGS), self.vector(below))
            }
            13 => {
                let (vector, op, scalar) = (self.vector(below), self.pick(&ARITHMETIC), self.scalar(below));
                if self.below(2) == 0 {
                    format!("({vector} {op} {scalar})")
                } else {
                    format!("({scalar} {op} {vector})")
                }
            }
            14 => {
                let (vector, op, scalar) = (self.vector(below), self.pick(&COMPARISONS), self.scalar(below));
                let bool = self.pick(&["", " bool"]);
                if self.below(2) == 0 {
                    format!("({vector} {op}{bool} {scalar})")
                } else {
                    format!("({scalar} {op}{bool} {vector})")
                }
            }
            15 | 16 => self.join(below),
            17 => {
                let (left, right) = (self.vector(below), self.vector(below));
                let on = self.pick(&["", " on (job)", " ignoring (instance, code)", " on ()"]);
                format!("({left} {}{on} {right})", self.pick(&SETS))
            }
            18 => self.labels(below),
            19 => {
                let (quantile, length) = (self.pick(&["0", "0.5", "0.99", "1"]), self.length(&RANGES));
                let of = match self.below(4) {
                    0 => "latency_seconds_bucket".to_owned(),
                    1 => format!("rate(latency_seconds_bucket[{length}])"),
                    2 => format!("sum by (le) (rate(latency_seconds_bucket[{length}]))"),
                    _ => "requests_total".to_owned(),
                };
                format!("histogram_quantile({quantile}, {of})")
            }
            20 => self.other(below),
            21 | 22 => {
                let counter = self.pick(&["requests_total", "requests_total{code=\"500\"}", "latency_seconds_bucket"]);
                let (function, range) = (self.pick(&["rate", "increase"]), self.length(&RANGES));
                format!("{function}({counter}[{range}]{})", self.modifiers())
            }
            23 => {
                // Of values far apart and finite: version 2 has no deviation of one NaN, and rounding shows in small ones.
                let (op, of) = (self.pick(&["stddev", "stdvar"]), self.pick(&["memory_bytes", "requests_total"]));
                format!("{op}{} ({of}{})", self.pick(&GROUPINGS), self.modifiers())
            }
            _ => format!("-({})", self.vector(below)),
        }
    }

    /// Operations between vectors that find each other; some are many-to-many.
    fn join(&mut self, depth: usize) -> String {
        let op = if self.below(2) == 0 { self.pick(&ARITHMETIC) } else { self.pick(&COMPARISONS) };
        let bool = if COMPARISONS.contains(&op) && self.below(3) == 0 { " bool" } else { "" };
        let vector = self.vector(depth);
        match self.below(8) {
            0 => format!("(memory_bytes {op}{bool} temperature)"),
            1 => format!("(sum by (job) ({vector}) {op}{bool} on (job) avg by (job) (memory_bytes))"),
            2 => format!("(requests_total {op}{bool} on (job, instance) group_left temperature)"),
            3 => format!("(memory_bytes {op}{bool} on (job) group_left (version) build_info)"),
            4 => format!("(build_info {op}{bool} ignoring (version, instance) group_right (version) memory_bytes)"),
            // Powers and remainders magnify rounding, so only these; `atan2` keeps names in version 2, so none.
            5 => format!("({vector} ^ {})", self.pick(&["2", "0.5", "-1"])),
            6 => format!("(temperature % {})", self.pick(&["7", "-1.5", "(1 + temperature)"])),
            _ => format!("({vector} {op}{bool} {})", self.vector(depth)),
        }
    }

    fn labels(&mut self, depth: usize) -> String {
        let vector = self.vector(depth);
        match self.below(4) {
            0 => format!("label_replace({vector}, \"copy\", \"$1-x\", \"job\", \"(.).*\")"),
            1 => format!("label_replace({vector}, \"job\", \"\", \"instance\", \"0|1\")"),
            2 => format!("label_replace({vector}, \"instance\", \"same\", \"\", \"\")"),
            _ => format!("label_join({vector}, \"joined\", \"/\", \"job\", \"instance\", \"nosuch\")"),
        }
    }

    fn other(&mut self, depth: usize) -> String {
        let vector = self.vector(depth);
        match self.below(11) {
            0 => format!("clamp({vector}, {}, {})", self.scalar(0), self.scalar(0)),
            1 => format!("clamp_min({vector}, {})", self.scalar(0)),
            2 => format!("clamp_max({vector}, {})", self.scalar(0)),
            3 => format!("round({vector}, {})", self.pick(&["0.5", "5", "1e3"])),
            4 => format!("round({vector})"),
            5 => format!("absent({vector})"),
            6 => format!("timestamp({vector})"),
            7 => format!("vector({})", self.scalar(depth)),
            8 => format!("{}(vector(time() + {}))", self.pick(&DATES), self.scalar(0)),
            9 => format!("{}()", self.pick(&DATES)),
            _ => format!("count_values{} (\"value\", round({vector}, 1e3))", self.pick(&GROUPINGS)),
        }
    }
}

/// A duration as queries write it.
fn duration(milliseconds: i64) -> String {
    format!("{milliseconds}ms")
}

/// An instant as queries write it.
pub fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
