//! From active elements to pending and firing alerts, as Prometheus does it: the part of an alert's life that follows from
//! evaluations alone. It is what `outrider rules test` and `backtest` run; it writes nothing and tells nobody.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::{Active, AlertingRule};
use crate::base::Labels;

/// How far an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Active for less than the rule's `for`.
    Pending,
    /// Active for long enough, or kept firing.
    Firing,
}

/// An alert that is pending or firing.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The newest element; a kept alert has its last.
    pub active: Active,
    /// How far it is.
    pub phase: Phase,
    /// Since when it has been active, Unix milliseconds.
    pub since: i64,
    /// Since when its element has been gone, while it is kept firing.
    pub gone_since: Option<i64>,
}

/// The alerts of one rule.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    alerts: BTreeMap<Labels, Alert>,
}

impl Lifecycle {
    /// Takes what `rule` found active at `now`; `cleared` says which alerts may resolve where the rule has a condition for
    /// that. An alert that is gone and not kept is forgotten.
    pub fn step(&mut self, rule: &AlertingRule, now: i64, active: Vec<Active>, cleared: Option<&HashSet<Labels>>) {
        let present: HashSet<Labels> = active.iter().map(|active| active.labels.clone()).collect();
        for active in active {
            let labels = active.labels.clone();
            let alert = self.alerts.entry(labels).or_insert_with(|| Alert {
                active: active.clone(),
                phase: Phase::Pending,
                since: now,
                gone_since: None,
            });
            (alert.active, alert.gone_since) = (active, None);
        }
        self.alerts.retain(|labels, alert| {
            if !present.contains(labels) {
                let held = cleared.is_some_and(|cleared| !cleared.contains(labels));
                let gone_since = *alert.gone_since.get_or_insert(now);
                let kept = held || now - gone_since < rule.keep_firing_for;
                if alert.phase == Phase::Pending || !kept {
                    return false;
                }
            }
            if now - alert.since >= rule.hold {
                alert.phase = Phase::Firing;
            }
            true
        });
    }

    /// All of them, sorted by labels.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// Forgets all of them: the rule found more than its limit allows.
    pub fn clear(&mut self) {
        self.alerts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::rule::file;

    fn rule(fields: &str) -> AlertingRule {
        let text = format!("groups: [{{name: g, rules: [{{alert: A, expr: up == 0, {fields}}}]}}]");
        match file::parse("test", &text).unwrap().remove(0).rules.remove(0) {
            crate::alert::rule::Rule::Alerting(rule) => *rule,
            crate::alert::rule::Rule::Recording(_) => panic!("an alert"),
        }
    }

    fn active(value: f64) -> Vec<Active> {
        vec![Active { labels: Labels::new([("a", "1")]), element: Labels::empty(), value }]
    }

    fn phases(rule: &AlertingRule, steps: &[(i64, bool)]) -> Vec<Option<Phase>> {
        let mut alerts = Lifecycle::default();
        let step = |(now, is): &(i64, bool)| {
            alerts.step(rule, *now, if *is { active(1.0) } else { Vec::new() }, None);
            alerts.alerts().next().map(|alert| alert.phase)
        };
        steps.iter().map(step).collect()
    }

    const PENDING: Option<Phase> = Some(Phase::Pending);
    const FIRING: Option<Phase> = Some(Phase::Firing);

    #[test]
    fn a_pending_alert_fires_after_its_for_and_a_gap_starts_it_anew() {
        let steps = [(0, true), (60, true), (120, false), (180, true), (240, true), (300, true), (360, false)];
        let steps = steps.map(|(seconds, is)| (seconds * 1_000, is));
        assert_eq!(phases(&rule("for: 2m"), &steps), [PENDING, PENDING, None, PENDING, PENDING, FIRING, None]);
        assert_eq!(phases(&rule("for: 0s"), &steps[..3]), [FIRING, FIRING, None]);
    }

    #[test]
    fn a_kept_alert_fires_on_until_its_time_is_over_and_a_return_resets_it() {
        let steps = [(0, true), (60, false), (120, true), (180, false), (240, false), (300, false)];
        let steps = steps.map(|(seconds, is)| (seconds * 1_000, is));
        assert_eq!(phases(&rule("keep_firing_for: 2m"), &steps), [FIRING, FIRING, FIRING, FIRING, FIRING, None]);
    }

    #[test]
    fn an_alert_with_a_clear_condition_fires_until_that_holds() {
        let (rule, mut alerts) = (rule("for: 0s"), Lifecycle::default());
        let cleared: HashSet<Labels> = [Labels::new([("a", "1")])].into();
        alerts.step(&rule, 0, active(1.0), Some(&HashSet::new()));
        alerts.step(&rule, 60, Vec::new(), Some(&HashSet::new()));
        assert_eq!(alerts.alerts().count(), 1);
        alerts.step(&rule, 120, Vec::new(), Some(&cleared));
        assert_eq!(alerts.alerts().count(), 0);
    }
}
