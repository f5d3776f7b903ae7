//! All rules together, in an order in which each finds what others record.

use super::{Group, Read, Rule, RuleError, default, file, own, reads, signal, slo};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::config::Config;
use crate::config::alerting::{self, Alerting};
use crate::promql::Options;
use crate::promql::series::Matcher;

/// The group of our own alerting rules.
pub const GROUP: &str = "outrider-alerts";

/// Groups in the order of their evaluation.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    groups: Vec<Group>,
}

impl RuleSet {
    /// Puts groups that record what others read before those; otherwise they stay as they come. Where groups read from each
    /// other, the one that comes first sees what the other recorded an evaluation before, as in Prometheus.
    pub fn new(groups: Vec<Group>) -> Self {
        let needs: Vec<Vec<Matcher>> = groups.iter().map(named).collect();
        let provides: Vec<Vec<Labels>> = groups.iter().map(recorded).collect();
        let before = |first: usize, second: usize| {
            first != second
                && needs[second].iter().any(|matcher| provides[first].iter().any(|made| matcher.accepts(made)))
        };
        let mut left: Vec<usize> = (0..groups.len()).collect();
        let mut order = Vec::with_capacity(groups.len());
        while !left.is_empty() {
            let free = left.iter().position(|group| !left.iter().any(|other| before(*other, *group)));
            order.push(left.remove(free.unwrap_or(0)));
        }
        let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
        Self { groups: order.into_iter().filter_map(|at| groups[at].take()).collect() }
    }

    /// All rules that a configuration asks for: signals (kept apart `by` labels), objectives, rule files, ours and the
    /// defaults. `origin` is the configuration's name in faults.
    pub fn load(config: &Config, by: &[String], origin: &str) -> Result<Self, Vec<RuleError>> {
        let alerting = &config.alerting;
        let options = signal::Options {
            min_requests: alerting.min_requests,
            exclude: config.routes.exclude.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
            by: by.to_vec(),
        };
        let mut faults = Vec::new();
        let mut groups = vec![signal::group(&options)];
        match slo::group(&config.slos, &options, &config.metrics.buckets.duration, origin) {
            Ok(group) => groups.extend(group),
            Err(more) => faults.extend(more),
        }
        for (at, pattern) in alerting.rule_files.iter().enumerate() {
            match alerting::matching(pattern) {
                Ok(paths) => paths.iter().for_each(|path| match file::load(path) {
                    Ok(more) => groups.extend(more),
                    Err(more) => faults.extend(more),
                }),
                Err(message) => faults.push(RuleError {
                    origin: origin.to_owned(),
                    path: format!("alerting.rule_files[{at}]"),
                    rule: String::new(),
                    message,
                }),
            }
        }
        let recorded: Vec<String> = groups.iter().flat_map(recorded).map(|made| made.name().to_owned()).collect();
        match ours(alerting, origin, &recorded) {
            Ok(group) => groups.push(group),
            Err(more) => faults.extend(more),
        }
        // A subquery without a step has the engine's, as in Prometheus.
        let step = i64::try_from(alerting.interval.as_millis()).unwrap_or(i64::MAX);
        let options = Options { subquery_step: step, ..Options::default() };
        let groups = groups.into_iter().map(|group| group.with_options(options)).collect();
        if faults.is_empty() { Ok(Self::new(groups)) } else { Err(faults) }
    }

    /// Groups in the order of their evaluation.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What all rules read, where `interval` is the engine's, in milliseconds.
    pub fn reads(&self, interval: i64) -> Vec<Read> {
        self.groups.iter().flat_map(|group| group.reads(interval)).collect()
    }
}

fn ours(alerting: &Alerting, origin: &str, recorded: &[String]) -> Result<Group, Vec<RuleError>> {
    let own = alerting.rules.iter().enumerate().map(|(at, rule)| (format!("alerting.rules[{at}]"), rule.clone()));
    let replaced = |rule: &alerting::Rule| alerting.rules.iter().any(|own| own.name == rule.name);
    let usual = default::rules().filter(|rule| alerting.defaults && !replaced(rule));
    let all = usual.map(|rule| (format!("<{}>", rule.name), rule)).chain(own);
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for (path, configured) in all.filter(|(_, rule)| rule.enabled) {
        match own::rule(&configured, origin, &path, recorded) {
            Ok(rule) => rules.push(Rule::Alerting(Box::new(rule))),
            Err(more) => faults.extend(more),
        }
    }
    let group = Group { name: GROUP.to_owned(), origin: format!("<{GROUP}>"), interval: None, query_offset: 0, rules };
    if faults.is_empty() { Ok(group) } else { Err(faults) }
}

/// The series that a group makes, by their names.
fn recorded(group: &Group) -> Vec<Labels> {
    let names = group.rules.iter().filter_map(|rule| match rule {
        Rule::Recording(rule) => Some(Labels::new([(NAME, rule.record.as_str())])),
        Rule::Alerting(_) => None,
    });
    names.collect()
}

/// The matchers of names in what a group reads.
fn named(group: &Group) -> Vec<Matcher> {
    let reads = group.rules.iter().flat_map(|rule| reads::of(rule.query()));
    reads.flat_map(|read| read.matchers).filter(|matcher| matcher.name == NAME).collect()
}

#[cfg(test)]
mod tests;
