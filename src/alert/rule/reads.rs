//! Which series a rule reads, and how far back: what the history has to keep for it.

use std::sync::Mutex;

use super::{AlertingRule, Group, Rule};
use crate::promql::series::{Matcher, SeriesData};
use crate::promql::{Limits, Query, Series};

/// A selector of a rule's expression.
#[derive(Clone, Debug)]
pub struct Read {
    /// All of them must pass.
    pub matchers: Vec<Matcher>,
    /// Milliseconds back from the evaluation.
    pub window: i64,
}

/// A source that has nothing and remembers what it was asked for. An evaluation asks for all that it would read, whatever it
/// finds, so that offsets, subqueries and the lookback are all in what it asks.
#[derive(Default)]
struct Probe(Mutex<Vec<(Vec<Matcher>, i64)>>);

impl Series for Probe {
    fn select(&self, matchers: &[Matcher], from: i64, _: i64) -> Vec<SeriesData> {
        if let Ok(mut asked) = self.0.lock() {
            asked.push((matchers.to_vec(), from));
        }
        Vec::new()
    }
}

/// Far enough from both ends of time, and just before a full day, so that the aligned steps of a subquery start as early as
/// they can.
const NOW: i64 = 400_000 * 86_400_000 - 1;

/// What `query` reads.
pub(super) fn of(query: &Query) -> Vec<Read> {
    let probe = Probe::default();
    // An evaluation over nothing can still fail; what it read before that is all it ever reads.
    let _ = query.instant(&probe, NOW, &Limits::default());
    let asked = probe.0.into_inner().unwrap_or_default();
    asked.into_iter().map(|(matchers, from)| Read { matchers, window: NOW.saturating_sub(from).max(0) }).collect()
}

impl AlertingRule {
    /// What its condition reads.
    pub fn reads(&self) -> Vec<Read> {
        of(&self.query)
    }
}

impl Group {
    /// What its rules read, the engine's interval put on top, as an evaluation may come late by so much.
    pub fn reads(&self, interval: i64) -> Vec<Read> {
        let late = self.query_offset + self.interval.unwrap_or(interval);
        let queries = self.rules.iter().flat_map(|rule| {
            let clear = match rule {
                Rule::Alerting(rule) => rule.clear.as_ref(),
                Rule::Recording(_) => None,
            };
            [Some(rule.query()), clear].into_iter().flatten()
        });
        queries.flat_map(of).map(|read| Read { window: read.window + late, ..read }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_selector_is_found_with_its_whole_window() {
        let cases: [(&str, &[(&str, i64)]); 5] = [
            ("a", &[("a", 300_000 - 1)]),
            ("rate(a[1h] offset 5m) / b", &[("a", 3_900_000 - 1), ("b", 300_000 - 1)]),
            ("a and b unless c or d", &[("a", 299_999), ("b", 299_999), ("c", 299_999), ("d", 299_999)]),
            ("max_over_time(sum(rate(a[5m]))[1h:1m])", &[("a", 3_600_000 + 300_000 - 2)]),
            ("absent(a) * on () group_left () b > bool scalar(c)", &[("a", 299_999), ("b", 299_999), ("c", 299_999)]),
        ];
        for (text, want) in cases {
            let reads = of(&Query::parse(text).unwrap());
            let found: Vec<(String, i64)> = reads
                .iter()
                .map(|read| match &read.matchers[0].op {
                    crate::promql::series::Op::Equal(name) => (name.clone(), read.window),
                    other => panic!("{other:?}"),
                })
                .collect();
            let want: Vec<(String, i64)> = want.iter().map(|(name, window)| ((*name).to_owned(), *window)).collect();
            assert_eq!(found, want, "{text}");
        }
    }
}
