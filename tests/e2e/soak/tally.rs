//! What the clients got. A failure is explained when the exchange was under way while what answers it was out; no other one may be.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What can be out.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    Gateway,
    Service,
}

/// Counts of all clients.
#[derive(Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// Whole answers by status, as the agent is to count them.
    answers: BTreeMap<String, f64>,
    calls: BTreeMap<String, f64>,
    echoes: f64,
    sent: f64,
    sessions: u64,
    outages: Vec<Outage>,
    explained: u64,
    /// Those of them that had reached the agent, without their numbers.
    cut: BTreeMap<String, u64>,
    unexplained: Vec<String>,
    last_answer: Option<Instant>,
    recoveries: Vec<Duration>,
}

struct Outage {
    part: Part,
    begin: Instant,
    end: Option<Instant>,
}

impl Tally {
    /// A whole answer of the gateway, or in its place.
    pub fn answer(&self, status: u16) {
        self.with(|counts| {
            *counts.answers.entry(status.to_string()).or_default() += 1.0;
            if status < 500 {
                counts.last_answer = Some(Instant::now());
            }
        });
    }

    /// An answer of the gateway's that broke off: it keeps the status that it began with.
    pub fn broke_off(&self, status: u16) {
        self.with(|counts| *counts.answers.entry(status.to_string()).or_default() += 1.0);
    }

    /// A whole answer of the service.
    pub fn call(&self, status: u16) {
        self.with(|counts| *counts.calls.entry(status.to_string()).or_default() += 1.0);
    }

    /// A message that is about to be sent.
    pub fn sent(&self) {
        self.with(|counts| counts.sent += 1.0);
    }

    /// A message that came back.
    pub fn echo(&self) {
        self.with(|counts| counts.echoes += 1.0);
    }

    /// A session that opened.
    pub fn session(&self) {
        self.with(|counts| counts.sessions += 1);
    }

    /// An exchange with `part` failed that began at `begin`.
    pub fn failure(&self, part: Part, begin: Instant, what: String) {
        self.with(|counts| {
            let overlaps = |outage: &Outage| outage.part == part && outage.end.is_none_or(|end| end >= begin);
            match counts.outages.iter().any(overlaps) {
                true => {
                    counts.explained += 1;
                    if !what.contains(": 503") && !what.contains("(Connect") {
                        let kind = what.chars().filter(|each| !each.is_ascii_digit()).collect();
                        *counts.cut.entry(kind).or_default() += 1;
                    }
                }
                false => counts.unexplained.push(what),
            }
        });
    }

    /// What no outage can explain.
    pub fn wrong(&self, what: String) {
        self.with(|counts| counts.unexplained.push(what));
    }

    /// From now on `part` is out.
    pub fn begin_outage(&self, part: Part) {
        self.with(|counts| counts.outages.push(Outage { part, begin: Instant::now(), end: None }));
    }

    /// `part` listens again.
    pub fn end_outage(&self, part: Part) {
        let now = Instant::now();
        self.with(|counts| {
            counts
                .outages
                .iter_mut()
                .filter(|out| out.part == part && out.end.is_none())
                .for_each(|out| out.end = Some(now))
        });
    }

    /// When an answer of the gateway's last came.
    pub fn last_answer(&self) -> Option<Instant> {
        self.with(|counts| counts.last_answer)
    }

    /// The gateway's clients were served again `after` it listened.
    pub fn recovered(&self, after: Duration) {
        self.with(|counts| counts.recoveries.push(after));
    }

    /// The slowest of the recoveries.
    pub fn slowest_recovery(&self) -> Duration {
        self.with(|counts| counts.recoveries.iter().max().copied().unwrap_or_default())
    }

    /// How long the gateway was out.
    pub fn out(&self) -> Duration {
        let of_gateway = |out: &&Outage| out.part == Part::Gateway;
        self.with(|counts| counts.outages.iter().filter(of_gateway).filter_map(|out| Some(out.end? - out.begin)).sum())
    }

    pub fn answers(&self) -> BTreeMap<String, f64> {
        self.with(|counts| counts.answers.clone())
    }

    pub fn calls(&self) -> BTreeMap<String, f64> {
        self.with(|counts| counts.calls.clone())
    }

    pub fn echoes(&self) -> f64 {
        self.with(|counts| counts.echoes)
    }

    /// Messages that were sent, which is at least those that came back.
    pub fn messages(&self) -> f64 {
        self.with(|counts| counts.sent)
    }

    pub fn sessions(&self) -> u64 {
        self.with(|counts| counts.sessions)
    }

    /// Failures that an outage explains and that had reached the agent: where an answer may have got lost.
    pub fn cut(&self) -> BTreeMap<String, u64> {
        self.with(|counts| counts.cut.clone())
    }

    pub fn explained(&self) -> u64 {
        self.with(|counts| counts.explained)
    }

    pub fn unexplained(&self) -> Vec<String> {
        self.with(|counts| counts.unexplained.clone())
    }

    /// All exchanges that were answered.
    pub fn total(&self) -> u64 {
        self.with(|counts| {
            (counts.answers.values().sum::<f64>() + counts.calls.values().sum::<f64>() + counts.echoes) as u64
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Counts) -> T) -> T {
        look(&mut self.0.lock().expect("no client panics"))
    }
}
