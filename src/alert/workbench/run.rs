//! Rules over a source, tick by tick, as an engine would evaluate them: what rules record is seen by those behind them, series
//! that a rule no longer gives end, and alerts are there as the series `ALERTS` and `ALERTS_FOR_STATE`.

use std::collections::{BTreeMap, HashSet};

use crate::alert::rule::{Alert, AlertingRule, Context, EvalError, Group, Lifecycle, Phase, Rule};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::promql::series::{Matcher, STALE, Sample, SeriesData};
use crate::promql::{Memory, Series};

/// A rule that could not be evaluated.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) rule: String,
    pub(super) error: EvalError,
}

/// The state of all rules of one run.
pub(super) struct Run<'a> {
    groups: &'a [Group],
    input: &'a dyn Series,
    context: Context<'a>,
    recorded: Memory,
    rules: Vec<State>,
}

/// The state of one rule.
#[derive(Default)]
struct State {
    /// What it gave last.
    series: HashSet<Labels>,
    lifecycle: Lifecycle,
    /// What was last said of each active alert.
    said: BTreeMap<Labels, Vec<(String, String)>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(groups: &'a [Group], input: &'a dyn Series, context: Context<'a>) -> Self {
        let count = groups.iter().map(|group| group.rules.len()).sum();
        let rules = std::iter::repeat_with(State::default).take(count).collect();
        Self { groups, input, context, recorded: Memory::new(), rules }
    }

    /// Evaluates every group at `now` (Unix milliseconds).
    pub(super) fn tick(&mut self, now: i64) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut states = self.rules.iter_mut();
        for group in self.groups {
            let at = now - group.query_offset;
            for rule in &group.rules {
                let Some(state) = states.next() else { return failures };
                let source = Seen { input: self.input, recorded: &self.recorded, until: at };
                match evaluate(rule, state, at, &source, &self.context) {
                    Ok(series) => record(&mut self.recorded, state, at, series),
                    Err(error) => failures.push(Failure { rule: rule.name().to_owned(), error }),
                }
            }
        }
        failures
    }

    /// What is there at `until`: what came in, and what rules made of it.
    pub(super) fn source(&self, until: i64) -> Seen<'_> {
        Seen { input: self.input, recorded: &self.recorded, until }
    }

    /// Every alerting rule with its alerts, and what was last said of each.
    pub(super) fn alerts(&self) -> impl Iterator<Item = (&AlertingRule, &Alert, &[(String, String)])> {
        let rules = self.groups.iter().flat_map(|group| &group.rules).zip(&self.rules);
        rules.flat_map(|(rule, state)| {
            let rule = match rule {
                Rule::Alerting(rule) => Some(&**rule),
                Rule::Recording(_) => None,
            };
            rule.into_iter().flat_map(move |rule| {
                state.lifecycle.alerts().map(move |alert| {
                    let said = state.said.get(&alert.active.labels).map(Vec::as_slice).unwrap_or_default();
                    (rule, alert, said)
                })
            })
        })
    }
}

fn evaluate(
    rule: &Rule,
    state: &mut State,
    now: i64,
    source: &dyn Series,
    context: &Context<'_>,
) -> Result<Vec<(Labels, f64)>, EvalError> {
    let rule = match rule {
        Rule::Recording(rule) => return rule.eval(now, source, context),
        Rule::Alerting(rule) => rule,
    };
    let active = rule.eval(now, source, context).inspect_err(|error| {
        if matches!(error, EvalError::Limit { .. }) {
            state.lifecycle.clear();
        }
    })?;
    let cleared = rule.cleared(now, source, context)?;
    for one in &active {
        state.said.insert(one.labels.clone(), rule.annotations(one, now, source, context));
    }
    state.lifecycle.step(rule, now, active, cleared.as_ref());
    let alive: HashSet<&Labels> = state.lifecycle.alerts().map(|alert| &alert.active.labels).collect();
    state.said.retain(|labels, _| alive.contains(labels));
    Ok(state.lifecycle.alerts().flat_map(|alert| series_of(rule, alert)).collect())
}

/// An alert as Prometheus records it. As there, a label whose template says nothing shows the template.
fn series_of(rule: &AlertingRule, alert: &Alert) -> [(Labels, f64); 2] {
    let templates = rule.labels.iter().map(|(name, text)| (name.as_str(), text.source()));
    let labels = Labels::new(templates.chain(alert.active.labels.iter()));
    let state = match alert.phase {
        Phase::Pending => "pending",
        Phase::Firing => "firing",
    };
    let since = (alert.since as f64 / 1_000.0).floor();
    [(labels.with(NAME, "ALERTS").with("alertstate", state), 1.0), (labels.with(NAME, "ALERTS_FOR_STATE"), since)]
}

fn record(recorded: &mut Memory, state: &mut State, now: i64, series: Vec<(Labels, f64)>) {
    let given: HashSet<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
    for gone in state.series.difference(&given) {
        recorded.append(gone.clone(), [Sample { t: now, v: f64::from_bits(STALE) }]);
    }
    for (labels, v) in series {
        recorded.append(labels, [Sample { t: now, v }]);
    }
    state.series = given;
}

/// What came in and what rules made of it, up to an instant. Of two samples at one time the one that came in stands.
pub(super) struct Seen<'a> {
    input: &'a dyn Series,
    recorded: &'a Memory,
    until: i64,
}

impl Series for Seen<'_> {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        let to = to.min(self.until);
        let mut found = self.input.select(matchers, from, to);
        for made in self.recorded.select(matchers, from, to) {
            match found.iter_mut().find(|series| series.labels == made.labels) {
                Some(series) => {
                    // Stable, so that what came in stays before what was made at the same time.
                    series.samples.extend(made.samples);
                    series.samples.sort_by_key(|sample| sample.t);
                    series.samples.dedup_by_key(|sample| sample.t);
                }
                None => found.push(made),
            }
        }
        found
    }
}
