//! Runs scripts: loads what they load, evaluates what they evaluate, and compares as Prometheus' own interpreter does.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use outrider::base::Labels;
use outrider::base::labels::NAME;
use outrider::promql::notation::Item;
use outrider::promql::series::{Matcher, Sample, Series, SeriesData};
use outrider::promql::{Annotation, Answer, Element, Limits, Memory, Options, Query, Value};

use super::script::{Command, Eval, Expect, Load, Match, When, parse};

/// Values that differ by less than this, relative to their sum, are equal.
const EPSILON: f64 = 0.000_001;

/// What became of one script.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    /// Line and why.
    pub failed: Vec<String>,
    /// Evaluations that need native histograms, which are not supported.
    pub skipped: Vec<String>,
}

/// Runs a whole script; after a failure it goes on.
pub fn run(text: &str, delayed_name_removal: bool) -> Report {
    let mut report = Report::default();
    let commands = match parse(text) {
        Ok(commands) => commands,
        Err(message) => {
            report.failed.push(message);
            return report;
        }
    };
    let options = Options { delayed_name_removal, ..Options::default() };
    let mut store = Store::default();
    for command in commands {
        match command {
            Command::Clear => store = Store::default(),
            Command::Load(load) => store.load(load),
            Command::Eval(eval) => {
                store.touched_native.store(false, Ordering::Relaxed);
                let verdict = evaluate(&eval, &store, options);
                let native = store.touched_native.load(Ordering::Relaxed) || expects_histogram(&eval.expect);
                match verdict {
                    Ok(()) => report.passed += 1,
                    Err(_) if native => report.skipped.push(format!("line {}: {}", eval.line, eval.query)),
                    Err(message) => report.failed.push(format!("line {}: {}: {message}", eval.line, eval.query)),
                }
            }
        }
    }
    report
}

fn expects_histogram(expect: &Expect) -> bool {
    expect.series.iter().any(|(_, items)| items.contains(&Item::Histogram))
}

/// The loaded series, and which of them are native histograms.
#[derive(Default)]
struct Store {
    memory: Memory,
    native: HashSet<Labels>,
    touched_native: AtomicBool,
}

impl Store {
    fn load(&mut self, load: Load) {
        for (labels, items) in load.series {
            if items.contains(&Item::Histogram) {
                self.native.insert(labels.clone());
            }
            if load.with_nhcb {
                self.native.insert(base_of_histogram(&labels));
            }
            let sample = |(at, item)| match item {
                Item::Value(v) => Some(Sample { t: load.interval * at as i64, v }),
                Item::Missing | Item::Histogram => None,
            };
            self.memory.append(labels, items.into_iter().enumerate().filter_map(sample));
        }
    }
}

/// The native histogram that the buckets, the count and the sum of a classic one are part of.
fn base_of_histogram(labels: &Labels) -> Labels {
    let name = labels.name();
    let base = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    labels.with(NAME, base).with("le", "")
}

impl Series for Store {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        if self.native.iter().any(|labels| matchers.iter().all(|matcher| matcher.accepts(labels))) {
            self.touched_native.store(true, Ordering::Relaxed);
        }
        self.memory.select(matchers, from, to)
    }
}

fn evaluate(eval: &Eval, store: &Store, options: Options) -> Result<(), String> {
    let expect = &eval.expect;
    let query = match Query::parse(&eval.query) {
        Ok(query) => query.with_options(options),
        Err(error) => return expected_failure(expect, &error.message, &error.to_string()),
    };
    let limits = Limits::default();
    let answer = match eval.when {
        When::Instant(at) => query.instant(store, at, &limits),
        When::Range { start, end, step } => query.range(store, start, end, step, &limits),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return expected_failure(expect, &error.message, &error.to_string()),
    };
    if let Some(fail) = &expect.fail {
        return Err(format!("expected an error ({}), got {:?}", fail.describe(), answer.value));
    }
    annotations("warn", &expect.warn, expect.no_warn, &answer.warnings)?;
    annotations("info", &expect.info, expect.no_info, &answer.infos)?;
    match eval.when {
        When::Instant(at) => {
            let (start, step) = expect.range_vector.map_or((at, 1), |(start, _, step)| (start, step));
            compare(expect, &answer.value, start, step)?;
            same_in_range(eval, &query, store, at)
        }
        When::Range { start, step, .. } => compare(expect, &answer.value, start, step),
    }
}

fn expected_failure(expect: &Expect, message: &str, full: &str) -> Result<(), String> {
    match &expect.fail {
        None => Err(format!("unexpected error: {full}")),
        Some(fail) if fail.accepts(message) => Ok(()),
        Some(fail) => Err(format!("expected an error with {}, got {message:?}", fail.describe())),
    }
}

