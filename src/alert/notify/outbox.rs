//! Which notification is sent next, tried again, or given up. Within a channel they go one after the other, in order: an
//! alert is never told to be over before it was told to fire.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::{Bucket, Kind, Notice, Notification};
use crate::alert::state::Fingerprint;
use crate::config::Rate;

/// What cannot be told within a day is not told any more.
const GIVEN_UP: i64 = 24 * 3_600_000;
/// How much may wait for one channel; beyond it the oldest is not told any more.
const MOST: usize = 1_000;
/// The first wait before another try, and the longest.
const BACKOFF: (i64, i64) = (1_000, 300_000);

/// A notification that is stored and not yet sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// What is to be sent.
    pub notification: Notification,
    /// How often that failed.
    pub attempts: u32,
    /// Not before, Unix milliseconds.
    pub due: i64,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The receiver has it; what it said.
    Sent(String),
    /// It may have it another time.
    Later {
        /// What went wrong.
        message: String,
        /// What the receiver asked for.
        after: Option<Duration>,
    },
    /// It never will.
    Refused(String),
}

/// What a try did to a stored notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which notification.
    pub id: i64,
    /// When the try ended.
    pub at: i64,
    /// `sent`, `later`, `refused`, `expired` or `dropped`.
    pub result: &'static str,
    /// What the receiver said, or what went wrong.
    pub detail: String,
    /// How often it failed by now.
    pub attempts: u32,
    /// When it is tried again; never, where that is absent.
    pub due: Option<i64>,
}

/// All that waits.
#[derive(Debug, Default)]
pub struct Outbox {
    lanes: BTreeMap<String, Lane>,
}

#[derive(Debug)]
struct Lane {
    queue: VecDeque<Waiting>,
    bucket: Bucket,
    /// How many from the head are under way.
    busy: usize,
}

impl Outbox {
    /// With a lane for each channel at its rate; `stored` is what waited.
    pub fn new(rates: &[(String, Rate)], stored: Vec<Waiting>, now: i64) -> Self {
        let mut outbox = Self::default();
        outbox.set_rates(rates, now);
        for waiting in stored {
            let channel = waiting.notification.channel.clone();
            // A channel that is not there any more keeps its lane, so that what it never got is given up on record.
            outbox.lane(&channel, Rate { count: 1, per: Duration::from_secs(1) }, now).queue.push_back(waiting);
        }
        outbox
    }

    /// Takes other rates.
    pub fn set_rates(&mut self, rates: &[(String, Rate)], now: i64) {
        for (channel, rate) in rates {
            self.lane(channel, *rate, now).bucket.set_rate(*rate);
        }
    }

    /// Takes what was stored.
    pub fn push(&mut self, notification: Notification) {
        let (channel, due) = (notification.channel.clone(), notification.created);
        let lane = self.lane(&channel, Rate { count: 1, per: Duration::from_secs(1) }, due);
        // A drill shows whether the channel works now, so what waits for another try lets it pass.
        let at = if notification.kind == Kind::Drill { lane.busy } else { lane.queue.len() };
        lane.queue.insert(at, Waiting { notification, attempts: 0, due });
    }

    /// Gives up the oldest of what waits where there is no room for these; which of what channel. It still waits until that is
    /// stored, so that nobody loses it to a kill in between.
    pub fn make_room(&mut self, now: i64, coming: &[Notification]) -> Vec<(String, Delivery)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for notification in coming {
            *counts.entry(&notification.channel).or_default() += 1;
        }
        let mut dropped = Vec::new();
        for (channel, more) in counts {
            let Some(lane) = self.lanes.get_mut(channel) else { continue };
            let spare = (lane.queue.len() + more).saturating_sub(MOST);
            for _ in 0..spare {
                let idle = |(at, waiting): (usize, &Waiting)| {
                    (at >= lane.busy && waiting.notification.kind != Kind::Drill).then_some(at)
                };
                let Some(waiting) = lane.queue.iter().enumerate().find_map(idle).and_then(|at| lane.queue.remove(at))
                else {
                    break;
                };
                dropped.push((channel.to_owned(), waiting.dropped(now)));
            }
        }
        dropped
    }

    /// Everything that waits.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.lanes.values().flat_map(|lane| &lane.queue)
    }

    /// What is to be sent at `now` (Unix milliseconds): for each channel that is idle, its next notification, or one digest of
    /// all that wait where there are more than it may get. Each must be answered by [`Outbox::done`].
    pub fn start(&mut self, now: i64) -> Vec<Notification> {
        self.lanes.values_mut().filter_map(|lane| lane.start(now)).collect()
    }

    /// A try for `channel` ended.
    pub fn done(&mut self, channel: &str, now: i64, outcome: &Outcome) -> Vec<Delivery> {
        let Some(lane) = self.lanes.get_mut(channel) else { return Vec::new() };
        let busy = std::mem::take(&mut lane.busy).min(lane.queue.len());
        if let Outcome::Later { .. } = outcome {
            lane.bucket.give_back();
        }
        let mut deliveries = Vec::with_capacity(busy);
        let mut left = Vec::new();
        for mut waiting in lane.queue.drain(..busy) {
            let delivery = waiting.tried(now, outcome);
            if let Some(due) = delivery.due {
                waiting.due = due;
                left.push(waiting);
            }
            deliveries.push(delivery);
        }
        left.into_iter().rev().for_each(|waiting| lane.queue.push_front(waiting));
        deliveries
    }

    /// When there is something to start, while nothing else happens.
    pub fn next(&mut self, now: i64) -> Option<i64> {
        let idle = self.lanes.values_mut().filter(|lane| lane.busy == 0);
        let next = idle.filter_map(|lane| {
            let due = lane.queue.front()?.due;
            Some(due.max(lane.bucket.next(now)))
        });
        next.min()
    }

    fn lane(&mut self, channel: &str, rate: Rate, now: i64) -> &mut Lane {
        let new = || Lane { queue: VecDeque::new(), bucket: Bucket::new(rate, now), busy: 0 };
        self.lanes.entry(channel.to_owned()).or_insert_with(new)
    }
}

