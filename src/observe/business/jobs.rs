//! Work that goes on after the answer: accepted with an id, and done when a poll or a message says so.

use super::content;
use super::rule::Verdict;
use super::values::{Places, Reading, Values};
use crate::config::business::{Job, Source};
use crate::event::exchange::MessageRecord;
use crate::route::Pattern;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// Jobs of one rule that are waited for at once.
const LIMIT: usize = 10_000;

/// The jobs of one rule.
pub(super) struct Jobs {
    config: Job,
    poll: Option<Pattern>,
    id: Places,
    state: Places,
    message: Option<Places>,
    pending: HashMap<String, Pending>,
    /// All of one rule wait equally long, so the oldest gives up first.
    order: VecDeque<(Instant, String)>,
}

struct Pending {
    labels: Vec<String>,
    started: Instant,
}

/// A job that is over: the labels it began with, when that was, and what came of it.
type Over = (Vec<String>, Instant, Verdict);

impl Jobs {
    pub(super) fn new(config: &Job) -> Self {
        let message = config.message_id.as_ref().map(|id| Places::new(vec![id.clone(), in_message(&config.state)]));
        Self {
            poll: config.poll.as_ref().map(Pattern::from),
            id: Places::new(vec![config.id.clone()]),
            state: Places::new(vec![config.state.clone()]),
            message,
            config: config.clone(),
            pending: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether an accepted request began a job that is waited for; `Err` where there are too many.
    pub(super) fn begin(&mut self, values: &Values<'_>, patterns: &[Pattern], labels: &[String]) -> Result<bool, ()> {
        let mut found = values.read(&self.id, patterns, Reading::IfJson);
        let Some(id) = found.values.pop().flatten() else { return Ok(false) };
        if self.pending.len() >= LIMIT {
            return Err(());
        }
        let started = values.exchange.started;
        self.order.push_back((started + self.config.timeout, id.clone()));
        self.pending.insert(id, Pending { labels: labels.to_vec(), started });
        Ok(true)
    }

    /// What a poll says of a job that is waited for.
    pub(super) fn poll(&mut self, values: &Values<'_>) -> Option<Over> {
        if self.pending.is_empty() {
            return None;
        }
        let id = self.poll.as_ref()?.parameters(values.exchange.target())?.into_iter().next()?;
        let id = String::from_utf8(id).ok().filter(|id| self.pending.contains_key(id))?;
        if !content::is_json(&values.exchange.response) {
            return None;
        }
        let state = values.read(&self.state, &[], Reading::Always).values.pop()??;
        self.settle(&id, &state)
    }

    /// What a message says of a job that is waited for.
    pub(super) fn message(&mut self, message: &MessageRecord) -> Option<Over> {
        let mut values = self.message.as_ref()?.message(message.payload.as_deref()?)?;
        let (state, id) = (values.pop()??, values.pop()??);
        self.settle(&id, &state)
    }

    fn settle(&mut self, id: &str, state: &str) -> Option<Over> {
        let verdict = match state {
            state if self.config.done.iter().any(|done| done == state) => Verdict::Success,
            state if self.config.failed.iter().any(|failed| failed == state) => Verdict::Failure,
            _ => return None,
        };
        let Pending { labels, started } = self.pending.remove(id)?;
        Some((labels, started, verdict))
    }

    /// The labels of a job that nothing was heard of in time.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Vec<String>> {
        while self.order.front().is_some_and(|(deadline, _)| *deadline <= now) {
            let (deadline, id) = self.order.pop_front()?;
            // An id that was used again since waits from then on.
            let is_due = |job: &Pending| job.started + self.config.timeout <= deadline;
            if self.pending.get(&id).is_some_and(is_due) {
                return self.pending.remove(&id).map(|job| job.labels);
            }
        }
        None
    }
}

/// Where a message has the state: the pointer of a poll's answer holds for it as well.
fn in_message(state: &Source) -> Source {
    match state {
        Source::Response(pointer) => Source::Websocket(pointer.clone()),
        other => other.clone(),
    }
}
