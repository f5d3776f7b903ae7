//! What the gateway sends.

use super::carry::{Carry, Piece};
use super::{Http1, InFlight};
use crate::event::Side;
use crate::metrics::http::Method;
use crate::metrics::road::Opaque;
use crate::wire::http1::{self, Body, Upgrade};
use std::time::Instant;

/// Where the gateway's stream stands.
pub(super) enum Outbound {
    /// In a head, or between two answers.
    Head(Carry),
    /// In a body.
    Body(Body),
    /// In WebSocket frames.
    WebSocket,
    /// Not looked at.
    Opaque,
}

/// An answer's head.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    body: Body,
    /// Length of the head.
    len: usize,
}

impl Outbound {
    pub(super) fn new() -> Self {
        Self::Head(Carry::default())
    }

    /// Whether the end of the connection is the end of the answer.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self, Self::Body(Body::UntilClose | Body::Ambiguous))
    }
}

impl Http1 {
    /// Reads what the gateway sent.
    pub(super) fn read_gateway(&mut self, now: Instant, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.outbound {
                Outbound::Head(_) => at += self.read_answer(now, &bytes[at..]),
                Outbound::Body(body) => match body.advance(&bytes[at..], |content| {
                    if let Some(x) = self.in_flight.front_mut() {
                        x.response_body(content);
                    }
                }) {
                    Ok(step) => {
                        at += step.taken;
                        if step.done {
                            self.outbound = Outbound::new();
                            self.finish(now);
                        }
                    }
                    // The exchange lasts as long as the connection does.
                    Err(fault) => {
                        at += fault.at;
                        self.outbound = Outbound::Body(Body::Ambiguous);
                        self.opaque(Side::Gateway, Opaque::Ambiguous);
                    }
                },
                Outbound::WebSocket => {
                    self.session_bytes(now, Side::Gateway, &bytes[at..]);
                    return;
                }
                Outbound::Opaque => return,
            }
        }
    }

    /// Reads a head; how many bytes it took.
    fn read_answer(&mut self, now: Instant, rest: &[u8]) -> usize {
        let Outbound::Head(mut carry) = std::mem::replace(&mut self.outbound, Outbound::Opaque) else {
            return rest.len();
        };
        let mut note = self.in_flight.front_mut().and_then(|x| x.note.as_mut());
        let worker = &self.worker;
        let mut see = |head: &http1::ResponseHead<'_>| {
            #[cfg(feature = "chaos")]
            crate::observe::chaos::strike_head("answer", head.fields);
            if let Some(note) = &mut note
                && (head.status >= 200 || head.status == 101)
            {
                worker.watch.borrow().answer(note, head);
            }
            Answer { status: head.status, body: head.body, len: head.bytes.len() }
        };
        // What is wrong is told further down, where it does not matter how much of the head is here.
        if carry.is_empty()
            && let Ok(Some(answer)) = http1::response(rest, &mut see)
        {
            self.answer(now, now, answer);
            return answer.len;
        }
        let mut from = 0;
        loop {
            let end = match carry.add(now, &rest[from..]) {
                Piece::More | Piece::Line(_) if !http1::may_be_response(carry.bytes()) => return self.not_http(rest),
                Piece::Line(len) if http1::response(&carry.bytes()[..len], |_| ()).is_err() => {
                    return self.not_http(rest);
                }
                Piece::More | Piece::Line(_) => {
                    self.outbound = Outbound::Head(carry);
                    return rest.len();
                }
                Piece::TooLong => return self.not_http(rest),
                Piece::Ends(end) => from + end,
            };
            match http1::response(carry.bytes(), &mut see) {
                Ok(Some(answer)) if answer.len == carry.bytes().len() => {
                    self.answer(now, carry.began().unwrap_or(now), answer);
                    return end;
                }
                Ok(None) => from = end,
                _ => return self.not_http(rest),
            }
        }
    }

    /// What the gateway sends is not HTTP/1, so nothing that is in flight can be followed to its end.
    fn not_http(&mut self, rest: &[u8]) -> usize {
        self.outbound = Outbound::Opaque;
        self.opaque(Side::Gateway, Opaque::Malformed);
        rest.len()
    }

    /// An answer's head is here; its first byte came at `began`. `self.outbound` is to be set.
    fn answer(&mut self, now: Instant, began: Instant, answer: Answer) {
        let Answer { status, body, .. } = answer;
        if status < 200 && status != 101 {
            self.outbound = Outbound::new();
            return;
        }
        let Some(x) = self.in_flight.front_mut() else { return self.unasked(status, body) };
        let &mut InFlight { method, endpoint, upgrade, .. } = x;
        x.answer = Some((status, began));
        match (upgrade, status) {
            (Upgrade::WebSocket, 101) => {
                self.open_session(now);
                self.outbound = Outbound::WebSocket;
                return self.become_websocket(now);
            }
            (_, 101) => {
                self.finish(now);
                return self.opaque(Side::Gateway, Opaque::Upgrade);
            }
            (Upgrade::Other, 200..=299) if method == Method::Connect => {
                self.finish(now);
                return self.opaque(Side::Gateway, Opaque::Upgrade);
            }
            (Upgrade::WebSocket, _) => self.reject_session(endpoint, status),
            _ => {}
        }
        if upgrade != Upgrade::No {
            if let Some(x) = self.in_flight.front_mut() {
                x.upgrade = Upgrade::No;
            }
            self.stay_http(now);
        }
        match body {
            _ if method == Method::Head || matches!(status, 204 | 304) => self.whole(now),
            Body::Length(0) => self.whole(now),
            Body::Ambiguous => {
                self.outbound = Outbound::Body(body);
                self.opaque(Side::Gateway, Opaque::Ambiguous);
            }
            body => self.outbound = Outbound::Body(body),
        }
    }

    /// The answer is whole with its head.
    fn whole(&mut self, now: Instant) {
        self.outbound = Outbound::new();
        self.finish(now);
    }

    /// An answer to nothing, such as a 408 on an idle connection: passed over, if its end can be found.
    fn unasked(&mut self, status: u16, body: Body) {
        self.outbound = match body {
            _ if matches!(self.inbound, super::Inbound::Opaque) => Outbound::Opaque,
            _ if status == 101 => Outbound::Opaque,
            Body::Length(0) => Outbound::new(),
            body => Outbound::Body(body),
        };
    }
}
