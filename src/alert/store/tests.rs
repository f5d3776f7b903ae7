//! What is stored is there after a restart, and what cannot be stored is told.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::alert::notify::sample::alert;
use crate::alert::notify::{Delivery, Kind, Notice, Notification, Told};
use crate::alert::state::{Alert, Move, Transition};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn notification(id: i64, alert: &Alert) -> Notification {
    let (channel, group) = ("ops".to_owned(), vec![("alertname".to_owned(), "a".to_owned())]);
    Notification { id, created: 5, channel, kind: Kind::Change, group, notices: vec![Notice::of(alert)] }
}

fn told() -> Told {
    Told { fired_at: 1, resolved: false, acknowledged: false, escalated: false, at: 2 }
}

const NOTHING: Whole<'static> = Whole { alerts: Vec::new(), told: Vec::new(), waiting: Vec::new() };

fn moves(alert: &Alert, all: &[(i64, Move)]) -> Vec<Transition> {
    all.iter().map(|(at, to)| alert.moved(*at, *to, "")).collect()
}

fn fill(store: &mut Store, alert: &Alert) {
    let notifications = [notification(1, alert), notification(2, alert)];
    let batch = Batch {
        alerts: vec![alert],
        transitions: &moves(alert, &[(1, Move::Firing)]),
        told: vec![("ops".into(), alert.fingerprint, Some(told()))],
        notifications: &notifications,
        ..Batch::default()
    };
    store.commit(5, &batch, &NOTHING);
}

#[test]
fn everything_is_there_after_a_restart() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut store, resumed) = Store::open(&folder.path().join("new/folder"));
    assert_eq!((store.trouble(), resumed.alerts.len()), (None, 0));
    fill(&mut store, &alert);
    let sent = Delivery { id: 1, at: 6, result: "sent", detail: "200".into(), attempts: 0, due: None };
    let later = Delivery { id: 2, at: 7, result: "later", detail: "503".into(), attempts: 1, due: Some(99) };
    store.commit(7, &Batch { deliveries: &[sent, later], ..Batch::default() }, &NOTHING);
    drop(store);

    let (mut store, resumed) = Store::open(&folder.path().join("new/folder"));
    assert_eq!(resumed.alerts, std::slice::from_ref(&alert));
    assert_eq!(resumed.told, [("ops".to_owned(), alert.fingerprint, told())]);
    assert_eq!(resumed.waiting.len(), 1);
    assert_eq!(resumed.waiting[0].notification, notification(2, &alert));
    assert_eq!((resumed.waiting[0].attempts, resumed.waiting[0].due, resumed.last_id), (1, 99, 2));
    let told = vec![("ops".into(), alert.fingerprint, None)];
    store.commit(8, &Batch { forgotten: vec![alert.fingerprint], told, ..Batch::default() }, &NOTHING);
    drop(store);
    let (_, resumed) = Store::open(&folder.path().join("new/folder"));
    assert_eq!((resumed.alerts.len(), resumed.told.len()), (0, 0));
}

#[test]
fn what_was_stored_with_nulls_is_read_as_what_is_stored_without() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut store, _) = Store::open(folder.path());
    fill(&mut store, &alert);
    let nulls = |table: &str, body: String, names: &[&str]| {
        let absent: Vec<String> = names.iter().map(|name| format!("\"{name}\":null,")).collect();
        let long = body.replacen('{', &format!("{{{}", absent.concat()), 1);
        assert!(names.iter().all(|name| !body.contains(&format!("\"{name}\""))), "{body}");
        store.connection.execute(&format!("UPDATE {table} SET body = ?1 WHERE body = ?2"), [&long, &body]).unwrap()
    };
    let unset = ["resolved_at", "gone_since", "unknown_since", "acknowledged", "suppressed", "told_at"];
    assert_eq!(nulls("alert", serde_json::to_string(&alert).unwrap(), &unset), 1);
    drop(store);
    let (_, resumed) = Store::open(folder.path());
    assert_eq!(resumed.alerts, [alert]);
}

