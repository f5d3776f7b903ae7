//! A reset on its way to the other side. It does not overtake what was sent before it: a kernel that is told to reset a connection
//! throws away what it has not sent yet.

use crate::event::Side;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The first wait between two looks. Each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(1);
/// The last one: who has taken nothing for four seconds by then is not waited for.
const LAST: Duration = Duration::from_millis(2048);

/// A reset that waits.
pub struct Reset {
    /// Who is gone.
    pub of: Side,
    /// Whether all that it sent was read.
    pub is_read: bool,
    wait: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Reset {
    /// The reset of a side's connection.
    pub fn of(of: Side, is_read: bool) -> Self {
        Self { of, is_read, wait: FIRST, sleep: Box::pin(sleep(FIRST)) }
    }

    /// Ready when it is time to look again; whether there is a next time.
    pub fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        ready!(self.sleep.as_mut().poll(cx));
        self.wait *= 2;
        self.sleep.as_mut().reset(Instant::now() + self.wait);
        Poll::Ready(self.wait <= LAST)
    }
}
