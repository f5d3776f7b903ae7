//! One direction of a relay: reads what is there, shows it, writes it on at once, and keeps only what would block.

use super::stream::Stream;
use crate::event::{Edits, HELD};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Bytes taken in one read.
const READ: usize = 64 * 1024;

/// Buffers that all connections of a worker share: what passes without blocking needs none of its own.
pub struct Scratch {
    read: Box<[u8]>,
    edited: Vec<u8>,
    edits: Edits,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { read: vec![0; READ].into(), edited: Vec::new(), edits: Edits::default() }
    }
}

impl Scratch {
    /// Room for a read.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.read
    }
}

/// One direction's state between two polls.
#[derive(Default)]
pub struct Direction {
    /// Read, and not written yet, because the other side does not take it.
    pending: Vec<u8>,
    sent: usize,
    /// Written, and perhaps not on its way yet: TLS has a buffer of its own.
    unflushed: bool,
    /// Bytes that are shown again in front of what comes next.
    held: [u8; HELD],
    held_len: u8,
    end: Phase,
    /// What may not go on at all, and nothing behind it.
    declined: Option<Box<[u8]>>,
    /// The other direction was told of a reset of this one's source, and nobody is told twice.
    reset: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The end was read; it is passed on when all is written.
    Read,
    /// The end was passed on.
    Passed,
}

/// What may be done with bytes that were seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// How many of them go on.
    pub gone: usize,
    /// Whether the rest does not go on at all. Else it is shown again.
    pub declined: bool,
}

/// Why a direction stands still.
#[derive(Debug)]
pub enum Stop {
    /// What comes next was declined.
    Declined,
    /// The end has just been passed on.
    Ended,
    /// The end was passed on before.
    Over,
    /// Reading failed: its source was reset.
    Source(io::Error),
    /// Writing failed: its target was reset.
    Target(io::Error),
}

impl Direction {
    /// Whether all that was read is written.
    pub fn is_flushed(&self) -> bool {
        self.pending.is_empty() && !self.unflushed && self.held_len == 0
    }

    /// The source was reset, which a write to it has shown: where its bytes stop from now on is no end in order.
    pub fn source_was_reset(&mut self) {
        self.reset = true;
    }

    /// What was declined.
    pub fn take_declined(&mut self) -> Option<Box<[u8]>> {
        self.declined.take()
    }

    /// Moves what can be moved from `source` to `target`; `see` is shown every byte once, may edit, and says how many go on.
    pub fn pump<S: Stream, T: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut S,
        target: &mut T,
        scratch: &mut Scratch,
        mut see: impl FnMut(&[u8], &mut Edits) -> Seen,
    ) -> Poll<Stop> {
        loop {
            if (self.unflushed || !self.pending.is_empty())
                && let Err(error) = ready!(self.flush(cx, target))
            {
                return Poll::Ready(Stop::Target(error));
            }
            if self.declined.is_some() {
                return Poll::Ready(Stop::Declined);
            }
            match self.end {
                Phase::Open => {}
                Phase::Read => {
                    // The target may be gone already, which reading from it tells.
                    let _ = ready!(Pin::new(&mut *target).poll_shutdown(cx));
                    self.end = Phase::Passed;
                    return Poll::Ready(Stop::Ended);
                }
                Phase::Passed => return Poll::Ready(Stop::Over),
            }
            let held = usize::from(self.held_len);
            scratch.read[..held].copy_from_slice(&self.held[..held]);
            let mut into = ReadBuf::new(&mut scratch.read[held..]);
            if let Err(error) = ready!(Pin::new(&mut *source).poll_read(cx, &mut into)) {
                return Poll::Ready(Stop::Source(error));
            }
            let read = into.filled().len();
            if read == 0 && self.reset {
                return Poll::Ready(Stop::Source(io::ErrorKind::ConnectionReset.into()));
            }
            if read == 0 {
                self.end = Phase::Read;
                self.pending.extend_from_slice(&self.held[..held]);
                self.held_len = 0;
                continue;
            }
            let Scratch { read: buffer, edited, edits } = scratch;
            let bytes = &buffer[..held + read];
            edits.clear();
            let Seen { gone, declined } = see(bytes, edits);
            let (bytes, rest) = bytes.split_at(gone);
            if declined {
                self.declined = Some(rest.into());
            }
            let rest = if declined { &[] } else { rest };
            self.held[..rest.len()].copy_from_slice(rest);
            self.held_len = rest.len() as u8;
            let bytes = if edits.is_empty() {
                bytes
            } else {
                edited.clear();
                edits.apply(bytes, edited);
                &edited[..]
            };
            if let Err(error) = self.write(cx, target, bytes) {
                return Poll::Ready(Stop::Target(error));
            }
        }
    }

    /// Writes `bytes` as far as the target takes them, and keeps the rest.
    fn write<T: Stream>(&mut self, cx: &mut Context<'_>, target: &mut T, mut bytes: &[u8]) -> io::Result<()> {
        self.unflushed = !bytes.is_empty();
        while !bytes.is_empty() {
            match Pin::new(&mut *target).poll_write(cx, bytes) {
                Poll::Ready(written) => bytes = &bytes[written?..],
                Poll::Pending => {
                    self.pending.extend_from_slice(bytes);
                    break;
                }
            }
        }
        Ok(())
    }

    fn flush<T: Stream>(&mut self, cx: &mut Context<'_>, target: &mut T) -> Poll<io::Result<()>> {
        while self.sent < self.pending.len() {
            self.sent += ready!(Pin::new(&mut *target).poll_write(cx, &self.pending[self.sent..]))?;
        }
        // An idle connection holds no buffer.
        self.pending = Vec::new();
        self.sent = 0;
        ready!(Pin::new(target).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}
