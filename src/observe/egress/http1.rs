//! Calls over HTTP/1 on one connection. What cannot be told apart for certain is not looked at any more; what is in flight is
//! followed to its end.

use super::attribute;
use super::calls::{Calls, Told};
use crate::event::exchange::Outcome;
use crate::event::{Awaited, Decline, Edits, End, Side};
use crate::observe::http1::{Carry, Piece};
use crate::service::Ending;
use crate::service::pair::{Call, Kind, Pair};
use crate::wire::http1::{self, Body, RequestHead, Upgrade};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Calls in flight on one connection that are followed.
const PIPELINE_LIMIT: usize = 1024;

/// The reader.
pub(super) struct Http1 {
    inbound: Inbound,
    outbound: Outbound,
    in_flight: VecDeque<InFlight>,
    /// Asked for at its first byte; its head is not whole.
    asked: Option<Call>,
    declined: Option<Decline>,
    /// How many more calls may begin; `None` is any number.
    left: Option<u32>,
    first_end: Option<Side>,
}

enum Inbound {
    Head(Carry),
    Body(Body),
    /// Behind a request to become something else, which is not answered; nothing has come since.
    Undecided,
    Opaque,
}

enum Outbound {
    Head(Carry),
    Body(Body),
    Opaque,
}

/// A call without a whole answer.
struct InFlight {
    /// Gone when it was settled already: the gateway does not wait any more.
    call: Option<Call>,
    is_head: bool,
    is_connect: bool,
    upgrade: Upgrade,
    status: Option<u16>,
    /// What becomes its span, if it has one, and where it is counted.
    told: Told,
}

/// What a request's head says.
struct Request {
    in_flight: InFlight,
    body: Body,
    len: usize,
}

impl Http1 {
    /// For a connection that has begun with `sent`, which has gone on already.
    pub(super) fn new(pair: &Pair, now: Instant, sent: &[u8]) -> Self {
        let mut carry = Carry::default();
        if !sent.is_empty() {
            carry.add(now, sent);
        }
        Self {
            inbound: Inbound::Head(carry),
            outbound: Outbound::Head(Carry::default()),
            in_flight: VecDeque::new(),
            asked: None,
            declined: None,
            left: (pair.kind() == Kind::Single).then_some(1),
            first_end: None,
        }
    }

    /// Reads what the gateway sends; how many bytes may go on. What may not is declined.
    pub(super) fn client_bytes(
        &mut self,
        pair: &mut Pair,
        now: Instant,
        bytes: &[u8],
        calls: &Calls,
        edits: &mut Edits,
    ) -> usize {
        let mut at = 0;
        while at < bytes.len() && self.declined.is_none() {
            match &mut self.inbound {
                Inbound::Head(carry) if carry.is_empty() && matches!(bytes[at], b'\r' | b'\n') => at += 1,
                Inbound::Head(_) => match self.head(pair, now, &bytes[at..], at as isize, calls, edits) {
                    Some(taken) => at += taken,
                    None => self.inbound = Inbound::Opaque,
                },
                Inbound::Body(body) => match body.advance(&bytes[at..], |_| {}) {
                    Ok(step) => {
                        at += step.taken;
                        if step.done {
                            self.follow(Body::NONE);
                        }
                    }
                    Err(_) => self.inbound = Inbound::Opaque,
                },
                Inbound::Undecided => self.inbound = Inbound::Opaque,
                Inbound::Opaque => return bytes.len(),
            }
        }
        at
    }

    /// Reads a head that begins at `at` of what is edited; how many bytes it took, none when it is declined. `None` if it is no head.
    fn head(
        &mut self,
        pair: &mut Pair,
        now: Instant,
        bytes: &[u8],
        at: isize,
        calls: &Calls,
        edits: &mut Edits,
    ) -> Option<usize> {
        let Inbound::Head(carry) = &mut self.inbound else { return None };
        let mut carry = std::mem::take(carry);
        if carry.is_empty() {
            if self.left == Some(0) {
                return self.decline(Decline::Next);
            }
            // Whose call it is may be known only by its head; if so that must be whole to be declined.
            if pair.is_attributed() && self.asked.is_none() {
                match pair.ask(now) {
                    Ok(call) => self.asked = Some(call),
                    Err(left) => return self.decline(Decline::Rejected(left)),
                }
            }
            let asked = &mut self.asked;
            let read = http1::request(bytes, |head| match ask(pair, now, head, asked) {
                Ok(()) => Ok(request(pair, now, head, at, calls, edits)),
                Err(left) => Err(left),
            });
            if let Some(request) = read.ok()? {
                let request = match request {
                    Ok(request) => request,
                    Err(left) => return self.decline(Decline::Rejected(left)),
                };
                let len = request.len;
                self.take(pair, now, request);
                return Some(len);
            }
        }
        let mut from = 0;
        loop {
            let carried = carry.bytes().len() as isize;
            let end = match carry.add(now, &bytes[from..]) {
                Piece::More | Piece::Line(_) => {
                    self.inbound = Inbound::Head(carry);
                    return Some(bytes.len());
                }
                Piece::TooLong => return None,
                Piece::Ends(end) => from + end,
            };
            match http1::request(carry.bytes(), |head| {
                request(pair, now, head, at + from as isize - carried, calls, edits)
            })
            .ok()?
            {
                Some(request) if request.len == carry.bytes().len() => {
                    self.take(pair, now, request);
                    return Some(end);
                }
                Some(_) => return None,
                None => from = end,
            }
        }
    }

