//! Unit tests of rules, in the format of `promtool test rules`.
//!
//! A test loads series, evaluates the rule files' groups at every interval from time zero, and compares the alerts that fire
//! and the answers of expressions with what is expected. The verdicts are promtool's; samples that are native histograms are
//! the exception, as PromQL here has none.
//!
//! - `format`: the file
//! - `compare`: what was expected and what is there

mod compare;
mod format;

use std::fmt;
use std::path::{Path, PathBuf};

use super::run::Run;
use crate::alert::rule::{ALERT_NAME, Context, Group, file};
use crate::alert::state::Phase;
use crate::base::Labels;
use crate::config::alerting::matching;
use crate::config::print_duration;
use crate::promql::notation::{Item, parse_labels, parse_values};
use crate::promql::series::Sample;
use crate::promql::{Limits, Memory, Options, Query, Value};
use compare::{Alerts, Samples};
use format::{AlertCase, ExprCase, Test, TestFile};

/// What is to be said of one test file.
#[derive(Debug)]
pub struct Verdict {
    /// The file.
    pub path: PathBuf,
    /// What went otherwise than expected; empty when all is well.
    pub failures: Vec<String>,
    /// Patterns of rule files that match nothing.
    pub warnings: Vec<String>,
}

/// Runs the tests of a file. `more` are groups that are evaluated beside those of its rule files: the rules of an
/// `agent.yaml`.
pub fn run(path: &Path, more: &[Group]) -> Verdict {
    let mut verdict = Verdict { path: path.to_owned(), failures: Vec::new(), warnings: Vec::new() };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            verdict.failures.push(format!("{}: {error}", path.display()));
            return verdict;
        }
    };
    let tests = match format::parse(&text) {
        Ok(tests) => tests,
        Err(message) => {
            verdict.failures.push(message);
            return verdict;
        }
    };
    match groups(path, &tests, more, &mut verdict.warnings) {
        Ok(groups) => {
            verdict.failures = tests.tests.iter().flat_map(|test| run_test(&tests, test, &groups)).collect();
        }
        Err(failures) => verdict.failures = failures,
    }
    verdict
}

/// The groups of all rule files, in the order that the file asks for.
fn groups(
    path: &Path,
    tests: &TestFile,
    more: &[Group],
    warnings: &mut Vec<String>,
) -> Result<Vec<Group>, Vec<String>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in &tests.rule_files {
        let pattern = folder.join(pattern);
        // As in promtool, a file that is not there is worth a warning only.
        let found = matching(&pattern).unwrap_or_default();
        if found.is_empty() {
            warnings.push(format!("no file match pattern {}", pattern.display()));
        }
        paths.extend(found.into_iter().filter(|found| !paths.contains(found)).collect::<Vec<_>>());
    }
    let (mut groups, mut faults) = (more.to_vec(), Vec::new());
    for path in paths {
        match file::load(&path) {
            Ok(more) => groups.extend(more),
            Err(more) => faults.extend(more.iter().map(ToString::to_string)),
        }
    }
    groups.sort_by_key(|group| tests.group_eval_order.iter().position(|name| *name == group.name).unwrap_or(0));
    if faults.is_empty() { Ok(groups) } else { Err(faults) }
}

fn run_test(tests: &TestFile, test: &Test, groups: &[Group]) -> Vec<String> {
    let input = match load(test) {
        Ok(input) => input,
        Err(message) => return vec![message],
    };
    if let Some(case) = test.alerts.iter().find(|case| case.alertname.is_empty()) {
        let of = if test.name.is_empty() { String::new() } else { format!(" (in TestGroup {})", test.name) };
        let at = print(case.eval_time);
        return vec![format!(
            "an item under alert_rule_test misses required attribute alertname at eval_time {at}{of}"
        )];
    }
    let options = Options { subquery_step: tests.interval, ..Options::default() };
    let context = Context {
        external_labels: &test.external_labels,
        external_url: &test.external_url,
        limits: Limits::default(),
        options,
    };
    let groups: Vec<Group> = groups.iter().cloned().map(|group| group.with_options(options)).collect();
    let mut run = Run::new(&groups, &input, context);
    let last = test.last_eval_time();
    let mut failures = Vec::new();
    let mut at = 0;
    loop {
        let broken = run.tick(test.start + at);
        let failed = |failure: &super::run::Failure| {
            format!("    rule: {}, time: {}, err: {}", failure.rule, print(at), failure.error)
        };
        failures.extend(broken.iter().map(failed));
        if !broken.is_empty() {
            return failures;
        }
        // What is asked for between two evaluations is what the earlier one found.
        let due = test.alerts.iter().filter(|case| (at..at + tests.interval).contains(&case.eval_time));
        failures.extend(due.filter_map(|case| check_alerts(test, case, &run)));
        if at + tests.interval > last {
            break;
        }
        at += tests.interval;
    }
    let ask = |case: &ExprCase| check_answer(tests, test, case, &run, test.start + at, options);
    failures.extend(test.expressions.iter().filter_map(ask));
    failures
}

