//! The moves that evaluations make.

use std::collections::{BTreeMap, BTreeSet};

use super::{Alert, Fingerprint, Move, Phase, Transition};
use crate::base::{Labels, Set};
use crate::config::Severity;
use crate::config::alerting::Flap;

/// After so long without data an alert is about nothing that is still there.
const FORGOTTEN: i64 = 24 * 3_600_000;

/// All alerts.
#[derive(Debug)]
pub struct Machine {
    /// Boxed, so that one that comes between others moves pointers.
    pub(super) alerts: BTreeMap<Fingerprint, Box<Alert>>,
    /// The alerts of each rule, so that an evaluation looks at those of its own only.
    rules: BTreeMap<String, BTreeSet<Fingerprint>>,
    /// Those that are not as they were when [`Machine::take_changed`] was last asked. A newer value is no change.
    pub(super) changed: BTreeSet<Fingerprint>,
    flap: Flapping,
}

/// Times of `Flap`, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Flapping {
    times: usize,
    window: i64,
    hold: i64,
}

/// What of its rule an alert's life depends on, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// `for`.
    pub hold: i64,
    /// `keep_firing_for`.
    pub keep_firing_for: i64,
}

/// An element for which a rule's condition holds.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The alert's labels, which are its identity.
    pub labels: Labels,
    /// The element's labels.
    pub element: Labels,
    /// The value.
    pub value: f64,
    /// How bad it is.
    pub severity: Severity,
}

/// Why an alert is not among those for which the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The condition does not hold.
    Over,
    /// The condition does not hold, and that for clearing does not hold either.
    Held,
    /// There is no data that would tell.
    Unknown,
}

impl Machine {
    /// Takes up alerts where they were left.
    pub fn new(flap: &Flap, alerts: impl IntoIterator<Item = Alert>) -> Self {
        let alerts: BTreeMap<_, _> = alerts.into_iter().map(|alert| (alert.fingerprint, Box::new(alert))).collect();
        let mut rules: BTreeMap<String, BTreeSet<Fingerprint>> = BTreeMap::new();
        for alert in alerts.values() {
            rules.entry(alert.rule.clone()).or_default().insert(alert.fingerprint);
        }
        Self { alerts, rules, changed: BTreeSet::new(), flap: Flapping::of(flap) }
    }

    /// Takes other terms for flapping.
    pub fn set_flap(&mut self, flap: &Flap) {
        self.flap = Flapping::of(flap);
    }

    /// Every alert that is not forgotten, by fingerprint.
    pub fn alerts(&self) -> impl ExactSizeIterator<Item = &Alert> + Clone {
        self.alerts.values().map(|alert| &**alert)
    }

    /// Those of one rule, by fingerprint.
    pub fn of_rule(&self, rule: &str) -> impl Iterator<Item = &Alert> {
        self.rules.get(rule).into_iter().flatten().filter_map(|of| self.get(*of))
    }