    fn decline(&mut self, decline: Decline) -> Option<usize> {
        self.declined = Some(decline);
        self.inbound = Inbound::Head(Carry::default());
        Some(0)
    }

    /// A request's head is here.
    fn take(&mut self, pair: &mut Pair, now: Instant, request: Request) {
        let Request { mut in_flight, body, .. } = request;
        let mut call = self.asked.take().unwrap_or_else(|| pair.pass(now));
        call.started = now;
        pair.begin();
        if call.is_withheld {
            in_flight.told.withheld();
        }
        in_flight.call = Some(call);
        self.in_flight.push_back(in_flight);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
        self.follow(body);
    }

    /// What comes behind a head or a body.
    fn follow(&mut self, body: Body) {
        self.inbound = match body {
            Body::Ambiguous => Inbound::Opaque,
            body if !body.is_none() => Inbound::Body(body),
            _ if self.in_flight.len() > PIPELINE_LIMIT => Inbound::Opaque,
            _ if self.in_flight.back().is_some_and(|x| x.upgrade != Upgrade::No) => Inbound::Undecided,
            _ => Inbound::Head(Carry::default()),
        };
    }

    /// Reads what the service sends.
    pub(super) fn gateway_bytes(&mut self, pair: &Pair, now: Instant, bytes: &[u8], calls: &Calls) {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.outbound {
                Outbound::Head(_) => match self.answer_head(&bytes[at..], now) {
                    Some((taken, answer)) => {
                        at += taken;
                        if let Some((status, body)) = answer {
                            self.answer(pair, now, status, body, calls);
                        }
                    }
                    None => self.outbound = Outbound::Opaque,
                },
                Outbound::Body(body) => match body.advance(&bytes[at..], |_| {}) {
                    Ok(step) => {
                        at += step.taken;
                        if step.done {
                            self.outbound = Outbound::Head(Carry::default());
                            self.finish(pair, now, calls);
                        }
                    }
                    Err(_) => {
                        self.outbound = Outbound::Body(Body::Ambiguous);
                        self.inbound = Inbound::Opaque;
                    }
                },
                Outbound::Opaque => return,
            }
        }
    }

    /// Reads an answer's head: how many bytes it took, and what it says once it is whole. `None` if it is no head.
    fn answer_head(&mut self, bytes: &[u8], now: Instant) -> Option<(usize, Option<(u16, Body)>)> {
        let Outbound::Head(carry) = &mut self.outbound else { return None };
        let mut carry = std::mem::take(carry);
        let see = |head: &http1::ResponseHead<'_>| (head.bytes.len(), head.status, head.body);
        if carry.is_empty()
            && let Some((len, status, body)) = http1::response(bytes, see).ok()?
        {
            return Some((len, Some((status, body))));
        }
        let mut from = 0;
        loop {
            let end = match carry.add(now, &bytes[from..]) {
                Piece::More | Piece::Line(_) => {
                    self.outbound = Outbound::Head(carry);
                    return Some((bytes.len(), None));
                }
                Piece::TooLong => return None,
                Piece::Ends(end) => from + end,
            };
            match http1::response(carry.bytes(), see).ok()? {
                Some((len, status, body)) if len == carry.bytes().len() => return Some((end, Some((status, body)))),
                Some(_) => return None,
                None => from = end,
            }
        }
    }

    fn answer(&mut self, pair: &Pair, now: Instant, status: u16, body: Body, calls: &Calls) {
        self.outbound = Outbound::Head(Carry::default());
        if status < 200 && status != 101 {
            return;
        }
        let Some(x) = self.in_flight.front_mut() else {
            // An answer to nothing, such as a 408 on an idle connection.
            self.outbound = if body.is_none() { Outbound::Head(Carry::default()) } else { Outbound::Body(body) };
            return;
        };
        x.status = Some(status);
        x.told.answered(now, status);
        let (is_head, upgrade) = (x.is_head, std::mem::replace(&mut x.upgrade, Upgrade::No));
        if status == 101 || (x.is_connect && (200..300).contains(&status)) {
            self.finish(pair, now, calls);
            (self.inbound, self.outbound) = (Inbound::Opaque, Outbound::Opaque);
            return;
        }
        if upgrade != Upgrade::No && matches!(self.inbound, Inbound::Undecided) {
            self.inbound = Inbound::Head(Carry::default());
        }
        match body {
            _ if is_head || matches!(status, 204 | 304) || body.is_none() => self.finish(pair, now, calls),
            Body::Ambiguous => (self.outbound, self.inbound) = (Outbound::Body(body), Inbound::Opaque),
            body => self.outbound = Outbound::Body(body),
        }
    }

    /// The oldest call's answer is whole.
    fn finish(&mut self, pair: &Pair, now: Instant, calls: &Calls) {
        if let Some(InFlight { call: Some(call), status: Some(status), told, .. }) = self.in_flight.pop_front() {
            calls.end(now, Outcome::Whole, Some(status), told);
            pair.end(call, Some(status), Ending::Answered(status), now);
        }
    }

    /// Nothing that is in flight will be answered whole.
    fn abort(&mut self, pair: &Pair, now: Instant, calls: &Calls) {
        for x in &mut self.in_flight {
            let Some(call) = x.call.take() else { continue };
            let (ending, outcome) = match self.first_end {
                Some(Side::Client) => (Ending::GivenUp(now.saturating_duration_since(call.started)), Outcome::Client),
                _ => (Ending::Broken, Outcome::Gateway),
            };
            calls.end(now, outcome, x.status, std::mem::take(&mut x.told));
            pair.end(call, x.status, ending, now);
        }
        if let Some(call) = self.asked.take() {
            pair.give_back(&call, now);
        }
    }

    pub(super) fn ended(&mut self, pair: &Pair, now: Instant, side: Side, end: End, calls: &Calls) {
        self.first_end.get_or_insert(side);
        if side == Side::Gateway {
            let until_end = matches!(self.outbound, Outbound::Body(Body::UntilClose | Body::Ambiguous));
            if end == End::Finished && until_end {
                self.finish(pair, now, calls);
            }
        }
        // A gateway that ends its side has left: no client of HTTP waits for an answer on a connection that it closes.
        self.abort(pair, now, calls);
        if side == Side::Gateway {
            self.in_flight.clear();
        }
    }

    pub(super) fn closed(&mut self, pair: &Pair, now: Instant, calls: &Calls) {
        self.abort(pair, now, calls);
        self.in_flight.clear();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && matches!(&self.inbound, Inbound::Head(carry) if carry.is_empty())
    }

    pub(super) fn may_ask(&self) -> bool {
        matches!(self.inbound, Inbound::Head(_))
    }

    pub(super) fn awaited(&self) -> Option<Awaited> {
        self.in_flight.front().map(|x| Awaited { body: !x.is_head })
    }

    pub(super) fn declined(&self) -> Option<Decline> {
        self.declined
    }

    pub(super) fn resume(&mut self) {
        self.declined = None;
        if let Some(left) = &mut self.left {
            *left += 1;
        }
    }
}

/// Asks for the call that `head` begins, unless that is done: one that is rejected is not made, so nothing is counted of it here.
fn ask(pair: &mut Pair, now: Instant, head: &RequestHead<'_>, asked: &mut Option<Call>) -> Result<(), Duration> {
    attribute(pair, head);
    if asked.is_none() {
        *asked = Some(pair.ask(now)?);
    }
    Ok(())
}

fn request(
    pair: &mut Pair,
    now: Instant,
    head: &RequestHead<'_>,
    base: isize,
    calls: &Calls,
    edits: &mut Edits,
) -> Request {
    attribute(pair, head);
    Request {
        in_flight: InFlight {
            call: None,
            is_head: head.method == "HEAD",
            is_connect: head.method == "CONNECT",
            upgrade: head.upgrade,
            status: None,
            told: calls.head(now, pair, head, base, edits),
        },
        body: head.body,
        len: head.bytes.len(),
    }
}
