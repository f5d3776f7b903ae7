//! The breaker against its definition, and what the definition means.

use super::reference::Reference;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const RULE: Rule = Rule {
    failure_rate: 0.5,
    consecutive_failures: 3,
    min_requests: 4,
    window: Duration::from_secs(30),
    open_for: Duration::from_secs(10),
    half_open_max: 2,
};

/// What may happen to a breaker, each some time after what was before.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A call is asked for; while it is rejected it is made all the same in a part of the cases, as in mode observe.
    Begin,
    /// One of the calls under way ends.
    End(usize, Option<Outcome>),
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    // Many steps within a slice, some over several, a few over the whole window or the time that it is open.
    let pause = prop_oneof![6 => 1_u64..400, 3 => 400_u64..3000, 1 => 8000_u64..40_000];
    let outcome = prop_oneof![
        4 => Just(Some(Outcome::Success)),
        4 => Just(Some(Outcome::Failure)),
        1 => Just(Some(Outcome::Throttled)),
        1 => Just(None),
    ];
    (
        pause,
        prop_oneof![Just(Step::Begin), (0_usize..64, outcome).prop_map(|(which, outcome)| Step::End(which, outcome))],
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    (1_u32..=20, 1_u32..6, 1_u32..10, 1_u64..=40, 1_u64..=20, 1_u32..4).prop_map(
        |(rate, consecutive_failures, min_requests, window, open_for, half_open_max)| Rule {
            failure_rate: f64::from(rate) / 20.0,
            consecutive_failures,
            min_requests,
            window: Duration::from_secs(window),
            open_for: Duration::from_secs(open_for),
            half_open_max,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_does_what_its_definition_says(rule in rule(), steps in vec(step(), 1..200)) {
        let start = Instant::now();
        let (mut breaker, mut reference) = (Breaker::new(rule, start), Reference::new(rule));
        let (mut at, mut under_way) = (Duration::ZERO, Vec::new());
        for (pause, step) in steps {
            at += Duration::from_millis(pause);
            let now = start + at;
            match step {
                Step::Begin => {
                    let (number, passes) = reference.admit(at);
                    let admission = breaker.admit(now);
                    prop_assert_eq!(matches!(admission, Admission::Passed(_)), passes);
                    let ticket = match admission {
                        Admission::Passed(ticket) => Some(ticket),
                        Admission::Rejected(left) => {
                            prop_assert!(left <= rule.open_for);
                            None
                        }
                    };
                    under_way.push((number, ticket));
                }
                Step::End(which, outcome) if !under_way.is_empty() => {
                    let (number, ticket) = under_way.swap_remove(which % under_way.len());
                    reference.end(number, outcome, at);
                    match (ticket, outcome) {
                        (ticket, Some(outcome)) => breaker.settle(ticket, outcome, now),
                        (Some(ticket), None) => breaker.give_back(ticket, now),
                        (None, None) => {}
                    }
                }
                Step::End(..) => {}
            }
            prop_assert_eq!(breaker.state(now), reference.state(at));
            prop_assert_eq!(breaker.failure_rate(now), reference.failure_rate(at));
        }
    }
}

/// A breaker, and the time.
struct Run {
    breaker: Breaker,
    now: Instant,
}

impl Run {
    fn new() -> Self {
        let now = Instant::now();
        Self { breaker: Breaker::new(RULE, now), now }
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    #[track_caller]
    fn ticket(&mut self) -> Ticket {
        match self.breaker.admit(self.now) {
            Admission::Passed(ticket) => ticket,
            Admission::Rejected(_) => panic!("the call is rejected"),
        }
    }

    fn call(&mut self, outcome: Outcome) -> &mut Self {
        let ticket = self.ticket();
        self.breaker.settle(Some(ticket), outcome, self.now);
        self
    }

    fn state(&mut self) -> State {
        self.breaker.state(self.now)
    }
}

use Outcome::{Failure, Success, Throttled};

#[test]
fn failures_in_a_row_open_it_and_a_success_ends_the_row() {
    let mut run = Run::new();
    assert_eq!(run.call(Failure).call(Failure).call(Success).call(Failure).state(), State::Open, "3 of 4 by rate");
    let mut run = Run::new();
    assert_eq!(run.call(Failure).call(Failure).state(), State::Closed);
    assert_eq!(run.call(Failure).state(), State::Open);
    assert_eq!(run.breaker.admit(run.now), Admission::Rejected(RULE.open_for));
}

#[test]
fn a_rate_opens_it_only_over_enough_calls() {
    let mut run = Run::new();
    assert_eq!(run.call(Success).call(Failure).call(Failure).state(), State::Closed, "3 calls are too few");
    assert_eq!(run.call(Success).state(), State::Closed, "a success opens nothing");
    assert_eq!(run.call(Failure).state(), State::Open);
}

#[test]
fn what_left_the_window_counts_no_more() {
    let mut run = Run::new();
    run.call(Success).call(Failure).call(Failure).after(31);
    assert_eq!(run.breaker.failure_rate(run.now), None);
    assert_eq!(run.call(Success).call(Success).call(Failure).state(), State::Closed);
}

#[test]
fn throttling_counts_in_the_rate_and_in_no_row() {
    let mut run = Run::new();
    assert_eq!(run.call(Throttled).call(Throttled).call(Throttled).state(), State::Closed);
    assert_eq!(run.call(Throttled).state(), State::Open);
}

#[test]
fn half_open_lets_a_few_probes_through_and_as_many_successes_close_it() {
    let mut run = Run::new();
    run.call(Failure).call(Failure).call(Failure).after(10);
    assert_eq!(run.state(), State::HalfOpen);
    let (one, two) = (run.ticket(), run.ticket());
    assert_eq!(run.breaker.admit(run.now), Admission::Rejected(Duration::ZERO));
    run.breaker.settle(Some(one), Success, run.now);
    run.breaker.settle(Some(two), Success, run.now);
    assert_eq!((run.state(), run.breaker.failure_rate(run.now)), (State::Closed, None));
}

#[test]
fn a_failed_probe_opens_it_again_and_one_given_back_leaves_its_place() {
    let mut run = Run::new();
    run.call(Failure).call(Failure).call(Failure).after(10);
    let (one, two) = (run.ticket(), run.ticket());
    run.breaker.give_back(one, run.now);
    let three = run.ticket();
    run.breaker.settle(Some(three), Failure, run.now);
    assert_eq!(run.state(), State::Open);
    run.breaker.settle(Some(two), Success, run.now);
    assert_eq!(run.after(9).state(), State::Open);
    assert_eq!(run.after(1).state(), State::HalfOpen);
}

#[test]
fn what_was_admitted_before_it_opened_says_nothing_after_it_closed() {
    let mut run = Run::new();
    let old = run.ticket();
    run.call(Failure).call(Failure).call(Failure).after(10).call(Success).call(Success);
    assert_eq!(run.state(), State::Closed);
    run.breaker.settle(Some(old), Failure, run.now);
    assert_eq!(run.breaker.failure_rate(run.now), None);
}

#[test]
fn another_rule_leaves_it_where_it_stands() {
    let mut run = Run::new();
    run.call(Failure).call(Failure).call(Failure);
    run.breaker.follow(Rule { consecutive_failures: 100, ..RULE }, run.now);
    assert_eq!(run.state(), State::Open);
    assert_eq!(run.after(10).state(), State::HalfOpen);
}
