//! One WebSocket session: what both directions say after the 101.

use super::watch::Talk;
use super::worker::Worker;
use crate::event::session::{MESSAGES_NOTED, Message as Noted, Session as Told, Volume};
use crate::event::{Context, Side};
use crate::metrics::WebSocketMetrics;
use crate::metrics::websocket::{Counting, Direction, MessageTally, MessageType, SessionEvent};
use crate::trace::link::Live;
use crate::wire::websocket::{FrameError, Kind, Message, Scanner, See, Unread};
use prometheus::IntGauge;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// "No status received" and "closed abnormally" of RFC 6455 §7.4.1: codes that are never sent.
const NO_STATUS: u16 = 1005;
const ABNORMAL: u16 = 1006;

/// A session that is open. Counted as active until it is dropped.
pub struct Session {
    metrics: Arc<WebSocketMetrics>,
    messages: Rc<RefCell<MessageTally>>,
    endpoint: Arc<str>,
    started: Instant,
    inbound: Scanner,
    outbound: Scanner,
    /// The first close frame: its code and who sent it.
    close: Option<(u16, Side)>,
    active: IntGauge,
    talk: Option<Talk>,
    trace: Option<Trace>,
    /// What is said in it may cause calls, as its handshake may.
    _live: Option<Live>,
}

/// What becomes its span.
struct Trace {
    told: Box<Told>,
    /// Share of messages that are noted, and what is due of the next one.
    share: f64,
    due: f64,
}

impl Session {
    /// A session whose 101 passed at `now`. Where somebody reads its messages, they are told to `talk`; `trace` is its place in a
    /// trace and the share of messages that are noted there.
    pub(super) fn open(
        worker: &Worker,
        endpoint: Arc<str>,
        now: Instant,
        talk: Option<Talk>,
        trace: Option<(Context, f64)>,
        live: Option<Live>,
    ) -> Self {
        let (metrics, messages) = (worker.families.websocket.clone(), worker.messages.clone());
        metrics.event(&endpoint, SessionEvent::Opened);
        let active = metrics.active(&endpoint);
        active.inc();
        let (mut inbound, mut outbound) = (Scanner::default(), Scanner::default());
        if let Some(talk) = &talk {
            [&mut inbound, &mut outbound].into_iter().for_each(|scanner| scanner.keep(talk.limit));
        }
        let trace = trace.map(|(context, share)| Trace::new(context, &endpoint, now, share));
        Self {
            metrics,
            messages,
            endpoint,
            started: now,
            inbound,
            outbound,
            close: None,
            active,
            talk,
            trace,
            _live: live,
        }
    }

    /// Counts the messages that end in `bytes` from `side`.
    pub fn bytes(&mut self, now: Instant, side: Side, bytes: &[u8]) -> Result<(), FrameError> {
        let (scanner, direction) = match side {
            Side::Client => (&mut self.inbound, Direction::Inbound),
            Side::Gateway => (&mut self.outbound, Direction::Outbound),
        };
        let mut tally = self.messages.borrow_mut();
        let (talk, trace) = (self.talk.as_ref(), self.trace.as_mut());
        let heard =
            Heard { now, side, direction, counting: tally.read(direction), close: &mut self.close, talk, trace };
        scanner.scan(bytes, heard)
    }

    /// The connection is over; `first` sent its end first. What has a span is told by `worker`.
    pub(super) fn end(mut self, now: Instant, first: Side, worker: &Worker) {
        let (event, (code, initiator)) = match self.close {
            Some(close) => (SessionEvent::Closed, close),
            None => (SessionEvent::Aborted, (ABNORMAL, first)),
        };
        self.metrics.event(&self.endpoint, event);
        let initiator = if initiator == Side::Client { "client" } else { "gateway" };
        self.metrics.close(code, initiator);
        if let Some(Trace { mut told, .. }) = self.trace.take() {
            (told.ended, told.close_code, told.initiator) = (now, code, initiator);
            worker.watch.borrow().session(told);
        }
        self.metrics.duration(&self.endpoint).observe(now.duration_since(self.started).as_secs_f64());
    }
}

/// What a read's messages are told to.
struct Heard<'a> {
    now: Instant,
    side: Side,
    direction: Direction,
    counting: Counting<'a>,
    close: &'a mut Option<(u16, Side)>,
    talk: Option<&'a Talk>,
    trace: Option<&'a mut Trace>,
}

impl Heard<'_> {
    #[inline(always)]
    fn count(&mut self, kind: MessageType, size: u64) {
        self.counting.message(kind, size);
        if let Some(trace) = &mut self.trace {
            trace.message(self.now, self.direction, kind, size);
        }
    }
}

impl See for Heard<'_> {
    fn message(&mut self, Message { kind, size }: Message, text: Result<&[u8], Unread>) {
        if let (Some(talk), Kind::Text) = (self.talk, kind) {
            talk.tell(self.now, text);
        }
        let kind = match kind {
            Kind::Text => MessageType::Text,
            Kind::Binary => MessageType::Binary,
            Kind::Ping => MessageType::Ping,
            Kind::Pong => MessageType::Pong,
            Kind::Close(code) => {
                self.close.get_or_insert((code.unwrap_or(NO_STATUS), self.side));
                MessageType::Close
            }
        };
        self.count(kind, size);
    }

    // Who reads texts has them kept, so these are nobody's.
    #[inline(always)]
    fn data(&mut self, kind: Kind, size: u64) {
        self.count(if kind == Kind::Text { MessageType::Text } else { MessageType::Binary }, size);
    }
}

impl Trace {
    fn new(context: Context, endpoint: &Arc<str>, now: Instant, share: f64) -> Self {
        let told = Told {
            context,
            endpoint: endpoint.clone(),
            started: now,
            ended: now,
            inbound: Volume::default(),
            outbound: Volume::default(),
            close_code: ABNORMAL,
            initiator: "gateway",
            messages: Vec::new(),
            messages_left_out: 0,
        };
        Self { told: Box::new(told), share, due: 0.0 }
    }

    #[inline]
    fn message(&mut self, now: Instant, direction: Direction, kind: MessageType, size: u64) {
        let side = match direction {
            Direction::Inbound => &mut self.told.inbound,
            Direction::Outbound => &mut self.told.outbound,
        };
        side.messages += 1;
        side.bytes += size;
        self.due += self.share;
        if self.due < 1.0 {
            return;
        }
        self.note(now, direction, kind, size);
    }

    /// One of those that are due.
    #[cold]
    fn note(&mut self, now: Instant, direction: Direction, kind: MessageType, size: u64) {
        self.due -= 1.0;
        if self.told.messages.len() < MESSAGES_NOTED {
            self.told.messages.push(Noted { at: now, direction: direction.as_str(), kind: kind.as_str(), size });
        } else {
            self.told.messages_left_out = self.told.messages_left_out.saturating_add(1);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.active.dec();
    }
}