/// The tables as the first format had them.
const FIRST: &str = "
CREATE TABLE alert (fingerprint TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE transition (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, fingerprint TEXT NOT NULL, rule TEXT NOT NULL,
    severity TEXT NOT NULL, move TEXT NOT NULL, detail TEXT NOT NULL, value REAL
);
CREATE INDEX transition_at ON transition (at);
CREATE TABLE told (
    channel TEXT NOT NULL, fingerprint TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (channel, fingerprint)
) WITHOUT ROWID;
CREATE TABLE notification (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due INTEGER
);
CREATE INDEX notification_waiting ON notification (id) WHERE due IS NOT NULL;
CREATE INDEX notification_created ON notification (created);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, notification INTEGER NOT NULL, at INTEGER NOT NULL, result TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX delivery_at ON delivery (at);
PRAGMA user_version = 1;
";

/// A file of the first format that holds these alerts, told to one channel, and the move `first` of each.
fn first_format(path: &Path, alerts: &[Alert]) {
    let file = Connection::open(path).unwrap();
    file.execute_batch(FIRST).unwrap();
    for (at, alert) in (0_i64..).zip(alerts) {
        let (of, body) = (alert.fingerprint.to_string(), serde_json::to_string(alert).unwrap());
        file.execute("INSERT INTO alert VALUES (?1, ?2)", [&of, &body]).unwrap();
        file.execute("INSERT INTO told VALUES ('ops', ?1, ?2)", [&of, &serde_json::to_string(&told()).unwrap()])
            .unwrap();
        let moved = "INSERT INTO transition VALUES (?1, ?2, ?3, 'a', 'high', 'firing', 'said', 1.5)";
        file.execute(moved, rusqlite::params![at + 3, at, of]).unwrap();
    }
    let waits = serde_json::to_string(&notification(4, &alerts[0])).unwrap();
    file.execute("INSERT INTO notification VALUES (4, 5, 'ops', 'change', ?1, 2, 77)", [&waits]).unwrap();
    // Moves that were removed had higher ids.
    file.execute_batch("UPDATE sqlite_sequence SET seq = 90 WHERE name = 'transition'").unwrap();
}

#[test]
fn a_file_of_the_first_format_is_taken_up_with_all_that_is_in_it() {
    let folder = folder();
    let mut alerts: Vec<Alert> = (0..40).map(|at| alert(&[("alertname", "a"), ("at", &at.to_string())])).collect();
    // Of both halves of all numbers.
    (0..).zip(&mut alerts).for_each(|(at, alert)| alert.fingerprint.0 ^= at << 63);
    // Somebody sees to one, one waits for its `for`, one has been escalated.
    alerts[1].acknowledged = Some(crate::alert::state::Acknowledged { by: "ann".into(), at: 3 });
    (alerts[2].phase, alerts[2].fired_at, alerts[2].since) = (crate::alert::state::Phase::Pending, None, 7);
    alerts[3].escalated = vec![(0, 9)];
    alerts.sort_by_key(|alert| alert.fingerprint);
    first_format(&folder.path().join(FILE), &alerts);
    for _ in 0..2 {
        let (store, resumed) = Store::open(folder.path());
        assert_eq!(store.trouble(), None);
        assert_eq!(resumed.alerts, alerts);
        let known: Vec<_> = alerts.iter().map(|alert| ("ops".to_owned(), alert.fingerprint, told())).collect();
        assert_eq!(resumed.told, known);
        assert_eq!(resumed.waiting.len(), 1);
        let waiting = &resumed.waiting[0];
        assert_eq!((&waiting.notification, waiting.attempts, waiting.due), (&notification(4, &alerts[0]), 2, 77));
        let one = alerts[30].fingerprint.to_string();
        let past = Past { until: i64::MAX, limit: 1, fingerprint: Some(one.clone()), ..Past::default() };
        let (events, total) = store.events(&past).unwrap();
        let event = Event {
            id: 33,
            at: 30,
            fingerprint: one,
            rule: "a".into(),
            severity: "high".into(),
            to: "firing".into(),
            detail: "said".into(),
            value: Some(1.5),
        };
        assert_eq!((events, total), (vec![event], 1));
    }
    let (mut store, _) = Store::open(folder.path());
    let again = moves(&alerts[0], &[(50, Move::Resolved)]);
    store.commit(50, &Batch { transitions: &again, ..Batch::default() }, &NOTHING);
    let past = Past { from: 50, until: 51, limit: 1, ..Past::default() };
    assert_eq!(store.events(&past).unwrap().0[0].id, 91);
}

#[test]
fn a_file_of_the_first_format_that_cannot_be_read_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join(FILE);
    first_format(&path, &[alert(&[("alertname", "a")])]);
    Connection::open(&path).unwrap().execute_batch("INSERT INTO alert VALUES ('none', '{}')").unwrap();
    let reason = reason_of(folder.path());
    assert!(reason.contains("it is damaged: a fingerprint is 16 hex digits"), "{reason}");
    let file = Connection::open(&path).unwrap();
    let count = "SELECT count(*) FROM alert WHERE typeof(fingerprint) = 'text'";
    assert_eq!(file.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    assert_eq!(file.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn many_moves_are_all_stored_in_order() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut store, _) = Store::open(folder.path());
    let all: Vec<Transition> = (0..53).map(|at| alert.moved(at, Move::Firing, format!("the {at}th"))).collect();
    store.commit(0, &Batch { transitions: &all, ..Batch::default() }, &NOTHING);
    let past = Past { until: i64::MAX, limit: 100, ..Past::default() };
    let (events, total) = store.events(&past).unwrap();
    let stored: Vec<_> = events.into_iter().rev().map(|event| (event.at, event.detail, event.value)).collect();
    assert_eq!((total, stored), (53, all.into_iter().map(|moved| (moved.at, moved.detail, moved.value)).collect()));
    let of = |fingerprint: &str| Past { fingerprint: Some(fingerprint.to_owned()), ..past.clone() };
    assert_eq!(store.events(&of(&alert.fingerprint.to_string())).unwrap().1, 53);
    assert_eq!(store.events(&of("0000000000000000")).unwrap().1, 0);
    assert_eq!(store.events(&of("none")).unwrap().1, 0);
}

fn reason_of(folder: &Path) -> String {
    let (mut store, _) = Store::open(folder);
    fill(&mut store, &alert(&[("alertname", "a")]));
    let past = Past { until: i64::MAX, limit: 10, ..Past::default() };
    assert_eq!(store.events(&past).unwrap().1, 1);
    store.trouble().unwrap_or_default().to_owned()
}

#[test]
fn a_file_that_is_none_of_ours_is_left_as_it_is_and_alerts_live_in_memory() {
    let folder = folder();
    let path = folder.path().join(FILE);
    std::fs::write(&path, "not a database, and long enough to be looked at as if it were one".repeat(20)).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(reason_of(folder.path()).contains("not a database"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join(FILE);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 7; CREATE TABLE t (a);").unwrap();
    let reason = reason_of(folder.path());
    assert!(reason.contains("newer version of Outrider (its format is 7, this build knows 2)"), "{reason}");
}

#[test]
fn a_file_that_another_uses_is_left_to_it() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut first, _) = Store::open(folder.path());
    fill(&mut first, &alert);
    let (second, resumed) = Store::open(folder.path());
    assert!(second.trouble().unwrap().ends_with("another process uses it"));
    assert!(resumed.alerts.is_empty());
    fill(&mut first, &alert);
    assert_eq!(first.trouble(), None);
}

#[test]
fn a_damaged_file_is_found_out() {
    let folder = folder();
    let (mut store, _) = Store::open(folder.path());
    (0..200).for_each(|at| fill(&mut store, &alert(&[("alertname", "a"), ("at", &at.to_string())])));
    drop(store);
    let path = folder.path().join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0xab);
    std::fs::write(&path, bytes).unwrap();
    assert!(!reason_of(folder.path()).is_empty());
}