/// The input series. `interval` lies between two of their values.
fn load(test: &Test) -> Result<Memory, String> {
    let mut input = Memory::new();
    for series in &test.input_series {
        let labels = parse_labels(&series.series).map_err(|error| error.to_string())?;
        let items = parse_values(&series.values).map_err(|error| error.to_string())?;
        let mut samples = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Item::Value(v) => samples.push(Sample { t: test.start + at as i64 * test.interval, v }),
                Item::Missing => {}
                Item::Histogram => return Err(format!("{}: native histograms are not supported", series.series)),
            }
        }
        input.append(labels, samples);
    }
    Ok(input)
}

fn check_alerts(test: &Test, case: &AlertCase, run: &Run<'_>) -> Option<String> {
    let of_name = run.alerts().filter(|(rule, alert, _)| rule.name == case.alertname && alert.phase == Phase::Firing);
    let got = of_name.map(|(_, alert, said)| {
        let annotations = Labels::new(said.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        (alert.labels.clone(), annotations)
    });
    let expected = case.exp_alerts.iter().map(|alert| {
        let labels = Labels::new(alert.exp_labels.clone()).with(ALERT_NAME, &case.alertname);
        (labels, Labels::new(alert.exp_annotations.clone()))
    });
    let (got, expected) = (Alerts::new(got), Alerts::new(expected));
    (got != expected).then(|| {
        let name = if test.name.is_empty() { String::new() } else { format!("    name: {},\n", test.name) };
        let at = print(case.eval_time);
        format!("{name}    alertname: {}, time: {at}, \n        exp:{expected}, \n        got:{got}", case.alertname)
    })
}

fn check_answer(
    tests: &TestFile,
    test: &Test,
    case: &ExprCase,
    run: &Run<'_>,
    until: i64,
    options: Options,
) -> Option<String> {
    let fail = |what: String| Some(format!("    expr: {:?}, time: {},{what}", case.expr, print(case.eval_time)));
    let value = Query::parse(&case.expr).and_then(|query| {
        query.with_options(options).instant(&run.source(until), test.start + case.eval_time, &Limits::default())
    });
    let got = match value.map(|answer| answer.value) {
        Ok(Value::Vector(found)) => found.into_iter().map(|element| (element.labels, element.value)).collect(),
        Ok(Value::Scalar(value)) => vec![(Labels::empty(), value)],
        Ok(Value::Matrix(_) | Value::String(_)) => return fail(" err: rule result is not a vector or scalar".into()),
        Err(error) => return fail(format!(" err: {error}")),
    };
    let mut expected = Vec::with_capacity(case.exp_samples.len());
    for sample in &case.exp_samples {
        if sample.histogram.is_some() {
            return fail(" err: native histograms are not supported".into());
        }
        match parse_labels(&sample.labels) {
            Ok(labels) => expected.push((labels, sample.value)),
            Err(error) => return fail(format!(" err: labels {:?}: {error}", sample.labels)),
        }
    }
    let (got, expected) = (Samples::new(got), Samples::new(expected));
    if expected.equal(&got, tests.fuzzy_compare) {
        return None;
    }
    fail(format!("\n        exp: {expected}\n        got: {got}"))
}

fn print(millis: i64) -> String {
    print_duration(std::time::Duration::from_millis(millis.unsigned_abs()))
}

/// As promtool says it.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Unit Testing:  {}", self.path.display())?;
        for warning in &self.warnings {
            writeln!(f, "  WARNING: {warning}")?;
        }
        if self.failures.is_empty() {
            return writeln!(f, "  SUCCESS");
        }
        writeln!(f, "  FAILED:")?;
        self.failures.iter().try_for_each(|failure| writeln!(f, "{failure}"))
    }
}

#[cfg(test)]
mod tests;
