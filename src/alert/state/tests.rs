//! The facts of an alert's life.

use std::time::Duration;

use super::*;
use crate::config::alerting::Flap;

const MINUTE: i64 = 60_000;

pub(super) fn flap(times: usize, window: i64, hold: i64) -> Flap {
    let time = |millis: i64| Duration::from_millis(millis.unsigned_abs());
    Flap { times, window: time(window), hold: time(hold) }
}

pub(super) fn seen(name: &str) -> Seen {
    let labels = Labels::new([("alertname", "R"), ("a", name)]);
    Seen { labels, element: Labels::new([("a", name)]), value: 1.0, severity: Severity::High }
}

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint(seen(name).labels.fingerprint())
}

/// One alert under evaluations.
struct One(Machine, Terms);

impl One {
    fn new(hold: i64, keep_firing_for: i64) -> Self {
        Self(Machine::new(&flap(0, MINUTE, MINUTE), []), Terms { hold, keep_firing_for })
    }

    /// `None` for active.
    fn at(&mut self, minute: i64, absence: Option<Absence>) -> Vec<Move> {
        let found = absence.is_none().then(|| seen("x"));
        let moves = self.0.evaluate(minute * MINUTE, "R", self.1, found, |_| absence.unwrap_or(Absence::Over));
        moves.into_iter().map(|moved| moved.to).collect()
    }
}

const ON: Option<Absence> = None;
const OFF: Option<Absence> = Some(Absence::Over);

#[test]
fn a_pending_alert_fires_after_its_for_and_resolves() {
    let mut one = One::new(2 * MINUTE, 0);
    assert_eq!(one.at(0, ON), [Move::Pending]);
    assert_eq!(one.at(1, ON), []);
    assert_eq!(one.at(2, ON), [Move::Firing]);
    assert_eq!(one.at(3, ON), []);
    assert_eq!(one.at(4, OFF), [Move::Resolved]);
    assert_eq!(one.at(5, OFF), []);
}

#[test]
fn a_gap_starts_the_for_anew() {
    let mut one = One::new(2 * MINUTE, 0);
    assert_eq!(one.at(0, ON), [Move::Pending]);
    assert_eq!(one.at(1, OFF), [Move::Inactive]);
    assert_eq!(one.at(2, ON), [Move::Pending]);
    assert_eq!(one.at(3, ON), []);
    assert_eq!(one.at(4, ON), [Move::Firing]);
}

#[test]
fn a_kept_alert_resolves_when_its_time_is_over() {
    let mut one = One::new(0, 2 * MINUTE);
    assert_eq!(one.at(0, ON), [Move::Firing]);
    assert_eq!(one.at(1, OFF), []);
    assert_eq!(one.at(2, ON), []);
    assert_eq!(one.at(3, OFF), []);
    assert_eq!(one.at(4, OFF), []);
    assert_eq!(one.at(5, OFF), [Move::Resolved]);
}

#[test]
fn an_alert_that_is_not_cleared_goes_on_firing() {
    let mut one = One::new(0, 0);
    one.at(0, ON);
    assert_eq!(one.at(1, Some(Absence::Held)), []);
    assert_eq!(one.at(2, OFF), [Move::Resolved]);
}

#[test]
fn no_data_moves_nothing_for_a_day() {
    let mut firing = One::new(0, 0);
    firing.at(0, ON);
    let mut pending = One::new(2 * MINUTE, 0);
    pending.at(0, ON);
    for minute in [1, 60, 24 * 60] {
        assert_eq!(firing.at(minute, Some(Absence::Unknown)), []);
        assert_eq!(pending.at(minute, Some(Absence::Unknown)), []);
    }
    assert_eq!(firing.at(24 * 60 + 1, Some(Absence::Unknown)), [Move::Resolved]);
    assert_eq!(pending.at(24 * 60 + 1, Some(Absence::Unknown)), [Move::Inactive]);
}