impl Lane {
    fn start(&mut self, now: i64) -> Option<Notification> {
        let head = self.queue.front().filter(|head| self.busy == 0 && head.due <= now)?;
        // A drill shows that the channel works; it must not wait for tokens.
        if head.notification.kind == Kind::Drill {
            self.busy = 1;
            return Some(head.notification.clone());
        }
        let tokens = self.bucket.tokens(now);
        if !self.bucket.take(now) {
            return None;
        }
        self.busy = match self.queue.len() <= tokens {
            true => 1,
            false => self.queue.iter().take_while(|waiting| waiting.notification.kind != Kind::Drill).count(),
        };
        Some(digest(self.queue.iter().take(self.busy).map(|waiting| &waiting.notification)))
    }
}

impl Waiting {
    fn dropped(&self, now: i64) -> Delivery {
        let detail = format!("more than {MOST} notifications wait for the channel");
        let (id, attempts) = (self.notification.id, self.attempts);
        Delivery { id, at: now, result: "dropped", detail, attempts, due: None }
    }

    fn tried(&mut self, now: i64, outcome: &Outcome) -> Delivery {
        let (id, attempts) = (self.notification.id, self.attempts);
        let end =
            |result, detail: &str| Delivery { id, at: now, result, detail: detail.to_owned(), attempts, due: None };
        match outcome {
            Outcome::Sent(detail) => end("sent", detail),
            Outcome::Refused(detail) => end("refused", detail),
            // A drill tells at once that a channel does not work.
            Outcome::Later { message, .. } if self.notification.kind == Kind::Drill => end("refused", message),
            Outcome::Later { message, .. } if now - self.notification.created >= GIVEN_UP => end("expired", message),
            Outcome::Later { message, after } => {
                self.attempts += 1;
                let due = now + wait(self.attempts, *after, &self.notification.key());
                Delivery { attempts: self.attempts, due: Some(due), ..end("later", message) }
            }
        }
    }
}

/// Milliseconds until the next try: what the receiver asked for, else twice as long each time, up to a fifth less so that
/// many agents do not come back at once.
fn wait(attempts: u32, asked: Option<Duration>, key: &str) -> i64 {
    let (first, most) = BACKOFF;
    match asked {
        Some(asked) => i64::try_from(asked.as_millis()).unwrap_or(i64::MAX).clamp(first, GIVEN_UP),
        None => {
            let whole = first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(most);
            let share = crate::base::Labels::new([(key, attempts.to_string().as_str())]).fingerprint() % 200;
            whole - whole * i64::try_from(share).unwrap_or(0) / 1_000
        }
    }
}

