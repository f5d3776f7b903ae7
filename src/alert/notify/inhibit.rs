//! Holds back what something worse explains.

use std::collections::{BTreeSet, HashSet};

use super::matching::{Matchers, label};
use crate::alert::state::{Alert, Fingerprint};
use crate::config::alerting::Inhibition;

/// Inhibitions, ready to be asked.
#[derive(Debug)]
pub struct Inhibitor(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    source: Matchers,
    target: Matchers,
    equal: Vec<String>,
}

impl Inhibitor {
    /// Of what is configured.
    pub fn new(configured: &[Inhibition]) -> Self {
        let rule = |rule: &Inhibition| Rule {
            source: Matchers::new(&rule.source),
            target: Matchers::new(&rule.target),
            equal: rule.equal.clone(),
        };
        Self(configured.iter().map(rule).collect())
    }

    /// The alerts that one of `alerts` explains. As in Alertmanager, what is a source itself is not held back by what
    /// could be a target, so that no two alerts hold back each other.
    pub fn inhibited<'a>(&self, alerts: impl Iterator<Item = &'a Alert> + Clone) -> BTreeSet<Fingerprint> {
        let firing = alerts.filter(|alert| alert.is_firing());
        let mut inhibited = BTreeSet::new();
        for rule in &self.0 {
            let values = |alert: &Alert| -> Vec<String> {
                rule.equal.iter().map(|name| label(alert, name).to_owned()).collect()
            };
            let (mut sources, mut pure) = (HashSet::new(), HashSet::new());
            for alert in firing.clone().filter(|alert| rule.source.accept(alert)) {
                if !rule.target.accept(alert) {
                    pure.insert(values(alert));
                }
                sources.insert(values(alert));
            }
            if sources.is_empty() {
                continue;
            }
            for alert in firing.clone().filter(|alert| rule.target.accept(alert)) {
                let explained = if rule.source.accept(alert) { &pure } else { &sources };
                if explained.contains(&values(alert)) {
                    inhibited.insert(alert.fingerprint);
                }
            }
        }
        inhibited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notify::plan::sample::{alert, config};

    #[test]
    fn a_target_is_held_back_by_a_source_with_the_same_labels_only() {
        let rules = config(
            "inhibition: [{ source: 'alertname=\"down\"', target: 'alertname=~\"d.*|slow\"', equal: [service] }]",
        );
        let inhibitor = Inhibitor::new(&rules.inhibition);
        let of = |name: &str, service: &str| alert(&[("alertname", name), ("service", service)]);
        let all = [of("down", "a"), of("slow", "a"), of("slow", "b"), of("other", "a")];
        let inhibited = inhibitor.inhibited(all.iter());
        assert_eq!(inhibited.into_iter().collect::<Vec<_>>(), [all[1].fingerprint]);
        assert!(inhibitor.inhibited(all[1..].iter()).is_empty());
    }
}
