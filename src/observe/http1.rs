//! One connection that begins as HTTP/1: which exchanges are in flight on it, and what it turns into.
//!
//! Bytes whose meaning is not certain make the connection opaque: requests in flight are still answered and counted, what
//! follows is not looked at. Nothing is edited behind a boundary that two readers could place differently.
//!
//! - `inbound`: what the client sends
//! - `outbound`: what the gateway sends
//! - `carry`: a head that comes in pieces

mod carry;
mod inbound;
mod outbound;
#[cfg(test)]
mod tests;

use super::edits::Address;
use super::routes::{Finished, Routes};
use super::traces::Traceable;
use super::watch::Note;
use super::websocket::Session;
use super::worker::Worker;
use crate::event::exchange::{Outcome, Version};
use crate::event::{Awaited, Edits, End, Observer, Side};
use crate::metrics::http::Method;
use crate::metrics::road::Opaque;
use crate::metrics::websocket::SessionEvent;
use crate::route::Endpoint;
use crate::trace::link::Live;
use crate::wire::http1::Upgrade;
pub(super) use carry::{Carry, Piece};
use inbound::Inbound;
use outbound::Outbound;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

/// Requests in flight on one connection that are followed.
const PIPELINE_LIMIT: usize = 1024;

/// The observer.
pub struct Http1 {
    worker: Rc<Worker>,
    routes: Rc<Routes>,
    client: Address,
    /// Requests without a whole answer, oldest first.
    in_flight: VecDeque<InFlight>,
    inbound: Inbound,
    outbound: Outbound,
    session: Option<Box<Session>>,
    /// Who stopped sending first.
    first_end: Option<Side>,
}

/// A request without a whole answer.
struct InFlight {
    started: Instant,
    method: Method,
    endpoint: Endpoint,
    upgrade: Upgrade,
    request_size: u64,
    /// The answer's status and when it began, once its head is here.
    answer: Option<(u16, Instant)>,
    response_size: u64,
    note: Option<Note>,
    version: Version,
    trace: Option<Traceable>,
    live: Option<Live>,
}

impl InFlight {
    fn request_body(&mut self, content: &[u8]) {
        self.request_size += content.len() as u64;
        if let Some(note) = &mut self.note {
            note.request_body(content);
        }
    }

    fn response_body(&mut self, content: &[u8]) {
        self.response_size += content.len() as u64;
        if let Some(note) = &mut self.note {
            note.response_body(content);
        }
    }
}

impl Http1 {
    /// For a connection from `client` that has begun with the bytes `sent`, which have gone on already.
    pub(super) fn new(worker: Rc<Worker>, client: Address, now: Instant, sent: &[u8]) -> Self {
        let routes = worker.routes();
        let mut http1 = Self {
            worker,
            routes,
            client,
            in_flight: VecDeque::new(),
            inbound: Inbound::head(),
            outbound: Outbound::new(),
            session: None,
            first_end: None,
        };
        http1.read_client(now, sent, None);
        http1
    }

    /// What the client sends is not looked at any more; answers to what is in flight are.
    fn opaque(&mut self, by: Side, reason: Opaque) {
        if !matches!(self.inbound, Inbound::Opaque) {
            match by {
                Side::Client => self.worker.opaque(reason),
                Side::Gateway => self.worker.families.road.opaque(reason),
            }
            self.inbound = Inbound::Opaque;
        }
        if self.in_flight.is_empty() {
            self.outbound = Outbound::Opaque;
        }
    }

    /// The oldest exchange is over, its answer whole.
    fn finish(&mut self, now: Instant) {
        let Some(mut x) = self.in_flight.pop_front() else { return };
        self.routes.metrics().active.dec();
        let Some((status, began)) = x.answer else { return };
        self.tell(now, &mut x, Outcome::Whole);
        self.routes.finish(
            now,
            &Finished {
                method: x.method,
                endpoint: x.endpoint,
                status,
                route_status: status,
                duration: now.duration_since(x.started),
                first_byte: began.duration_since(x.started),
                request_size: x.request_size,
                response_size: x.response_size,
            },
        );
    }