    /// One of them.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Alert> {
        self.alerts.get(&fingerprint).map(|alert| &**alert)
    }

    /// One of them, to be changed by what is no move.
    pub fn edit(&mut self, fingerprint: Fingerprint) -> Option<&mut Alert> {
        let alert = self.alerts.get_mut(&fingerprint)?;
        self.changed.insert(fingerprint);
        Some(alert)
    }

    /// Takes what an evaluation of `rule` at `now` found. `absence` is asked about each of the rule's alerts that it did not
    /// find.
    pub fn evaluate(
        &mut self,
        now: i64,
        rule: &str,
        terms: Terms,
        seen: impl IntoIterator<Item = Seen>,
        absence: impl Fn(&Alert) -> Absence,
    ) -> Vec<Transition> {
        let mut moves = Vec::new();
        let mut present = Set::default();
        for seen in seen {
            let fingerprint = Fingerprint(seen.labels.fingerprint());
            // Two elements of one hash would be one alert; the first has it.
            if present.insert(fingerprint) {
                self.found(now, rule, terms, fingerprint, seen, &mut moves);
            }
        }
        let own = self.rules.get(rule).into_iter().flatten();
        for fingerprint in own.filter(|fingerprint| !present.contains(fingerprint)) {
            let Some(alert) = self.alerts.get_mut(fingerprint).filter(|alert| alert.phase != Phase::Resolved) else {
                continue;
            };
            let before = (alert.phase, alert.gone_since, alert.unknown_since);
            moves.extend(missed(alert, now, terms, absence(alert), self.flap));
            if before != (alert.phase, alert.gone_since, alert.unknown_since) {
                self.changed.insert(*fingerprint);
            }
        }
        moves
    }

    /// Ends the alerts of rules that are no longer there.
    pub fn retire(&mut self, now: i64, is_rule: impl Fn(&str) -> bool) -> Vec<Transition> {
        let mut moves = Vec::new();
        for fingerprint in self.rules.iter().filter(|(rule, _)| !is_rule(rule)).flat_map(|(_, own)| own) {
            if let Some(alert) = self.alerts.get_mut(fingerprint).filter(|alert| alert.phase != Phase::Resolved) {
                moves.push(end(alert, now));
                self.changed.insert(*fingerprint);
            }
        }
        moves
    }

    /// Forgets alerts that are over and of which `is_needed` says no. Those that may count as flapping, or are still suppressed,
    /// are kept. Returns the forgotten.
    pub fn forget(&mut self, now: i64, is_needed: impl Fn(&Alert) -> bool) -> Vec<Fingerprint> {
        let flap = self.flap;
        let over = |alert: &&Alert| {
            let counts = flap.times > 0 && alert.fired.last().is_some_and(|at| now - at < flap.window);
            alert.phase == Phase::Resolved && !counts && alert.suppressed.is_none() && !is_needed(alert)
        };
        let gone: Vec<Fingerprint> = self.alerts().filter(over).map(|alert| alert.fingerprint).collect();
        for fingerprint in &gone {
            self.changed.remove(fingerprint);
            let Some(alert) = self.alerts.remove(fingerprint) else { continue };
            if let Some(own) = self.rules.get_mut(&alert.rule) {
                own.remove(fingerprint);
            }
        }
        if !gone.is_empty() {
            self.rules.retain(|_, own| !own.is_empty());
        }
        gone
    }

    /// Those that changed since this was last asked.
    pub fn take_changed(&mut self) -> Vec<Fingerprint> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    fn found(
        &mut self,
        now: i64,
        rule: &str,
        terms: Terms,
        fingerprint: Fingerprint,
        seen: Seen,
        moves: &mut Vec<Transition>,
    ) {
        let value = seen.value.is_finite().then_some(seen.value);
        let alert = self.alerts.entry(fingerprint).or_insert_with(|| Box::new(Alert::new(fingerprint, rule, now)));
        let (is_new, was_away) = (alert.phase == Phase::Resolved, alert.gone_since.or(alert.unknown_since).is_some());
        (alert.value, alert.gone_since, alert.unknown_since) = (value, None, None);
        if is_new {
            // Labels of one hash may have been another rule's.
            if alert.rule != rule {
                if let Some(own) = self.rules.get_mut(&alert.rule) {
                    own.remove(&fingerprint);
                }
                alert.rule = rule.to_owned();
            }
            match self.rules.get_mut(rule) {
                Some(own) => drop(own.insert(fingerprint)),
                None => drop(self.rules.insert(rule.to_owned(), BTreeSet::from([fingerprint]))),
            }
            (alert.labels, alert.element, alert.severity) = (seen.labels, seen.element, seen.severity);
            (alert.phase, alert.since) = (Phase::Pending, now);
            if terms.hold > 0 {
                moves.push(alert.moved(now, Move::Pending, ""));
            }
        }
        let fires = alert.phase == Phase::Pending && now - alert.since >= terms.hold;
        if fires {
            (alert.phase, alert.fired_at, alert.resolved_at) = (Phase::Firing, Some(now), None);
            (alert.told_at, alert.escalated) = (None, Vec::new());
            alert.fired.push(now);
            let spare = alert.fired.len().saturating_sub(self.flap.times);
            alert.fired.drain(..spare);
            moves.push(alert.moved(now, Move::Firing, ""));
        }
        if is_new || was_away || fires {
            self.changed.insert(fingerprint);
        }
    }
}

impl Alert {
    /// One that has not been yet; its first evaluation fills it.
    fn new(fingerprint: Fingerprint, rule: &str, now: i64) -> Self {
        Self {
            fingerprint,
            rule: rule.to_owned(),
            labels: Labels::empty(),
            element: Labels::empty(),
            severity: Severity::Medium,
            annotations: Default::default(),
            value: None,
            phase: Phase::Resolved,
            since: now,
            fired_at: None,
            resolved_at: None,
            gone_since: None,
            unknown_since: None,
            fired: Vec::new(),
            acknowledged: None,
            suppressed: None,
            told_at: None,
            escalated: Vec::new(),
        }
    }
}

impl Flapping {
    fn of(flap: &Flap) -> Self {
        let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self { times: flap.times, window: millis(flap.window), hold: millis(flap.hold) }
    }

    /// How long `alert` goes on firing, where that is longer than its rule wants.
    fn holds(self, alert: &Alert, now: i64) -> i64 {
        let often = self.times > 0 && alert.fired.len() >= self.times;
        let of_late =
            alert.fired.iter().rev().nth(self.times.saturating_sub(1)).is_some_and(|at| now - at < self.window);
        if often && of_late { self.hold } else { 0 }
    }
}

/// What becomes of an alert that an evaluation did not find.
fn missed(alert: &mut Alert, now: i64, terms: Terms, absence: Absence, flap: Flapping) -> Option<Transition> {
    if absence == Absence::Unknown {
        let since = *alert.unknown_since.get_or_insert(now);
        return (now - since >= FORGOTTEN).then(|| end(alert, now));
    }
    alert.unknown_since = None;
    let gone_since = *alert.gone_since.get_or_insert(now);
    let keep = terms.keep_firing_for.max(flap.holds(alert, gone_since));
    let kept = absence == Absence::Held || now - gone_since < keep;
    (alert.phase == Phase::Pending || !kept).then(|| end(alert, now))
}

fn end(alert: &mut Alert, now: i64) -> Transition {
    let to = if alert.phase == Phase::Firing { Move::Resolved } else { Move::Inactive };
    if to == Move::Resolved {
        alert.resolved_at = Some(now);
    }
    (alert.phase, alert.gone_since, alert.unknown_since, alert.acknowledged) = (Phase::Resolved, None, None, None);
    alert.moved(now, to, "")
}
