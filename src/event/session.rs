//! A WebSocket session that is over, as plain data. Told only where it has a span.

use super::Context;
use std::sync::Arc;
use std::time::Instant;

/// Messages of one session that are noted, at most.
pub const MESSAGES_NOTED: usize = 128;

/// A session.
#[derive(Debug)]
pub struct Session {
    /// Its place in the trace: its parent is the handshake.
    pub context: Context,
    /// The endpoint's template.
    pub endpoint: Arc<str>,
    /// When the 101 passed.
    pub started: Instant,
    /// When the connection was over.
    pub ended: Instant,
    /// What the client sent.
    pub inbound: Volume,
    /// What the gateway sent.
    pub outbound: Volume,
    /// The code of the first close frame, or what RFC 6455 §7.4.1 has for none.
    pub close_code: u16,
    /// Who closed: `client` or `gateway`.
    pub initiator: &'static str,
    /// Messages that were noted, by `tracing.message_events`.
    pub messages: Vec<Message>,
    /// Messages that were to be noted and found no room.
    pub messages_left_out: u32,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Volume {
    /// Messages, control frames included.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

/// A message that was noted.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// When its last byte passed.
    pub at: Instant,
    /// `inbound` or `outbound`.
    pub direction: &'static str,
    /// As the label `type` has it.
    pub kind: &'static str,
    /// Bytes of its payload.
    pub size: u64,
}

impl Session {
    /// Bytes that it holds.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.messages.capacity() * size_of::<Message>()
    }
}
