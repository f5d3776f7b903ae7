//! Who is told what, and when.

use std::collections::BTreeSet;

use super::sample::{alert, config, machine};
use super::*;
use crate::alert::state::Phase;

const MINUTE: i64 = 60_000;
const OPS: &str = "channels: { ops: { webhook: { url: 'http://localhost/' } } }\n";

/// Alerts of rules `a` and `b`, told to all channels.
struct Desk {
    planner: Planner,
    machine: Machine,
}

impl Desk {
    fn new(lines: &str, alerts: Vec<Alert>) -> Self {
        let alerting = config(&format!("{OPS}{lines}"));
        let rules = ["a", "b"].map(|rule| (rule.to_owned(), Vec::new()));
        let machine = machine(&alerting, alerts);
        Self { planner: Planner::new(Policy::new(&alerting, rules), Ledger::default(), 1), machine }
    }

    /// What goes out: kind, and of each alert its rule and whether it is over.
    fn at(&mut self, now: i64) -> Vec<(Kind, Vec<(String, bool)>)> {
        self.after(now, &[])
    }

    fn after(&mut self, now: i64, ended: &[Fingerprint]) -> Vec<(Kind, Vec<(String, bool)>)> {
        let ended: BTreeSet<Fingerprint> = ended.iter().copied().collect();
        let planned = self.planner.plan(now, &self.machine, &ended);
        planned.first.iter().for_each(|of| self.machine.edit(*of).unwrap().told_at = Some(now));
        for (of, step) in &planned.escalated {
            let alert = self.machine.edit(*of).unwrap();
            alert.escalated.retain(|(known, _)| known != step);
            alert.escalated.push((*step, now));
        }
        let notices = |notification: &Notification| {
            notification.notices.iter().map(|notice| (notice.rule.clone(), notice.is_resolved())).collect()
        };
        planned.notifications.iter().map(|notification| (notification.kind, notices(notification))).collect()
    }

    fn resolve(&mut self, of: Fingerprint, now: i64) {
        let alert = self.machine.edit(of).unwrap();
        (alert.phase, alert.resolved_at) = (Phase::Resolved, Some(now));
    }

    fn fire(&mut self, of: Fingerprint, now: i64) {
        let alert = self.machine.edit(of).unwrap();
        (alert.phase, alert.fired_at, alert.told_at) = (Phase::Firing, Some(now), None);
    }
}

fn a() -> Alert {
    alert(&[("alertname", "a")])
}

fn told(kind: Kind, rule: &str, over: bool) -> (Kind, Vec<(String, bool)>) {
    (kind, vec![(rule.to_owned(), over)])
}

#[test]
fn an_alert_is_told_once_again_after_the_repeat_and_when_it_is_over() {
    let mut desk = Desk::new("repeat: 1h\ngroup: { interval: 0s }", vec![a()]);
    assert_eq!(desk.at(0), [told(Kind::Change, "a", false)]);
    assert_eq!(desk.at(59 * MINUTE), []);
    assert_eq!(desk.at(60 * MINUTE), [told(Kind::Repeat, "a", false)]);
    desk.resolve(a().fingerprint, 61 * MINUTE);
    assert_eq!(desk.at(61 * MINUTE), [told(Kind::Change, "a", true)]);
    assert_eq!(desk.at(300 * MINUTE), []);
}

#[test]
fn a_channel_that_wants_no_ends_gets_none() {
    let lines = "group: { interval: 0s }";
    let mut desk = Desk::new(lines, vec![a()]);
    desk.planner.policy.alerting.channels[0].send_resolved = false;
    assert_eq!(desk.at(0), [told(Kind::Change, "a", false)]);
    desk.resolve(a().fingerprint, MINUTE);
    assert_eq!(desk.at(MINUTE), []);
    desk.fire(a().fingerprint, 2 * MINUTE);
    assert_eq!(desk.at(2 * MINUTE), [told(Kind::Change, "a", false)]);
}

#[test]
fn alerts_of_a_group_go_together_and_later_ones_wait() {
    let of = |name: &str, team: &str| alert(&[("alertname", name), ("team", team)]);
    let mut desk = Desk::new("group: { by: [team], wait: 1m, interval: 5m }", vec![of("a", "x"), of("a", "y")]);
    assert_eq!(desk.at(0), []);
    assert_eq!(desk.at(MINUTE).len(), 2);
    let late = of("b", "x");
    desk.machine = machine(&desk.planner.policy.alerting, vec![of("a", "x"), of("a", "y"), late]);
    assert_eq!(desk.at(5 * MINUTE), []);
    assert_eq!(desk.at(6 * MINUTE), [told(Kind::Change, "b", false)]);
}

#[test]
fn what_was_over_before_it_could_be_told_is_told_as_over() {
    let mut desk = Desk::new("group: { wait: 1m }", vec![a()]);
    assert_eq!(desk.at(0), []);
    desk.resolve(a().fingerprint, 1);
    assert_eq!(desk.at(MINUTE), [told(Kind::Change, "a", true)]);
}

