//! What may make an answer of Prometheus 2.42, which is here, unlike that of Prometheus 3, which we follow: conditions on the very
//! windows and values of a query, each of which is looked at only where two answers differ.
//!
//! - A counter's start: [`is_start_disputed`]. Version 2 compared the distance to the counter's zero point with the threshold for
//!   extrapolation, where the half distance had been meant; prometheus/prometheus pull request 13725 of March 2024, "Fix limiting of
//!   extrapolation to negative values", tells so and mends it.
//! - A last bit: sums are summed in other orders, so what was calculated may lie on two sides of a jump of `round`, `ceil` or
//!   `floor`. The argument is asked of both: it must be equal to 1e-9, and rounding it must make the difference.
//! - What cancels out: a `sum` or `avg` of the whole query whose terms are equal, and whose value differs by no more than 1e-9 of the
//!   greatest term: version 3 adds with Kahan's compensation, version 2 without, and so has 3e-17 where nothing is left.
//! - `predict_linear` of a range with `@`, at more than one instant: version 2 moves the range on with each (issue 11708, pull request
//!   13559 of February 2024).
//! - `timestamp` of a selector with `@`, at more than one instant or with an offset: version 2 looks past what `@` became (issue 8433).

use outrider::history::History;
use outrider::promql::series::{Sample, is_stale};
use outrider::promql::{Limits, Options, Query, Series, Value};

use super::differential::{equal, series_of};
use super::generate::seconds;
use super::peer::Peer;
use super::within::{Asked, arguments, windowed};

/// Why answers to this query may differ, where they may.
pub fn dispute(asked: &Asked, history: &History, options: Options, peer: &Peer) -> Option<&'static str> {
    let asked = asked.settled();
    if has_disputed_start(&asked, history) {
        return Some("a counter's start");
    }
    if is_repeated(&asked, "predict_linear", |args, times| args.contains('@') && times > 1) {
        return Some("predict_linear with @");
    }
    if is_repeated(&asked, "timestamp", |args, times| args.contains('@') && (times > 1 || args.contains("offset"))) {
        return Some("timestamp with @");
    }
    let both = Both { history, options, peer };
    if ["round", "ceil", "floor"].iter().any(|function| both.are_on_a_jump(&asked, function)) {
        return Some("a last bit before a jump");
    }
    both.cancel_out(&asked).then_some("what cancels out")
}

fn is_repeated(asked: &Asked, function: &str, holds: impl Fn(&str, usize) -> bool) -> bool {
    asked.calls(function).iter().any(|call| holds(call.args, call.instants.len()))
}

fn has_disputed_start(asked: &Asked, history: &History) -> bool {
    let calls = ["rate", "increase"].map(|function| asked.calls(function));
    calls.iter().flatten().any(|call| {
        let (selector, range, shift) = windowed(call.args);
        let query = Query::parse(selector).expect("a selector");
        let matchers = query.selector().expect("a selector");
        call.instants.iter().any(|now| {
            let end = shift.from(*now);
            let found = history.select(matchers, end - range + 1, end);
            found.into_iter().any(|mut series| {
                series.samples.retain(|sample| !is_stale(sample.v));
                is_start_disputed(&series.samples, end - range)
            })
        })
    })
}

/// Whether the versions extend a counter's samples within a window by different amounts towards its start. Exactly then: the
/// first sample is too far from the start to be extended to it, and the zero point lies further before the sample than half a
/// distance between samples, which version 3 goes back, but nearer than the threshold, so that version 2 goes back to it.
fn is_start_disputed(samples: &[Sample], start: i64) -> bool {
    let [first, .., last] = samples else { return false };
    let grown = grown(samples);
    let sampled = (last.t - first.t) as f64 / 1000.0;
    let distance = sampled / (samples.len() - 1) as f64;
    let (to_start, to_zero) = ((first.t - start) as f64 / 1000.0, sampled * (first.v / grown));
    let threshold = distance * 1.1;
    grown > 0.0 && first.v >= 0.0 && to_start >= threshold && distance / 2.0 < to_zero && to_zero < threshold
}

/// The increase within samples, resets undone.
fn grown(samples: &[Sample]) -> f64 {
    let lost: f64 = samples.windows(2).filter(|pair| pair[1].v < pair[0].v).map(|pair| pair[0].v).sum();
    samples[samples.len() - 1].v - samples[0].v + lost
}

/// Both sides, to be asked for parts of a query.
struct Both<'a> {
    history: &'a History,
    options: Options,
    peer: &'a Peer,
}

