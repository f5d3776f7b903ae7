//! One exporter's life: it waits for a batch or for time to pass, sends, and tries again with growing pauses.

use super::queue::{Item, Outlet};
use super::send::{Failure, Sender};
use crate::config::tracing::Exporter;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// The first pause, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// A batch that was tried for so long is given up: what comes behind it is newer.
const PATIENCE: Duration = Duration::from_secs(300);

/// An order to send what waits.
pub(super) struct Flush {
    pub(super) reply: oneshot::Sender<Report>,
}

/// What became of a flush.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Report {
    /// The exporter.
    pub exporter: String,
    /// Spans that were sent since the flush began.
    pub sent: u64,
    /// Spans that found the queue full since it began.
    pub dropped: u64,
    /// Spans that were given up since it began.
    pub failed: u64,
    /// Spans that wait still, because the other side cannot be reached; they are tried again.
    pub pending: u64,
    /// What kept them.
    pub error: Option<String>,
}

struct Run {
    outlet: Outlet,
    sender: Sender,
    timeout: Duration,
    /// A batch that failed, and since when.
    failed: Option<(Vec<Arc<Item>>, Instant)>,
    pause: Duration,
    /// When to look next.
    due: Instant,
    delay: Duration,
}

/// Runs until the orders end, and then sends what is left.
pub(super) async fn run(outlet: Outlet, config: Exporter, sender: Sender, mut orders: mpsc::UnboundedReceiver<Flush>) {
    let (delay, timeout) = (config.delay, config.timeout);
    let due = Instant::now() + delay;
    let mut run = Run { outlet, sender, timeout, failed: None, pause: PAUSES[0], due, delay };
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Flush { reply }) => drop(reply.send(run.flush().await)),
                None => break drop(run.flush().await),
            },
            () = sleep_until(run.due) => run.turn().await,
            () = run.outlet.full(), if run.failed.is_none() => run.turn().await,
        }
    }
}

impl Run {
    /// Sends all that makes whole batches, or all if it is time, until an attempt fails.
    async fn turn(&mut self) {
        while self.attempt().await && self.outlet.len() > 0 && self.due <= Instant::now() {}
        if self.failed.is_none() {
            self.due = Instant::now() + self.delay;
        }
    }

    /// Sends all that waits now, until an attempt fails.
    async fn flush(&mut self) -> Report {
        let metrics = self.outlet.metrics().clone();
        let before = [metrics.sent.get(), metrics.dropped.get(), metrics.failed.get()];
        let mut left = self.outlet.len() + self.failed.as_ref().map_or(0, |(batch, _)| batch.len());
        while left > 0 {
            let was = metrics.sent.get() + metrics.failed.get();
            if !self.attempt().await {
                break;
            }
            left = left.saturating_sub((metrics.sent.get() + metrics.failed.get() - was) as usize);
        }
        let [sent, dropped, failed] =
            [metrics.sent.get() - before[0], metrics.dropped.get() - before[1], metrics.failed.get() - before[2]];
        let error = self.outlet.trouble().filter(|_| left > 0 || failed > 0);
        Report { exporter: self.outlet.name().to_owned(), sent, dropped, failed, pending: left as u64, error }
    }

    /// One attempt with one batch. False if it is to be made again.
    async fn attempt(&mut self) -> bool {
        let now = Instant::now();
        let (batch, since) = self.failed.take().unwrap_or_else(|| (self.outlet.take(), now));
        if batch.is_empty() {
            return true;
        }
        let count = batch.len();
        let sent = tokio::time::timeout(self.timeout, self.sender.send(&batch)).await;
        let sent = sent.unwrap_or_else(|_| Err(Failure::later(format!("no answer within {:?}", self.timeout))));
        let metrics = self.outlet.metrics();
        match sent {
            Ok(rejected) => {
                let rejected = rejected.min(count as u64);
                metrics.sent.inc_by(count as u64 - rejected);
                metrics.failed.inc_by(rejected);
                let refused = (rejected > 0).then(|| format!("{rejected} spans were refused"));
                if self.outlet.say(refused).is_some() {
                    tracing::info!(exporter = self.outlet.name(), "spans are sent again");
                }
                self.pause = PAUSES[0];
            }
            Err(Failure { message, again, after }) => {
                if self.outlet.say(Some(message.clone())).is_none() {
                    tracing::warn!(exporter = self.outlet.name(), error = %message, again, "spans are not sent");
                }
                if again && now + self.pause < since + PATIENCE {
                    metrics.retries.inc();
                    self.due = Instant::now() + after.unwrap_or(jitter(self.pause)).min(PATIENCE);
                    self.pause = (self.pause * 2).min(PAUSES[1]);
                    self.failed = Some((batch, since));
                    return false;
                }
                metrics.failed.inc_by(count as u64);
            }
        }
        self.outlet.done(count);
        true
    }
}

/// Between half and all of it, so that many pods do not come back at once.
fn jitter(pause: Duration) -> Duration {
    use rand::Rng as _;
    pause.mul_f64(rand::rng().random_range(0.5..=1.0))
}
