//! The families of WebSocket sessions and messages.

use super::family::Family;
use super::registry::Registry;
use super::sizes::{Sizes, Tally};
use crate::config::Buckets;
use prometheus::{Histogram, IntCounter, IntGauge};

pub(super) const MESSAGES: &str = "websocket_messages_total";
pub(super) const SESSIONS: &str = "websocket_connections_active";

/// All of them.
pub struct WebSocketMetrics {
    connections: Family<IntCounter>,
    active: Family<IntGauge>,
    duration: Family<Histogram>,
    closes: Family<IntCounter>,
    /// By [`Direction`] and [`MessageType`].
    messages: [[MessageHandles; 5]; 2],
}

/// Upper bounds of session durations, seconds: a page's visit to a working day.
const SESSION_SECONDS: [f64; 12] =
    [0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0, 28_800.0, 86_400.0];

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Client to gateway.
    Inbound,
    /// Gateway to client.
    Outbound,
}

impl Direction {
    /// As labels have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MessageType {
    Text,
    Binary,
    Ping,
    Pong,
    Close,
}

impl MessageType {
    /// As labels have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Close => "close",
        }
    }
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The gateway answered 101.
    Opened,
    /// It ended with a close frame.
    Closed,
    /// It ended without one.
    Aborted,
    /// The gateway answered something else.
    Rejected,
}

impl SessionEvent {
    fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Aborted => "aborted",
            Self::Rejected => "rejected",
        }
    }
}

/// Handles of one direction and type of message.
struct MessageHandles {
    /// Messages, not frames.
    count: IntCounter,
    /// Bytes of payload as sent.
    size: Sizes,
}

/// Messages of one worker, by [`Direction`] and [`MessageType`]: a read has many of them, and what a scrape sees is written once.
pub struct MessageTally([[Tallied; 5]; 2]);

/// What is not shown yet, and where it will be.
struct Tallied {
    count: IntCounter,
    size: Tally,
}

/// The messages of one read, which are shown when this is dropped, by a panic too.
pub struct Counting<'a>(&'a mut [Tallied; 5]);

impl MessageTally {
    /// Counts the messages of a read.
    pub fn read(&mut self, direction: Direction) -> Counting<'_> {
        Counting(&mut self.0[direction as usize])
    }
}

impl Counting<'_> {
    /// A message of so many bytes.
    #[inline]
    pub fn message(&mut self, kind: MessageType, size: u64) {
        self.0[kind as usize].size.observe(size);
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        for tallied in self.0.iter_mut() {
            match tallied.size.show() {
                0 => {}
                messages => tallied.count.inc_by(messages),
            }
        }
    }
}

impl WebSocketMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry, buckets: &Buckets) -> Self {
        let messages: Family<IntCounter> =
            Family::register(registry, MESSAGES, "Messages, however many frames they came in.", &["direction", "type"]);
        let sizes: Family<Sizes> = Family::with_buckets(
            registry,
            "websocket_message_size_bytes",
            "Payload of messages as sent, compressed where they are.",
            &["direction", "type"],
            &buckets.size,
        );
        let handles = |labels: [&str; 2]| MessageHandles { count: messages.with(&labels), size: sizes.with(&labels) };
        Self {
            connections: Family::register(
                registry,
                "websocket_connections_total",
                "What happened to WebSocket connections.",
                &["endpoint", "event"],
            ),
            active: Family::register(registry, SESSIONS, "WebSocket connections that are open.", &["endpoint"]),
            duration: Family::with_buckets(
                registry,
                "websocket_session_duration_seconds",
                "From the 101 to the end of the connection.",
                &["endpoint"],
                &SESSION_SECONDS,
            ),
            closes: Family::register(
                registry,
                "websocket_closes_total",
                "Ends of sessions by close code (RFC 6455 §7.4) and by who began it; 1006 without a close frame.",
                &["code", "initiator"],
            ),
            messages: ["inbound", "outbound"]
                .map(|direction| ["text", "binary", "ping", "pong", "close"].map(|kind| handles([direction, kind]))),
        }
    }

    /// What a worker counts messages with.
    pub fn tally(&self) -> MessageTally {
        let tallied = |handles: &MessageHandles| Tallied { count: handles.count.clone(), size: handles.size.tally() };
        MessageTally(self.messages.each_ref().map(|kinds| kinds.each_ref().map(tallied)))
    }

    /// Counts an event.
    pub fn event(&self, endpoint: &str, event: SessionEvent) {
        self.connections.with(&[endpoint, event.as_str()]).inc();
    }

    /// Counts a session's end. `code` is bounded: 1000–1015 as they are, `3xxx`, `4xxx` and `other`.
    pub fn close(&self, code: u16, initiator: &str) {
        let exact;
        let code = match code {
            1000..=1015 => {
                exact = code.to_string();
                &*exact
            }
            3000..=3999 => "3xxx",
            4000..=4999 => "4xxx",
            _ => "other",
        };
        self.closes.with(&[code, initiator]).inc();
    }

    /// Open sessions of an endpoint.
    pub fn active(&self, endpoint: &str) -> IntGauge {
        self.active.with(&[endpoint])
    }

    /// Durations of an endpoint's sessions, seconds.
    pub fn duration(&self, endpoint: &str) -> Histogram {
        self.duration.with(&[endpoint])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn what_was_counted_before_a_panic_is_shown() {
        let registry = Registry::new();
        let buckets = Buckets { duration: vec![1.0], size: vec![6.0, 10.0] };
        let metrics = WebSocketMetrics::register(&registry, &buckets);
        let mut tally = metrics.tally();
        let broken = catch_unwind(AssertUnwindSafe(|| {
            let mut counting = tally.read(Direction::Inbound);
            counting.message(MessageType::Text, 5);
            counting.message(MessageType::Text, 7);
            assert!(metrics.messages[0][0].count.get() == 1, "nothing is shown before the read is over");
        }));
        let text = &metrics.messages[0][0];
        assert!(broken.is_err());
        let size = prometheus::core::Metric::metric(&text.size);
        let size = size.get_histogram();
        assert_eq!((text.count.get(), size.get_sample_count(), size.get_sample_sum()), (2, 2, 12.0));
    }
}
