//! Whether there is data about an alert. A condition that gives nothing does not tell whether it does not hold or has nothing
//! to look at; the series that it reads do.

use std::collections::HashMap;

use crate::alert::rule::{GROUP, Read, Rule, RuleSet, SLO_GROUP};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::promql::Series;
use crate::promql::series::is_stale;

/// What each alerting rule reads.
#[derive(Debug, Default)]
pub(super) struct Reads(HashMap<String, (bool, Vec<Read>)>);

/// The labels of the series that a rule has read, as far as they are alive; nothing, where it reads none and so always
/// knows.
#[derive(Debug)]
pub(super) struct Known(Option<Vec<Labels>>);

impl Reads {
    pub(super) fn of(rules: &RuleSet) -> Self {
        let ours = |group: &str| [GROUP, SLO_GROUP].contains(&group);
        let alerting = rules.groups().iter().flat_map(|group| {
            let is_ours = ours(&group.name) && group.origin.starts_with('<');
            group.rules.iter().filter_map(move |rule| match rule {
                Rule::Alerting(rule) => Some((rule.name.clone(), (is_ours, rule.reads()))),
                Rule::Recording(_) => None,
            })
        });
        Self(alerting.collect())
    }

    /// Whether the rule is of `agent.yaml`, and not of a Prometheus rule file, in which no data means that all is well.
    pub(super) fn is_ours(&self, rule: &str) -> bool {
        self.0.get(rule).is_some_and(|(is_ours, _)| *is_ours)
    }

    /// What there is of the series that `rule` reads at `now`.
    pub(super) fn look(&self, rule: &str, now: i64, source: &dyn Series) -> Known {
        let reads = self.0.get(rule).map(|(_, reads)| reads.as_slice()).unwrap_or_default();
        if reads.is_empty() {
            return Known(None);
        }
        let found = reads.iter().flat_map(|read| source.select(&read.matchers, now - read.window, now));
        let alive = found.filter(|series| series.samples.last().is_some_and(|sample| !is_stale(sample.v)));
        Known(Some(alive.map(|series| series.labels.filter(|name| name != NAME)).collect()))
    }
}

impl Known {
    /// Whether some series is about the alert of this element: no label of one contradicts the other.
    pub(super) fn tells_of(&self, element: &Labels) -> bool {
        let agrees = |series: &Labels| {
            element.iter().all(|(name, value)| {
                let other = series.get(name);
                name == NAME || other.is_empty() || other == value
            })
        };
        self.0.as_ref().is_none_or(|all| all.iter().any(agrees))
    }
}