fn annotations(kind: &str, expected: &[Match], none: bool, found: &[Annotation]) -> Result<(), String> {
    let list = || found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if none && !found.is_empty() {
        return Err(format!("unexpected {kind} annotations: {}", list()));
    }
    if expected.is_empty() {
        return Ok(());
    }
    if let Some(missing) = expected.iter().find(|one| !found.iter().any(|found| one.accepts(&found.message))) {
        return Err(format!("expected {kind} annotation with {}, found: {}", missing.describe(), list()));
    }
    match found.iter().find(|found| !expected.iter().any(|one| one.accepts(&found.message))) {
        Some(extra) => Err(format!("unexpected {kind} annotation: {extra}")),
        None => Ok(()),
    }
}

/// An instant query gives the same at the middle of three steps.
fn same_in_range(eval: &Eval, query: &Query, store: &Store, at: i64) -> Result<(), String> {
    let expect = &eval.expect;
    let depends_on_range = ["start()", "end()", "range()", "step()"].iter().any(|call| eval.query.contains(call));
    if expect.ordered || expect.range_vector.is_some() || expect.string.is_some() || depends_on_range {
        return Ok(());
    }
    let answer = query.range(store, at - 60_000, at + 60_000, 60_000, &Limits::default());
    let Answer { value: Value::Matrix(rows), .. } = answer.map_err(|error| format!("in range mode: {error}"))? else {
        return Err("in range mode: not a matrix".into());
    };
    let middle = |row: &SeriesData| row.samples.iter().find(|sample| sample.t == at).map(|sample| sample.v);
    let value = if expect.scalar.is_some() {
        Value::Scalar(rows.first().and_then(middle).ok_or("in range mode: no value")?)
    } else {
        let element = |row: &SeriesData| middle(row).map(|value| Element { labels: row.labels.clone(), value });
        Value::Vector(rows.iter().filter_map(element).collect())
    };
    compare(expect, &value, at, 1).map_err(|message| format!("in range mode: {message}"))
}

fn compare(expect: &Expect, value: &Value, start: i64, step: i64) -> Result<(), String> {
    if let Some(want) = expect.scalar {
        return match value {
            Value::Scalar(got) if equal(want, *got) => Ok(()),
            other => Err(format!("expected scalar {want}, got {other:?}")),
        };
    }
    if let Some(want) = &expect.string {
        return match value {
            Value::String(got) if got == want => Ok(()),
            other => Err(format!("expected string {want:?}, got {other:?}")),
        };
    }
    match value {
        Value::Vector(elements) => vector(expect, elements),
        Value::Matrix(rows) => matrix(expect, rows, start, step),
        // Prometheus' interpreter takes an evaluation of a string without an expected one for an empty string.
        Value::String(text) if text.is_empty() => Ok(()),
        other => Err(format!("expected a vector or matrix, got {other:?}")),
    }
}

fn vector(expect: &Expect, elements: &[Element]) -> Result<(), String> {
    let seen = RefCell::new(HashSet::new());
    for (at, element) in elements.iter().enumerate() {
        let want = expect.series.iter().position(|(labels, _)| *labels == element.labels);
        let want = want.ok_or_else(|| format!("unexpected series {} with {}", element.labels, element.value))?;
        if expect.ordered && want != at {
            return Err(format!("expected {} at position {}, was at {}", element.labels, want + 1, at + 1));
        }
        match expect.series[want].1.first() {
            Some(Item::Value(value)) if equal(*value, element.value) => {}
            other => return Err(format!("expected {other:?} for {}, got {}", element.labels, element.value)),
        }
        seen.borrow_mut().insert(want);
    }
    all_seen(expect, &seen.into_inner())
}

fn matrix(expect: &Expect, rows: &[SeriesData], start: i64, step: i64) -> Result<(), String> {
    if expect.ordered {
        return Err("expected ordered result, but the query returned a matrix".into());
    }
    if !rows.is_sorted_by(|a, b| a.labels < b.labels) {
        return Err("a matrix is sorted by labels".into());
    }
    let mut seen = HashSet::new();
    for row in rows {
        let want = expect.series.iter().position(|(labels, _)| *labels == row.labels);
        let want = want.ok_or_else(|| format!("unexpected series {} with {:?}", row.labels, row.samples))?;
        let sample = |(at, item): (usize, &Item)| match item {
            Item::Value(v) => Some(Sample { t: start + step * at as i64, v: *v }),
            _ => None,
        };
        let samples: Vec<Sample> = expect.series[want].1.iter().enumerate().filter_map(sample).collect();
        let same = samples.len() == row.samples.len()
            && samples.iter().zip(&row.samples).all(|(want, got)| want.t == got.t && equal(want.v, got.v));
        if !same {
            return Err(format!("expected {samples:?} for {}, got {:?}", row.labels, row.samples));
        }
        seen.insert(want);
    }
    all_seen(expect, &seen)
}

fn all_seen(expect: &Expect, seen: &HashSet<usize>) -> Result<(), String> {
    match expect.series.iter().enumerate().find(|(at, _)| !seen.contains(at)) {
        Some((_, (labels, items))) => Err(format!("expected series {labels} with {items:?} not found")),
        None => Ok(()),
    }
}

fn equal(a: f64, b: f64) -> bool {
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}