impl Both<'_> {
    fn are_on_a_jump(&self, asked: &Asked, function: &str) -> bool {
        asked.calls(function).iter().any(|call| {
            let args = arguments(call.args);
            let step = args.get(1).map_or(1.0, |step| step.parse().expect("a number"));
            let round = |value: f64| match function {
                "round" => (value / step + 0.5).floor(),
                "ceil" => value.ceil(),
                _ => value.floor(),
            };
            let differ = |(a, b): &(f64, f64)| a != b && equal(*a, *b) && round(*a) != round(*b);
            call.instants.iter().any(|at| self.values(args[0], *at).is_some_and(|all| all.iter().any(differ)))
        })
    }

    fn cancel_out(&self, asked: &Asked) -> bool {
        let Some(terms) = asked.added() else { return false };
        (asked.start..=asked.end).step_by(asked.step as usize).all(|at| {
            let (Some(terms), Some(sums)) = (self.values(terms, at), self.values(&asked.text, at)) else {
                return false;
            };
            let greatest = terms.iter().map(|(term, _)| term.abs()).fold(0.0, f64::max);
            let are_alike = |(a, b): &(f64, f64)| equal(*a, *b) || (a - b).abs() <= 1e-9 * greatest;
            terms.iter().all(|(a, b)| equal(*a, *b)) && sums.iter().all(are_alike)
        })
    }

    /// What both say of a vector's elements, ours first; nothing where they have unlike elements.
    fn values(&self, text: &str, at: i64) -> Option<Vec<(f64, f64)>> {
        let query = Query::parse(text).expect("a part of a query").with_options(self.options);
        let Value::Vector(ours) = query.instant(self.history, at, &Limits::default()).ok()?.value else { return None };
        let theirs = self.peer.get("query", &[("query", text.to_owned()), ("time", seconds(at))]).ok()?;
        let theirs = series_of(&theirs["result"]);
        let value = |labels| theirs.iter().find(|other| other.labels == labels).map(|other| other.samples[0].v);
        let pairs = ours.into_iter().map(|ours| Some((ours.value, value(ours.labels)?)));
        pairs.collect::<Option<Vec<_>>>().filter(|pairs| pairs.len() == theirs.len())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use outrider::base::Labels;
    use outrider::promql::Memory;

    use super::*;
    use crate::generate::Generator;

    /// Seconds of a window that starts at zero.
    const WINDOW: i64 = 60;

    fn samples(points: &[(i64, f64)]) -> Vec<Sample> {
        points.iter().map(|(t, v)| Sample { t: t * 1000, v: *v }).collect()
    }

    fn ours(samples: &[Sample]) -> f64 {
        let mut memory = Memory::new();
        memory.append(Labels::new([("__name__", "a_total")]), samples.iter().copied());
        let query = Query::parse("increase(a_total[1m])").expect("a query");
        match query.instant(&memory, WINDOW * 1000, &Limits::default()).expect("an answer").value {
            Value::Vector(elements) => elements[0].value,
            other => panic!("{other:?}"),
        }
    }

    /// What version 2 says, by its own rule.
    fn version_2(samples: &[Sample]) -> f64 {
        let (first, last) = (samples[0], samples[samples.len() - 1]);
        let sampled = (last.t - first.t) as f64 / 1000.0;
        let distance = sampled / (samples.len() - 1) as f64;
        let (grown, mut to_start) = (grown(samples), first.t as f64 / 1000.0);
        if grown > 0.0 && first.v >= 0.0 {
            to_start = to_start.min(sampled * (first.v / grown));
        }
        let extended = |to: f64| if to < distance * 1.1 { to } else { distance / 2.0 };
        let to_end = (WINDOW * 1000 - last.t) as f64 / 1000.0;
        grown * ((sampled + extended(to_start) + extended(to_end)) / sampled)
    }

    /// Seconds and values of a window's samples, and what versions 3 and 2 say.
    type Case = (&'static [(i64, f64)], f64, f64);

    /// Two samples across a reset after a late scrape, two without a reset, and one whose zero point is too far for either.
    const CASES: [Case; 3] = [
        (&[(40, 21.0), (50, 20.0)], 50.0, 61.0),
        (&[(40, 20.0), (50, 45.0)], 62.5, 70.0),
        (&[(40, 80.0), (50, 100.0)], 50.0, 50.0),
    ];

    #[test]
    fn a_counters_start_is_where_version_3_has_it() {
        for (points, version_3, other) in CASES {
            let samples = samples(points);
            assert_eq!((ours(&samples), version_2(&samples)), (version_3, other), "{points:?}");
            assert_eq!(is_start_disputed(&samples, 0), version_3 != other, "{points:?}");
        }
    }

    #[test]
    fn the_prometheus_here_has_a_counters_start_where_version_2_has_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut tests = String::from("tests:\n");
        for (points, _, version_2) in CASES {
            tests += &format!(
                "  - interval: 10s\n    input_series: [{{ series: a_total, values: '_x4 {} {}' }}]\n    promql_expr_test:\n      \
                 - {{ expr: 'increase(a_total[1m])', eval_time: 60s, exp_samples: [{{ labels: '{{}}', value: {version_2} }}] }}\n",
                points[0].1, points[1].1
            );
        }
        std::fs::write(folder.path().join("tests.yml"), &tests).expect("a file written");
        let output = Command::new("promtool").args(["test", "rules", "tests.yml"]).current_dir(folder.path()).output();
        let output = output.expect("promtool, of Debian's package prometheus, is installed");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{tests}\n{}", String::from_utf8_lossy(&said));
    }

    #[test]
    fn the_versions_differ_exactly_where_a_start_is_disputed() {
        let mut random = Generator::new(42);
        let mut disputed = 0;
        for _ in 0..20_000 {
            let (mut t, mut v) = (1 + random.below(40) as i64, random.below(60) as f64);
            let mut points = vec![(t, v)];
            for _ in 0..1 + random.below(4) {
                t += 1 + random.below(12) as i64;
                v = if random.below(4) == 0 { random.below(60) as f64 } else { v + random.below(60) as f64 };
                points.push((t, v));
            }
            points.retain(|(t, _)| *t <= WINDOW);
            if points.len() > 1 {
                let samples = samples(&points);
                disputed += usize::from(is_start_disputed(&samples, 0));
                let differ = !equal(ours(&samples), version_2(&samples));
                assert_eq!(differ, is_start_disputed(&samples, 0), "{points:?}");
            }
        }
        assert!(disputed > 100, "{disputed} of 20,000 windows");
    }
}
