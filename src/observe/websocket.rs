//! One WebSocket session: what both directions say after the 101.

use super::watch::Talk;
use crate::event::Side;
use crate::metrics::WebSocketMetrics;
use crate::metrics::websocket::{Direction, MessageType, SessionEvent};
use crate::wire::websocket::{FrameError, Kind, Message, Scanner};
use prometheus::IntGauge;
use std::sync::Arc;
use std::time::Instant;

/// "No status received" and "closed abnormally" of RFC 6455 §7.4.1: codes that are never sent.
const NO_STATUS: u16 = 1005;
const ABNORMAL: u16 = 1006;

/// A session that is open. Counted as active until it is dropped.
pub struct Session {
    metrics: Arc<WebSocketMetrics>,
    endpoint: Arc<str>,
    started: Instant,
    inbound: Scanner,
    outbound: Scanner,
    /// The first close frame: its code and who sent it.
    close: Option<(u16, Side)>,
    active: IntGauge,
    talk: Option<Talk>,
}

impl Session {
    /// A session whose 101 passed at `now`. Where somebody reads its messages, they are told to `talk`.
    pub fn open(metrics: Arc<WebSocketMetrics>, endpoint: Arc<str>, now: Instant, talk: Option<Talk>) -> Self {
        metrics.event(&endpoint, SessionEvent::Opened);
        let active = metrics.active(&endpoint);
        active.inc();
        let (mut inbound, mut outbound) = (Scanner::default(), Scanner::default());
        if let Some(talk) = &talk {
            [&mut inbound, &mut outbound].into_iter().for_each(|scanner| scanner.keep(talk.limit));
        }
        Self { metrics, endpoint, started: now, inbound, outbound, close: None, active, talk }
    }

    /// Counts the messages that end in `bytes` from `side`.
    pub fn bytes(&mut self, now: Instant, side: Side, bytes: &[u8]) -> Result<(), FrameError> {
        let (scanner, direction) = match side {
            Side::Client => (&mut self.inbound, Direction::Inbound),
            Side::Gateway => (&mut self.outbound, Direction::Outbound),
        };
        let (metrics, close, talk) = (&self.metrics, &mut self.close, &self.talk);
        scanner.scan(bytes, |Message { kind, size }, text| {
            if let (Some(talk), Kind::Text) = (talk, kind) {
                talk.tell(now, text);
            }
            let kind = match kind {
                Kind::Text => MessageType::Text,
                Kind::Binary => MessageType::Binary,
                Kind::Ping => MessageType::Ping,
                Kind::Pong => MessageType::Pong,
                Kind::Close(code) => {
                    close.get_or_insert((code.unwrap_or(NO_STATUS), side));
                    MessageType::Close
                }
            };
            let handles = metrics.message(direction, kind);
            handles.count.inc();
            handles.size.observe(size as f64);
        })
    }

    /// The connection is over; `first` sent its end first.
    pub fn end(self, now: Instant, first: Side) {
        let (event, (code, initiator)) = match self.close {
            Some(close) => (SessionEvent::Closed, close),
            None => (SessionEvent::Aborted, (ABNORMAL, first)),
        };
        self.metrics.event(&self.endpoint, event);
        self.metrics.close(code, if initiator == Side::Client { "client" } else { "gateway" });
        self.metrics.duration(&self.endpoint).observe(now.duration_since(self.started).as_secs_f64());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.active.dec();
    }
}
