//! What would have fired: rules over a past that was recorded.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::run::Run;
use crate::alert::rule::{Context, Group, Rule};
use crate::alert::state::Phase;
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::base::number::shortest;
use crate::config::print_duration;
use crate::promql::Series;
use crate::promql::series::{Matcher, SeriesData};

/// From when to when, and how often, in Unix milliseconds. Evaluation begins at `warm`, so that what rules record is there
/// at `from`; only what fires from then on is told.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first evaluation.
    pub warm: i64,
    /// The first one that is told.
    pub from: i64,
    /// The last one at the latest.
    pub to: i64,
    /// Between two evaluations; above zero.
    pub step: i64,
}

/// One time that one alert fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The rule.
    pub rule: String,
    /// The alert.
    pub labels: Labels,
    /// Unix milliseconds of the first evaluation at which it fired.
    pub from: i64,
    /// Unix milliseconds of the first evaluation at which it no longer did; absent if it fired to the end.
    pub to: Option<i64>,
    /// The values at the first evaluation, and the ones furthest up and down.
    pub value: f64,
    /// The least value.
    pub least: f64,
    /// The greatest value.
    pub most: f64,
    /// What was said of it at first.
    pub said: Vec<(String, String)>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// All alerts that fired, by the time at which they began to.
    pub firings: Vec<Firing>,
    /// Every alerting rule, and for how many evaluations it had an alert that was pending or firing.
    pub rules: Vec<(String, usize)>,
    /// Evaluations.
    pub evaluations: usize,
    /// Rules that failed, with their first error each.
    pub errors: Vec<(String, String)>,
    range: (i64, i64),
}

/// Evaluates `groups` over `source`. Series that the groups record themselves are not taken from `source`: they are made anew.
pub fn run(groups: &[Group], source: &dyn Series, range: Range, context: Context<'_>) -> Report {
    let made: HashSet<&str> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter_map(|rule| match rule {
            Rule::Recording(rule) => Some(rule.record.as_str()),
            Rule::Alerting(_) => None,
        })
        .chain(["ALERTS", "ALERTS_FOR_STATE"])
        .collect();
    let input = Without { source, made };
    let mut run = Run::new(groups, &input, context);
    let alerting = groups.iter().flat_map(|group| &group.rules).filter(|rule| matches!(rule, Rule::Alerting(_)));
    let mut report = Report {
        firings: Vec::new(),
        rules: alerting.map(|rule| (rule.name().to_owned(), 0)).collect(),
        evaluations: 0,
        errors: Vec::new(),
        range: (range.from, range.to),
    };
    let mut open: BTreeMap<(String, Labels), usize> = BTreeMap::new();
    let mut now = range.warm;
    while now <= range.to {
        for failure in run.tick(now) {
            if !report.errors.iter().any(|(rule, _)| *rule == failure.rule) {
                report.errors.push((failure.rule, failure.error.to_string()));
            }
        }
        if now >= range.from {
            report.take(now, &run, &mut open);
        }
        now += range.step;
    }
    report
}

impl Report {
    fn take(&mut self, now: i64, run: &Run<'_>, open: &mut BTreeMap<(String, Labels), usize>) {
        self.evaluations += 1;
        let mut still = HashSet::new();
        let mut active = HashSet::new();
        for (rule, alert, said) in run.alerts() {
            active.insert(rule.name.clone());
            if alert.phase != Phase::Firing {
                continue;
            }
            let key = (rule.name.clone(), alert.labels.clone());
            let value = said.value;
            let at = *open.entry(key.clone()).or_insert_with(|| {
                self.firings.push(Firing {
                    rule: key.0.clone(),
                    labels: key.1.clone(),
                    from: now,
                    to: None,
                    value,
                    least: value,
                    most: value,
                    said: said.texts.clone(),
                });
                self.firings.len() - 1
            });
            let firing = &mut self.firings[at];
            (firing.least, firing.most) = (firing.least.min(value), firing.most.max(value));
            still.insert(key);
        }
        open.retain(|key, at| {
            let on = still.contains(key);
            if !on {
                self.firings[*at].to = Some(now);
            }
            on
        });
        for (rule, count) in &mut self.rules {
            *count += usize::from(active.contains(rule));
        }
    }
}

/// A source without the series of some names.
struct Without<'a> {
    source: &'a dyn Series,
    made: HashSet<&'a str>,
}

impl Series for Without<'_> {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        let mut found = self.source.select(matchers, from, to);
        found.retain(|series| !self.made.contains(series.labels.get(NAME)));
        found
    }
}

/// For people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (time(self.range.0), time(self.range.1));
        writeln!(f, "{} evaluations from {from} to {to}", self.evaluations)?;
        for firing in &self.firings {
            let end = match firing.to {
                Some(to) => format!("for {}", duration(to - firing.from)),
                None => "to the end".to_owned(),
            };
            let values = match firing.least == firing.most {
                true => shortest(firing.least),
                false => format!("{} to {}", shortest(firing.least), shortest(firing.most)),
            };
            writeln!(f, "{}  {}  {end}  value {values}", time(firing.from), firing.labels)?;
            for (name, text) in &firing.said {
                writeln!(f, "    {name}: {text}")?;
            }
        }
        for (rule, count) in &self.rules {
            let fired = self.firings.iter().filter(|firing| firing.rule == *rule).count();
            let times = if fired == 1 { "once".to_owned() } else { format!("{fired} times") };
            match (fired, count) {
                (0, 0) => writeln!(f, "{rule}: never active")?,
                (0, count) => writeln!(f, "{rule}: never fired, pending at {count} evaluations")?,
                (_, count) => writeln!(f, "{rule}: fired {times}, active at {count} evaluations")?,
            }
        }
        self.errors.iter().try_for_each(|(rule, error)| writeln!(f, "{rule}: could not be evaluated: {error}"))
    }
}

fn time(millis: i64) -> String {
    let time =
        chrono::DateTime::from_timestamp_millis(millis).map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    time.unwrap_or_else(|| millis.to_string())
}

fn duration(millis: i64) -> String {
    print_duration(std::time::Duration::from_millis(millis.unsigned_abs()))
}

#[cfg(test)]
mod tests;