#[test]
fn a_silence_hides_an_alert_but_not_the_end_of_one_that_was_told() {
    let lines = "group: { interval: 0s }\nsilences: [{ matchers: 'rule_name=\"a\"', from: 1970-01-01T01:00:00Z, until: 1970-01-01T02:00:00Z }]";
    let mut desk = Desk::new(lines, vec![a()]);
    assert_eq!(desk.at(0), [told(Kind::Change, "a", false)]);
    desk.resolve(a().fingerprint, 70 * MINUTE);
    assert_eq!(desk.at(70 * MINUTE), [told(Kind::Change, "a", true)]);
    desk.fire(a().fingerprint, 80 * MINUTE);
    assert_eq!(desk.at(80 * MINUTE), []);
    desk.resolve(a().fingerprint, 81 * MINUTE);
    assert_eq!(desk.at(81 * MINUTE), []);
    assert_eq!(desk.at(130 * MINUTE), []);
    desk.fire(a().fingerprint, 131 * MINUTE);
    assert_eq!(desk.at(131 * MINUTE), [told(Kind::Change, "a", false)]);
}

#[test]
fn what_a_suppression_hid_is_told_when_it_ends() {
    let of = a().fingerprint;
    let mut desk = Desk::new("group: { interval: 0s }", vec![a()]);
    desk.machine.suppress(of, 10, 0).unwrap();
    assert_eq!(desk.at(0), []);
    desk.resolve(of, MINUTE);
    assert_eq!(desk.at(MINUTE), []);
    desk.machine.expire(10 * MINUTE);
    assert_eq!(desk.after(10 * MINUTE, &[of]), [told(Kind::Change, "a", true)]);
    desk.fire(of, 11 * MINUTE);
    desk.machine.suppress(of, 10, 11 * MINUTE).unwrap();
    assert_eq!(desk.at(11 * MINUTE), []);
    desk.machine.expire(21 * MINUTE);
    assert_eq!(desk.after(21 * MINUTE, &[of]), [told(Kind::Change, "a", false)]);
}

#[test]
fn a_step_of_escalation_is_taken_unless_somebody_acknowledges() {
    let lines = "channels: { ops: { webhook: { url: 'http://localhost/' } }, boss: { webhook: { url: 'http://localhost/' } } }\nescalation: [{ after: 15m, severity: high, channels: boss, repeat: 30m }]\ngroup: { interval: 0s }";
    let alerting = config(lines);
    let rules = [("a".to_owned(), vec!["ops".to_owned()])];
    let machine = machine(&alerting, vec![a()]);
    let mut desk = Desk { planner: Planner::new(Policy::new(&alerting, rules), Ledger::default(), 1), machine };
    assert_eq!(desk.at(0), [told(Kind::Change, "a", false)]);
    assert_eq!(desk.at(14 * MINUTE), []);
    assert_eq!(desk.at(15 * MINUTE), [told(Kind::Escalation, "a", false)]);
    assert_eq!(desk.at(44 * MINUTE), []);
    assert_eq!(desk.at(45 * MINUTE), [told(Kind::Escalation, "a", false)]);
    desk.machine.acknowledge(a().fingerprint, "ann", 50 * MINUTE).unwrap();
    assert_eq!(desk.at(300 * MINUTE), []);
    desk.resolve(a().fingerprint, 301 * MINUTE);
    assert_eq!(desk.at(301 * MINUTE), [told(Kind::Change, "a", true), told(Kind::Change, "a", true)]);
}

#[test]
fn what_escalates_at_once_goes_together() {
    let lines = "channels: { ops: { webhook: { url: 'http://localhost/' } }, boss: { webhook: { url: 'http://localhost/' } } }\nescalation: [{ after: 15m, channels: boss }, { after: 15m, channels: [boss, ops] }]\ngroup: { interval: 0s }";
    let alerting = config(lines);
    let rules = [("a".to_owned(), vec!["ops".to_owned()])];
    let of = |pod: &str| alert(&[("alertname", "a"), ("pod", pod)]);
    let machine = machine(&alerting, vec![of("1"), of("2")]);
    let mut desk = Desk { planner: Planner::new(Policy::new(&alerting, rules), Ledger::default(), 1), machine };
    desk.at(0);
    let both = (Kind::Escalation, vec![("a".to_owned(), false); 2]);
    assert_eq!(desk.at(15 * MINUTE), [both.clone(), both]);
}

#[test]
fn a_rule_tells_its_own_channels_only_and_what_is_gone_ends() {
    let mut desk = Desk::new("", vec![alert(&[("alertname", "c")])]);
    assert_eq!(desk.at(0), []);
    let mut desk = Desk::new("group: { interval: 0s }", vec![a()]);
    assert_eq!(desk.at(0).len(), 1);
    desk.planner.policy.rules.clear();
    desk.resolve(a().fingerprint, 1);
    assert_eq!(desk.at(1), [told(Kind::Change, "a", true)]);
}

#[test]
fn pagerduty_is_told_who_sees_to_it() {
    let lines = "channels: { pd: { pagerduty: { routing_key: { env: KEY } } } }";
    let alerting = config(lines);
    let machine = machine(&alerting, vec![a()]);
    let rules = [("a".to_owned(), Vec::new())];
    let mut desk = Desk { planner: Planner::new(Policy::new(&alerting, rules), Ledger::default(), 1), machine };
    assert_eq!(desk.at(0), [told(Kind::Change, "a", false)]);
    desk.machine.acknowledge(a().fingerprint, "ann", 1).unwrap();
    assert_eq!(desk.at(1), [told(Kind::Acknowledged, "a", false)]);
    assert_eq!(desk.at(2), []);
}
