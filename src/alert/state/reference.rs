//! A slow reference: it keeps all that ever happened to an alert and looks back over it whenever it is asked something.

use proptest::prelude::*;

use super::tests::{flap, seen};
use super::*;

/// What an evaluation says of one alert; `None` is active.
type Look = Option<Absence>;

/// All that happened to one alert.
#[derive(Default)]
struct Past {
    looks: Vec<(i64, Look)>,
    moves: Vec<(i64, Move)>,
    suppressed_until: Option<i64>,
}

impl Past {
    fn last(&self, of: &[Move]) -> Option<(i64, Move)> {
        self.moves.iter().rev().find(|(_, to)| of.contains(to)).copied()
    }

    /// The last move between phases; a `for` of zero leaves no pending.
    fn phase(&self) -> Option<Move> {
        self.last(&[Move::Pending, Move::Inactive, Move::Firing, Move::Resolved]).map(|(_, to)| to)
    }

    fn is_alive(&self) -> bool {
        matches!(self.phase(), Some(Move::Pending | Move::Firing))
    }

    fn is_acknowledged(&self) -> bool {
        let last = self.last(&[Move::Acknowledged, Move::Unacknowledged, Move::Resolved]);
        last.is_some_and(|(_, to)| to == Move::Acknowledged)
    }

    /// The time of the first look that is not active after the last that is, without those that know nothing.
    fn gone_since(&self) -> Option<i64> {
        let behind = self.looks.iter().rposition(|(_, look)| look.is_none()).map_or(0, |at| at + 1);
        self.looks[behind..].iter().find(|(_, look)| *look != Some(Absence::Unknown)).map(|(at, _)| *at)
    }

    /// The time of the first of the looks at the end that know nothing.
    fn unknown_since(&self) -> Option<i64> {
        let known = self.looks.iter().rposition(|(_, look)| *look != Some(Absence::Unknown)).map_or(0, |at| at + 1);
        self.looks.get(known).map(|(at, _)| *at)
    }

    fn fired_before(&self, now: i64, window: i64) -> usize {
        self.moves.iter().filter(|(at, to)| *to == Move::Firing && now - at < window).count()
    }

    fn look(&mut self, now: i64, look: Look, terms: Terms, times: usize, window: i64, hold: i64) -> Vec<Move> {
        self.looks.push((now, look));
        let before = self.moves.len();
        match look {
            None => {
                if !self.is_alive() && terms.hold > 0 {
                    self.moves.push((now, Move::Pending));
                }
                let since = match self.phase() {
                    Some(Move::Pending) => self.last(&[Move::Pending]).map(|(at, _)| at),
                    Some(Move::Firing) => None,
                    _ => Some(now),
                };
                if since.is_some_and(|since| now - since >= terms.hold) {
                    self.moves.push((now, Move::Firing));
                }
            }
            Some(_) if !self.is_alive() => {}
            Some(absence) => {
                let is_over = match absence {
                    Absence::Unknown => now - self.unknown_since().unwrap() >= 24 * 3_600_000,
                    _ if self.phase() == Some(Move::Pending) => true,
                    Absence::Held => false,
                    Absence::Over => {
                        let gone = self.gone_since().unwrap();
                        let flaps = times > 0 && self.fired_before(gone, window) >= times;
                        now - gone >= terms.keep_firing_for.max(if flaps { hold } else { 0 })
                    }
                };
                if is_over {
                    let fired = self.phase() == Some(Move::Firing);
                    self.moves.push((now, if fired { Move::Resolved } else { Move::Inactive }));
                }
            }
        }
        self.moves[before..].iter().map(|(_, to)| *to).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Evaluate(Look, Look),
    Acknowledge,
    Unacknowledge,
    Suppress(i64),
    Unsuppress,
    Restart,
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![
        4 => Just(None),
        3 => Just(Some(Absence::Over)),
        1 => Just(Some(Absence::Held)),
        1 => Just(Some(Absence::Unknown)),
    ]
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let what = prop_oneof![
        8 => (look(), look()).prop_map(|(x, y)| Step::Evaluate(x, y)),
        1 => Just(Step::Acknowledge),
        1 => Just(Step::Unacknowledge),
        1 => (1_i64..5).prop_map(Step::Suppress),
        1 => Just(Step::Unsuppress),
        1 => Just(Step::Restart),
    ];
    (prop_oneof![9 => 1_i64..90_000, 1 => 1_i64..50_000_000], what)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn the_machine_moves_as_its_whole_past_says(
        steps in prop::collection::vec(step(), 1..120),
        minutes in (0_i64..4, 0_i64..4, 0_usize..4, 1_i64..8, 1_i64..6),
    ) {
        let (hold, keep, times, window, held) = minutes;
        let terms = Terms { hold: hold * 60_000, keep_firing_for: keep * 60_000 };
        let flap = flap(times, window * 60_000, held * 60_000);
        let mut machine = Machine::new(&flap, []);
        let mut past = [Past::default(), Past::default()];
        let x = Fingerprint(seen("x").labels.fingerprint());
        let y = Fingerprint(seen("y").labels.fingerprint());
        let mut now = 1_700_000_000_000;
        for (after, step) in steps {
            now += after;
            match step {
                Step::Evaluate(of_x, of_y) => {
                    let found = [("x", of_x), ("y", of_y)].into_iter().filter(|(_, look)| look.is_none());
                    let absence = |alert: &Alert| if alert.fingerprint == x { of_x } else { of_y }.unwrap();
                    let moves = machine.evaluate(now, "R", terms, found.map(|(name, _)| seen(name)), absence);
                    for (at, (fingerprint, look)) in [(x, of_x), (y, of_y)].into_iter().enumerate() {
                        let got: Vec<Move> =
                            moves.iter().filter(|moved| moved.fingerprint == fingerprint).map(|moved| moved.to).collect();
                        let want = past[at].look(now, look, terms, times, window * 60_000, held * 60_000);
                        prop_assert_eq!(got, want);
                    }
                }
                Step::Acknowledge => {
                    let done = machine.acknowledge(x, "ann", now).is_ok();
                    prop_assert_eq!(done, past[0].phase() == Some(Move::Firing));
                    past[0].moves.extend(done.then_some((now, Move::Acknowledged)));
                }
                Step::Unacknowledge => {
                    let done = machine.unacknowledge(x, now).is_ok();
                    prop_assert_eq!(done, past[0].is_acknowledged());
                    past[0].moves.extend(done.then_some((now, Move::Unacknowledged)));
                }
                Step::Suppress(minutes) => {
                    let done = machine.suppress(x, minutes, now).is_ok();
                    prop_assert_eq!(done, past[0].phase().is_some());
                    if done {
                        past[0].suppressed_until = Some(now + minutes * 60_000);
                    }
                }
                Step::Unsuppress => {
                    let done = machine.unsuppress(x, now).is_ok();
                    prop_assert_eq!(done, past[0].suppressed_until.take().is_some());
                }
                Step::Restart => {
                    let stored: Vec<String> =
                        machine.alerts().map(|alert| serde_json::to_string(alert).unwrap()).collect();
                    machine = Machine::new(&flap, stored.iter().map(|text| serde_json::from_str(text).unwrap()));
                }
            }
            let expired = machine.expire(now).len();
            let over = past[0].suppressed_until.is_some_and(|until| until <= now);
            prop_assert_eq!(expired, usize::from(over));
            if over {
                past[0].suppressed_until = None;
            }
            let acknowledged = machine.get(x).is_some_and(|alert| alert.acknowledged.is_some());
            prop_assert_eq!(acknowledged, past[0].is_acknowledged());
        }
    }
}
