//! The process is killed at random moments while forty alerts come and go and the receiver misbehaves: every transition's
//! notification arrives, none arrives of what was not stored.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

use super::receiver::{Manner, Receiver};
use super::road;
use crate::harness::wait;

/// How many moves to or from firing there must be before the killing ends.
const MOVES: usize = 200;

/// Numbers as a seed gives them: xorshift, so that a run can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A move to or from firing, as a notification tells it: the rule, whether it is the end, and when.
type Move = (String, bool, String);

fn stored(state: &std::path::Path) -> Vec<Move> {
    let file = rusqlite::Connection::open(state.join("alerts.db")).expect("the file opens when nobody else has it");
    let mut select = file
        .prepare("SELECT rule, move = 'resolved', at FROM transition WHERE move IN ('firing', 'resolved')")
        .expect("the table is there");
    let moves = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, time(row.get(2)?))));
    moves.expect("a query").map(|row| row.expect("a row")).collect()
}

fn time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).expect("a time").to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// All that a receiver took, and how often.
fn told(receiver: &Receiver) -> BTreeMap<Move, usize> {
    let mut told = BTreeMap::new();
    for body in receiver.got() {
        for alert in body["alerts"].as_array().expect("alerts") {
            let over = alert["status"] == "resolved";
            let at = if over { &alert["endsAt"] } else { &alert["startsAt"] };
            let rule = alert["labels"]["alertname"].as_str().expect("a name").to_owned();
            *told.entry((rule, over, at.as_str().expect("a time").to_owned())).or_insert(0) += 1;
        }
    }
    told
}

#[test]
fn every_transition_is_told_after_any_kill_and_none_that_was_not_stored() {
    let seed = 0x9e37_79b9_7f4a_7c15_u64;
    let (state, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::start());
    let rules: Vec<String> = (0..40)
        .map(|at| {
            let (period, phase) = (4 + at % 5, at % 7);
            format!(
                "  - {{ name: r{at}, condition: '(vector(time()) + {phase}) % {period} < {}', message: r }}",
                period / 2
            )
        })
        .collect();
    let lines = format!(
        "flap: {{ times: 0 }}\nrepeat: 30d\nrate_limit: {{ per_channel: 10000/s }}\nrules:\n{}\n\
         channels: {{ ops: {{ webhook: {{ url: '{}' }} }} }}",
        rules.join("\n"),
        receiver.url()
    );
    let mut manners = Dice(seed ^ 0xff);
    receiver.behave(move || match manners.below(14) {
        0 => Manner::Drop,
        1 => Manner::TakeAndDrop,
        2 => Manner::Answer(500, 0),
        3 => Manner::Answer(429, 1),
        4 => Manner::Hang,
        // In two and in twenty seconds: within the sender's patience and beyond it.
        5 => Manner::Slow(30),
        6 => Manner::Slow(300),
        _ => Manner::Take,
    });
    let (mut dice, mut kills) = (Dice(seed), 0);
    while stored_or_none(state.path()) < MOVES {
        let (mut road, _) = road(state.path(), &lines);
        // Any moment is a good one.
        std::thread::sleep(Duration::from_millis(200 + dice.below(2_500)));
        road.process.signal("KILL");
        road.process.wait_for_exit();
        kills += 1;
        assert!(kills < 200, "so many starts and so few moves");
    }
    receiver.behave(|| Manner::Take);
    // Without rules everything that fires ends, and then nothing is left to tell.
    let quiet =
        lines.lines().filter(|line| !line.contains("name: r") && *line != "rules:").collect::<Vec<_>>().join("\n");
    let (mut road, _) = road(state.path(), &quiet);
    wait::until("the last of what waited", || {
        let metrics = road.metrics();
        let waiting = metrics.get("outrider_notifications_waiting")?;
        let firing: f64 = metrics.get("outrider_alerts_active{severity=\"medium\",state=\"firing\"}")?;
        (waiting == 0.0 && firing == 0.0).then_some(())
    });
    road.process.signal("TERM");
    road.process.wait_for_exit();

    let (stored, told) = (stored(state.path()), told(&receiver));
    let lost: Vec<&Move> = stored.iter().filter(|one| !told.contains_key(one)).collect();
    assert!(lost.is_empty(), "of {} after {kills} kills, these were never told: {lost:?}", stored.len());
    let invented: Vec<&Move> = told.keys().filter(|one| !stored.contains(one)).collect();
    assert!(invented.is_empty(), "told and never stored: {invented:?}");
    let repeats: usize = told.values().map(|count| count - 1).sum();
    eprintln!("{kills} kills, {} transitions, {repeats} repeats", stored.len());
}

fn stored_or_none(state: &std::path::Path) -> usize {
    if state.join("alerts.db").exists() { stored(state).len() } else { 0 }
}
