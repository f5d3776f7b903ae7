//! Rules to transitions.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::{Engine, Identity, Record};
use crate::alert::rule::{Active, AlertingRule, Context, EvalError, Rule, severity_of};
use crate::alert::state::{Absence, Alert, Fingerprint, Move, Phase, Seen, Terms, Transition};
use crate::base::labels::NAME;
use crate::base::{Labels, Map, Set};
use crate::config::alerting::Scope;
use crate::promql::{Limits, Options, Series};

/// So long after a start a rule's data may still be on its way.
const WARM: i64 = 10 * 60_000;
/// So many alerts of one rule are told apart by the series `ALERTS`; more would push out what rules read.
const RECORDED: usize = 1_000;

impl Engine {
    /// Evaluates the groups that are due, in their order.
    pub(super) fn evaluate(&mut self, now: i64, source: &dyn Series, record: Record<'_>) -> Vec<Transition> {
        let rules = std::mem::take(&mut self.rules);
        let names: HashSet<&str> =
            rules.groups().iter().flat_map(|group| &group.rules).filter_map(alerting_name).collect();
        let mut moves = self.machine.retire(now, |rule| names.contains(rule));
        self.circumstances = None;
        let external_labels = Labels::empty();
        let context = Context {
            external_labels: &external_labels,
            external_url: "",
            limits: Limits::default(),
            options: Options::default(),
        };
        let mut keys = BTreeSet::new();
        for (at, group) in rules.groups().iter().enumerate() {
            let is_due = now >= self.due[at];
            if is_due {
                // A group of its own interval is due at the first tick from then on.
                self.due[at] = now + group.interval.unwrap_or(0);
            }
            for (index, rule) in group.rules.iter().enumerate() {
                let key = format!("{}/{}/{index}", group.origin, group.name);
                keys.insert(key.clone());
                if !is_due {
                    continue;
                }
                let instant = now - group.query_offset;
                let result = match rule {
                    Rule::Recording(rule) => rule.eval(instant, source, &context),
                    Rule::Alerting(rule) => self.alert(rule, (now, instant), source, &context, &mut moves),
                };
                match result {
                    Ok(series) => {
                        self.broken.remove(rule.name());
                        record(&key, now, series);
                    }
                    Err(error) => {
                        self.metrics.failed(rule.name());
                        self.broken.insert(rule.name().to_owned(), error.to_string());
                    }
                }
            }
        }
        for gone in self.recorded.difference(&keys) {
            record(gone, now, Vec::new());
        }
        self.recorded = keys;
        self.rules = rules;
        moves
    }

    fn alert(
        &mut self,
        rule: &AlertingRule,
        (now, instant): (i64, i64),
        source: &dyn Series,
        context: &Context<'_>,
        moves: &mut Vec<Transition>,
    ) -> Result<Vec<(Labels, f64)>, EvalError> {
        let active = match rule.eval(instant, source, context) {
            Err(error @ EvalError::Limit { .. }) => {
                // As in Prometheus, a rule with too many alerts has none.
                moves.extend(self.machine.retire(now, |name| name != rule.name));
                return Err(error);
            }
            active => active?,
        };
        let cleared = rule.cleared(instant, source, context)?;
        let own = self.identity.labels(rule.scope);
        let cleared: Option<Set<Fingerprint>> =
            cleared.map(|all| all.iter().map(|labels| Fingerprint(complete(labels, &own).fingerprint())).collect());
        let active: Map<Fingerprint, Active> = active
            .into_iter()
            .map(|active| {
                let labels = complete(&active.labels, &own);
                (Fingerprint(labels.fingerprint()), Active { labels, ..active })
            })
            .collect();
        let seen = active.values().map(|active| Seen {
            labels: active.labels.clone(),
            element: active.element.clone(),
            value: active.value,
            severity: match active.labels.get("severity") {
                "" => rule.severity,
                label => severity_of(label),
            },
        });
        let needs_data = self.reads.is_ours(&rule.name) || now - self.started < WARM;
        // Looked at for alerts that the condition does not hold for any more, which there seldom are.
        let known = LazyCell::new(|| self.reads.look(&rule.name, instant, source));
        let absence = |alert: &Alert| match &cleared {
            _ if needs_data && !known.tells_of(&alert.element) => Absence::Unknown,
            Some(cleared) if !cleared.contains(&alert.fingerprint) => Absence::Held,
            _ => Absence::Over,
        };
        let terms = Terms { hold: rule.hold, keep_firing_for: rule.keep_firing_for };
        let moved = self.machine.evaluate(now, &rule.name, terms, seen, absence);
        for one in moved.iter().filter(|moved| matches!(moved.to, Move::Pending | Move::Firing)) {
            let (Some(active), Some(alert)) = (active.get(&one.fingerprint), self.machine.edit(one.fingerprint)) else {
                continue;
            };
            let mut annotations = rule.annotations(active, instant, source, context);
            if one.to == Move::Firing && self.reads.is_ours(&rule.name) {
                // The same for all rules that look at this instant.
                if self.circumstances.as_ref().is_none_or(|(at, _)| *at != instant) {
                    let traces = (self.traces.0)(now);
                    self.circumstances = Some((instant, super::circumstances::now(instant, source, &traces)));
                }
                annotations.extend(self.circumstances.iter().flat_map(|(_, said)| said.iter().cloned()));
            }
            alert.annotations = annotations.into();
        }
        moves.extend(moved);
        Ok(series_of(self.machine.of_rule(&rule.name)))
    }
}

impl Identity {
    /// What tells the gateway apart.
    fn labels(&self, scope: Scope) -> [(Arc<str>, Arc<str>); 3] {
        let pod = if scope == Scope::Pod { self.pod.as_str() } else { "" };
        [("service", &*self.service), ("environment", &*self.environment), ("pod", pod)]
            .map(|(name, value)| (name.into(), value.into()))
    }
}

/// An alert's labels with those of ours; what a label says already stays.
fn complete(labels: &Labels, own: &[(Arc<str>, Arc<str>)]) -> Labels {
    labels.with_all(own.iter().filter(|(name, _)| labels.get(name).is_empty()).cloned())
}

fn alerting_name(rule: &Rule) -> Option<&str> {
    match rule {
        Rule::Alerting(rule) => Some(&rule.name),
        Rule::Recording(_) => None,
    }
}

/// Alerts as Prometheus records them.
fn series_of<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Vec<(Labels, f64)> {
    // One text for all of them.
    let [name, alertstate, pending, firing, of_alerts, of_since] =
        [NAME, "alertstate", "pending", "firing", "ALERTS", "ALERTS_FOR_STATE"].map(Arc::<str>::from);
    let alive = alerts.filter(|alert| alert.phase != Phase::Resolved).take(RECORDED);
    let series = alive.flat_map(|alert| {
        let state = if alert.is_firing() { &firing } else { &pending };
        let own = [(name.clone(), of_alerts.clone()), (alertstate.clone(), state.clone())];
        let since = alert.labels.with_all([(name.clone(), of_since.clone())]);
        [(alert.labels.with_all(own), 1.0), (since, (alert.since as f64 / 1_000.0).floor())]
    });
    series.collect()
}