/// One notification that says what all of `these` do: of each alert what the last says of it.
fn digest<'a>(mut these: impl Iterator<Item = &'a Notification>) -> Notification {
    let mut all = these.next().cloned().expect("a lane that starts has a head");
    let mut at: HashMap<Fingerprint, usize> = HashMap::new();
    for next in these {
        if at.is_empty() {
            at = all.notices.iter().enumerate().map(|(at, notice)| (notice.fingerprint, at)).collect();
        }
        (all.kind, all.id) = (Kind::Digest, next.id);
        all.group.retain(|pair| next.group.contains(pair));
        for notice in &next.notices {
            match at.get(&notice.fingerprint) {
                Some(at) => all.notices[*at] = Notice::clone(notice),
                None => {
                    at.insert(notice.fingerprint, all.notices.len());
                    all.notices.push(notice.clone());
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notify::plan::sample::alert;

    fn notification(id: i64, name: &str) -> Notification {
        let notices = vec![Notice::of(&alert(&[("alertname", name)]))];
        Notification { id, created: 0, channel: "ops".into(), kind: Kind::Change, group: Vec::new(), notices }
    }

    fn outbox(count: u32, notifications: impl IntoIterator<Item = Notification>) -> Outbox {
        let rate = Rate { count, per: Duration::from_secs(60) };
        let mut outbox = Outbox::new(&[("ops".into(), rate)], Vec::new(), 0);
        notifications.into_iter().for_each(|notification| outbox.push(notification));
        outbox
    }

    const SENT: Outcome = Outcome::Sent(String::new());

    fn ids(deliveries: &[Delivery]) -> Vec<i64> {
        deliveries.iter().map(|delivery| delivery.id).collect()
    }

    #[test]
    fn a_channel_gets_one_after_the_other() {
        let mut outbox = outbox(10, [notification(1, "a"), notification(2, "b")]);
        assert_eq!(outbox.start(0)[0].id, 1);
        assert_eq!((outbox.start(0).len(), outbox.next(0)), (0, None));
        assert_eq!(ids(&outbox.done("ops", 5, &SENT)), [1]);
        assert_eq!(outbox.start(5)[0].id, 2);
        outbox.done("ops", 6, &SENT);
        assert_eq!((outbox.iter().count(), outbox.next(6)), (0, None));
    }

    #[test]
    fn what_is_beyond_the_rate_is_one_digest_of_the_latest() {
        let mut over = notification(3, "a");
        over.notices[0].ends_at = Some(9);
        let mut outbox = outbox(2, [notification(1, "a"), notification(2, "b"), over]);
        let digest = outbox.start(0).remove(0);
        assert_eq!((digest.kind, digest.notices.len()), (Kind::Digest, 2));
        assert_eq!(digest.notices[0].ends_at, Some(9));
        outbox.push(notification(4, "c"));
        assert_eq!(ids(&outbox.done("ops", 5, &SENT)), [1, 2, 3]);
        assert_eq!(outbox.start(5)[0].id, 4);
        outbox.done("ops", 6, &SENT);
        outbox.push(notification(5, "d"));
        assert_eq!((outbox.start(6).len(), outbox.next(6)), (0, Some(30_000)));
        assert_eq!(outbox.start(30_000)[0].id, 5);
    }

    #[test]
    fn a_failure_is_tried_again_later_and_in_order() {
        let mut outbox = outbox(1_000, [notification(1, "a"), notification(2, "b")]);
        let later =
            |after: Option<u64>| Outcome::Later { message: "503".into(), after: after.map(Duration::from_secs) };
        let mut now = 0;
        for expected in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000] {
            assert_eq!(outbox.start(now)[0].id, 1);
            let delivery = outbox.done("ops", now, &later(None)).remove(0);
            let wait = delivery.due.unwrap() - now;
            assert!((expected * 4 / 5..=expected).contains(&wait), "{wait} of {expected}");
            assert_eq!((outbox.start(now + wait - 1).len(), outbox.next(now)), (0, delivery.due));
            now += wait;
        }
        outbox.start(now);
        assert_eq!(outbox.done("ops", now, &later(Some(77)))[0].due, Some(now + 77_000));
        outbox.start(now + 77_000);
        let refused = outbox.done("ops", now, &Outcome::Refused("404".into()));
        assert_eq!((refused[0].result, refused[0].due), ("refused", None));
        assert_eq!(outbox.start(now)[0].id, 2);
        assert_eq!(outbox.done("ops", GIVEN_UP, &later(None))[0].result, "expired");
    }

    #[test]
    fn beyond_a_thousand_the_oldest_is_dropped_and_never_what_is_under_way() {
        let mut outbox = outbox(1_000, (0..998).map(|id| notification(id, "a")));
        outbox.push(Notification { kind: Kind::Drill, ..notification(998, "t") });
        assert_eq!(outbox.make_room(5, &[notification(999, "a")]), []);
        outbox.push(notification(999, "a"));
        assert_eq!(outbox.start(5)[0].id, 998);
        let coming = [notification(1_000, "a"), notification(1_001, "b")];
        let dropped = outbox.make_room(5, &coming);
        assert_eq!(
            dropped.iter().map(|(_, one)| (one.id, one.result, one.due)).collect::<Vec<_>>(),
            [(0, "dropped", None), (1, "dropped", None)]
        );
        coming.into_iter().for_each(|one| outbox.push(one));
        assert_eq!(ids(&outbox.done("ops", 6, &SENT)), [998]);
        assert_eq!(outbox.start(6)[0].id, 2);
    }

    #[test]
    fn a_drill_waits_for_no_token() {
        let mut outbox = outbox(1, [notification(1, "a")]);
        outbox.start(0);
        outbox.done("ops", 0, &SENT);
        outbox.push(Notification { kind: Kind::Drill, ..notification(2, "t") });
        assert_eq!(outbox.start(0)[0].id, 2);
    }
}