#[test]
fn a_file_that_stops_working_is_replaced_by_memory_and_taken_up_again() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut store, _) = Store::open(folder.path());
    fill(&mut store, &alert);
    // As a full disk does it: nothing can be written any more.
    store.connection.execute_batch("PRAGMA max_page_count = 1; PRAGMA query_only = ON;").unwrap();
    let whole = || Whole { alerts: vec![&alert], told: vec![("ops", alert.fingerprint, &TOLD)], waiting: Vec::new() };
    const TOLD: Told = Told { fired_at: 1, resolved: true, acknowledged: false, escalated: false, at: 9 };
    let resolved = moves(&alert, &[(9, Move::Resolved)]);
    store.commit(9, &Batch { transitions: &resolved, ..Batch::default() }, &whole());
    assert!(store.trouble().is_some());
    let past = Past { until: i64::MAX, limit: 10, ..Past::default() };
    assert_eq!(store.events(&past).unwrap().1, 2);
    let again = moves(&alert, &[(9 + RETRY, Move::Firing)]);
    store.commit(9 + RETRY, &Batch { transitions: &again, ..Batch::default() }, &whole());
    assert_eq!(store.trouble(), None);
    drop(store);
    let (store, resumed) = Store::open(folder.path());
    assert_eq!(store.events(&past).unwrap().1, 3);
    assert_eq!(resumed.told, [("ops".to_owned(), alert.fingerprint, TOLD)]);
}

#[test]
fn the_past_tells_how_long_people_and_alerts_took() {
    let (folder, alert) = (folder(), alert(&[("alertname", "a")]));
    let (mut store, _) = Store::open(folder.path());
    let all = moves(
        &alert,
        &[
            (0, Move::Pending),
            (10_000, Move::Firing),
            (40_000, Move::Acknowledged),
            (50_000, Move::Acknowledged),
            (70_000, Move::Resolved),
            (100_000, Move::Firing),
            (120_000, Move::Resolved),
        ],
    );
    store.commit(0, &Batch { transitions: &all, ..Batch::default() }, &NOTHING);
    let past = Past { until: i64::MAX, limit: 2, offset: 1, ..Past::default() };
    let (events, total) = store.events(&past).unwrap();
    assert_eq!((total, events.iter().map(|event| event.at).collect::<Vec<_>>()), (7, vec![100_000, 70_000]));
    let times = store.times(&past).unwrap();
    let expected =
        RuleTimes { fired: 2, acknowledged: 1, resolved: 2, escalated: 0, mtta: Some(30.0), mttr: Some(40.0) };
    assert_eq!(times["a"], expected);
    assert_eq!(store.events(&Past { rule: Some("b".into()), ..past.clone() }).unwrap().1, 0);
    assert_eq!(store.resolved_since(70_001).unwrap(), 1);
    store.prune(100_000);
    assert_eq!(store.events(&past).unwrap().1, 2);
}
