//! Rules over a source, tick by tick, as an engine would evaluate them: what rules record is seen by those behind them, series
//! that a rule no longer gives end, and alerts are there as the series `ALERTS` and `ALERTS_FOR_STATE`. Alerts move as the
//! engine moves them, but for what it knows beside the rules: nothing is written, nobody is told, and no data means resolved, as
//! in Prometheus.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::alert::rule::{Active, AlertingRule, Context, EvalError, Group, Rule};
use crate::alert::state::{Absence, Alert, Fingerprint, Machine, Phase, Seen as Found, Terms};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::config::alerting::Flap;
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

/// The state of one rule: rules of one name are not each other's here, wherever they stand.
struct State {
    /// What it gave last.
    series: HashSet<Labels>,
    machine: Machine,
    said: HashMap<Fingerprint, Said>,
}

/// What an evaluation last had to say of an alert.
pub(super) struct Said {
    pub(super) value: f64,
    /// Its annotations.
    pub(super) texts: Vec<(String, String)>,
}

impl State {
    fn new() -> Self {
        let flap = Flap { times: 0, window: Duration::ZERO, hold: Duration::ZERO };
        Self { series: HashSet::new(), machine: Machine::new(&flap, []), said: HashMap::new() }
    }

    /// Alerts that are pending or fire, by their labels.
    fn alerts(&self) -> Vec<&Alert> {
        let mut alerts: Vec<&Alert> = self.machine.alerts().filter(|alert| alert.phase != Phase::Resolved).collect();
        alerts.sort_by(|a, b| a.labels.cmp(&b.labels));
        alerts
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(groups: &'a [Group], input: &'a dyn Series, context: Context<'a>) -> Self {
        let count = groups.iter().map(|group| group.rules.len()).sum();
        let rules = std::iter::repeat_with(State::new).take(count).collect();
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
    pub(super) fn alerts(&self) -> impl Iterator<Item = (&AlertingRule, &Alert, &Said)> {
        let rules = self.groups.iter().flat_map(|group| &group.rules).zip(&self.rules);
        rules.flat_map(|(rule, state)| {
            let rule = match rule {
                Rule::Alerting(rule) => Some(&**rule),
                Rule::Recording(_) => None,
            };
            rule.into_iter().flat_map(move |rule| {
                let said = |alert: &'_ Alert| state.said.get(&alert.fingerprint);
                state.alerts().into_iter().filter_map(move |alert| Some((rule, alert, said(alert)?)))
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
            state.machine.retire(now, |_| false);
        }
    })?;
    let cleared = rule.cleared(now, source, context)?;
    let fingerprint = |labels: &Labels| Fingerprint(labels.fingerprint());
    let cleared: Option<HashSet<Fingerprint>> = cleared.map(|all| all.iter().map(fingerprint).collect());
    for one in &active {
        let said = Said { value: one.value, texts: rule.annotations(one, now, source, context) };
        state.said.insert(fingerprint(&one.labels), said);
    }
    let terms = Terms { hold: rule.hold, keep_firing_for: rule.keep_firing_for };
    let seen = active.into_iter().map(|Active { labels, element, value }| Found {
        labels,
        element,
        value,
        severity: rule.severity,
    });
    let absence = |alert: &Alert| match &cleared {
        Some(cleared) if !cleared.contains(&alert.fingerprint) => Absence::Held,
        _ => Absence::Over,
    };
    state.machine.evaluate(now, &rule.name, terms, seen, absence);
    for gone in state.machine.forget(now, |_| false) {
        state.said.remove(&gone);
    }
    Ok(state.alerts().into_iter().flat_map(|alert| series_of(rule, alert)).collect())
}

/// An alert as Prometheus records it. As there, a label whose template says nothing shows the template.
fn series_of(rule: &AlertingRule, alert: &Alert) -> [(Labels, f64); 2] {
    let templates = rule.labels.iter().map(|(name, text)| (name.as_str(), text.source()));
    let labels = Labels::new(templates.chain(alert.labels.iter()));
    let state = if alert.is_firing() { "firing" } else { "pending" };
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