    /// Tells what was noted of an exchange that is over.
    fn tell(&self, now: Instant, x: &mut InFlight, outcome: Outcome) {
        let failed = outcome == Outcome::Gateway || x.answer.is_some_and(|(status, _)| status >= 500);
        let trace = self.worker.tracing.borrow().end(now, x.started, failed, x.trace.take());
        self.worker.watch.borrow_mut().end(x.note.take(), trace, |exchange| {
            (exchange.client, exchange.version) = (self.client.ip(), x.version);
            (exchange.started, exchange.ended, exchange.outcome) = (x.started, now, outcome);
            (exchange.status, exchange.began) = x.answer.unzip();
            exchange.method = x.method.as_str();
            exchange.endpoint = self.routes.name(x.endpoint, exchange.status.unwrap_or(0));
            (exchange.request.size, exchange.response.size) = (x.request_size, x.response_size);
        });
    }

    /// Nothing that is in flight will be answered.
    fn abort(&mut self, now: Instant) {
        let (metrics, outcome) = (
            self.routes.metrics(),
            match self.first_end {
                Some(Side::Client) => Outcome::Client,
                _ => Outcome::Gateway,
            },
        );
        let by = if outcome == Outcome::Client { &metrics.aborted_by_client } else { &metrics.aborted_by_gateway };
        for mut x in std::mem::take(&mut self.in_flight) {
            metrics.active.dec();
            by.inc();
            self.tell(now, &mut x, outcome);
            if let Some((status, _)) = x.answer {
                self.routes.cut_short(x.method, x.endpoint, status);
            }
        }
    }

    /// The oldest exchange became a WebSocket.
    fn open_session(&mut self, now: Instant) {
        let Some(x) = self.in_flight.front_mut() else { return };
        let live = x.live.take();
        let endpoint = self.routes.name(x.endpoint, 101);
        let talk = self.worker.watch.borrow().talk(x.note.as_ref());
        let trace = self.worker.tracing.borrow_mut().session(x.trace);
        self.session = Some(Box::new(Session::open(&self.worker, endpoint, now, talk, trace, live)));
        self.finish(now);
        // A session lasts, and no request comes any more.
        self.in_flight.shrink_to_fit();
    }

    /// The gateway answered a handshake with `status`, and no WebSocket.
    fn reject_session(&mut self, endpoint: Endpoint, status: u16) {
        self.worker.families.websocket.event(&self.routes.name(endpoint, status), SessionEvent::Rejected);
    }

    fn session_bytes(&mut self, now: Instant, side: Side, bytes: &[u8]) {
        if let Some(session) = &mut self.session
            && session.bytes(now, side, bytes).is_err()
        {
            self.outbound = Outbound::Opaque;
            self.opaque(side, Opaque::WebSocket);
        }
    }
}

impl Observer for Http1 {
    fn client_bytes(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        self.read_client(now, bytes, Some(edits))
    }

    fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.read_gateway(now, bytes);
    }

    fn ended(&mut self, now: Instant, side: Side, end: End) {
        self.first_end.get_or_insert(side);
        if side == Side::Gateway {
            if end == End::Finished && self.outbound.ends_with_connection() {
                self.finish(now);
            }
            self.abort(now);
        }
    }

    fn closed(&mut self, now: Instant) {
        self.abort(now);
        if let Some(session) = self.session.take() {
            session.end(now, self.first_end.unwrap_or(Side::Gateway), &self.worker);
        }
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.inbound.is_between_requests()
    }

    fn may_ask(&self) -> bool {
        matches!(self.inbound, Inbound::Head(_))
    }

    fn awaited(&self) -> Option<Awaited> {
        self.in_flight.front().map(|x| Awaited { body: x.method != Method::Head })
    }
}

/// Dropped without [`Observer::closed`] (a panic, a stop at once): what is active is not any more.
impl Drop for Http1 {
    fn drop(&mut self) {
        self.in_flight.drain(..).for_each(|_| self.routes.metrics().active.dec());
    }
}