#[test]
fn an_alert_that_comes_and_goes_is_held() {
    let mut one = One(Machine::new(&flap(3, 60 * MINUTE, 15 * MINUTE), []), Terms::default());
    for minute in [0, 2] {
        assert_eq!(one.at(minute, ON), [Move::Firing]);
        assert_eq!(one.at(minute + 1, OFF), [Move::Resolved]);
    }
    assert_eq!(one.at(4, ON), [Move::Firing]);
    for minute in 5..20 {
        assert_eq!(one.at(minute, OFF), [], "minute {minute}");
    }
    assert_eq!(one.at(20, OFF), [Move::Resolved]);
}

#[test]
fn an_acknowledgement_ends_when_the_alert_resolves() {
    let (mut one, x) = (One::new(0, 0), fingerprint("x"));
    assert_eq!(one.0.acknowledge(x, "ann", 0), Err(Refusal::Unknown(x)));
    one.at(0, ON);
    assert_eq!(one.0.acknowledge(x, "ann", 1).unwrap().to, Move::Acknowledged);
    assert_eq!(one.0.get(x).unwrap().acknowledged, Some(Acknowledged { by: "ann".into(), at: 1 }));
    one.at(1, OFF);
    assert_eq!(one.0.acknowledge(x, "ann", 2), Err(Refusal::NotFiring(x)));
    one.at(2, ON);
    assert_eq!(one.0.get(x).unwrap().acknowledged, None);
    assert_eq!(one.0.unacknowledge(x, 3), Err(Refusal::NotAcknowledged(x)));
}

#[test]
fn a_suppression_outlives_the_alert_and_ends_by_its_own_time() {
    let (mut one, x) = (One::new(0, 0), fingerprint("x"));
    one.at(0, ON);
    for minutes in [0, 1_441, -1] {
        assert_eq!(one.0.suppress(x, minutes, 0), Err(Refusal::Duration(minutes)));
    }
    assert_eq!(one.0.suppress(x, 5, 0).unwrap().to, Move::Suppressed);
    one.at(1, OFF);
    assert!(one.0.forget(MINUTE, |_| false).is_empty());
    one.at(2, ON);
    assert!(one.0.get(x).unwrap().is_suppressed(5 * MINUTE - 1));
    assert!(one.0.expire(5 * MINUTE - 1).is_empty());
    assert_eq!(one.0.expire(5 * MINUTE)[0].to, Move::Unsuppressed);
    assert_eq!(one.0.unsuppress(x, 6 * MINUTE), Err(Refusal::NotSuppressed(x)));
}

#[test]
fn alerts_of_a_rule_that_is_gone_resolve() {
    let mut one = One::new(0, 0);
    one.at(0, ON);
    assert!(one.0.retire(MINUTE, |rule| rule == "R").is_empty());
    assert_eq!(one.0.retire(MINUTE, |_| false)[0].to, Move::Resolved);
    assert_eq!(one.0.forget(2 * MINUTE, |_| true), []);
    assert_eq!(one.0.forget(2 * MINUTE, |_| false), [fingerprint("x")]);
    assert_eq!(one.0.alerts().len(), 0);
}

#[test]
fn only_a_change_that_a_restart_must_not_lose_is_one() {
    let mut one = One::new(0, 0);
    one.at(0, ON);
    assert_eq!(one.0.take_changed(), [fingerprint("x")]);
    one.at(1, ON);
    assert_eq!(one.0.take_changed(), []);
}

#[test]
fn an_alert_reads_back_as_it_was_written() {
    let mut one = One::new(0, 0);
    one.at(0, ON);
    one.0.acknowledge(fingerprint("x"), "Zoë \"z\"", 1).unwrap();
    let alert = one.0.get(fingerprint("x")).unwrap();
    let text = serde_json::to_string(alert).unwrap();
    assert_eq!(&serde_json::from_str::<Alert>(&text).unwrap(), alert);
}

#[test]
fn a_fingerprint_is_16_hex_digits() {
    assert_eq!(Fingerprint(0xab).to_string(), "00000000000000ab");
    assert_eq!("00000000000000AB".parse(), Ok(Fingerprint(0xab)));
    for wrong in ["", "ab", "+0000000000000ab", "00000000000000ag", "00000000000000abc"] {
        assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
    }
}
