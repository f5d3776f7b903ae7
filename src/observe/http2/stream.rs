//! One stream: a request and its answer, or what it was turned into.

use super::fields::{Becomes, Request, Response};
use crate::event::Side;
use crate::event::exchange::{Outcome, Version, field_lines};
use crate::metrics::grpc::Code;
use crate::metrics::http::Method;
use crate::metrics::websocket::SessionEvent;
use crate::observe::extent::Extent;
use crate::observe::grpc::Call;
use crate::observe::routes::{Finished, Routes};
use crate::observe::traces::{Head, Traceable, is_grpc_failure};
use crate::observe::watch::Note;
use crate::observe::websocket::Session;
use crate::observe::worker::Worker;
use crate::route::Endpoint;
use crate::trace::link::Live;
use crate::wire::websocket::FrameError;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

/// A stream that is open.
pub(super) enum Stream {
    /// A request without a whole answer.
    Exchange(Box<Exchange>),
    /// A WebSocket, until its frames cannot be read.
    WebSocket(Option<Box<Session>>, Option<Side>),
    /// CONNECT: bytes.
    Tunnel,
}

/// A request without a whole answer. Counted as active until it is dropped.
pub(super) struct Exchange {
    routes: Rc<Routes>,
    started: Instant,
    method: Method,
    endpoint: Endpoint,
    becomes: Becomes,
    request_size: u64,
    /// The answer's status and when its head was here.
    answer: Option<(u16, Instant)>,
    response_size: u64,
    /// What is to come of the answer.
    extent: Extent,
    call: Option<Call>,
    client: IpAddr,
    note: Option<Note>,
    trace: Option<Traceable>,
    live: Option<Live>,
}

/// How a stream ended before its time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// By RST_STREAM with this code.
    Reset(Side, u32),
    /// With its connection, which this side ended first.
    Connection(Side),
}

impl Stream {
    /// A stream that `request` opens, and what becomes of its head.
    pub(super) fn open(worker: &Worker, client: IpAddr, now: Instant, request: &Request<'_>) -> (Self, Head) {
        let routes = worker.routes();
        routes.metrics().active.inc();
        let (endpoint, is_marked) = routes.endpoint(request.path);
        let method = request.method.as_str();
        let rate = routes.rate(endpoint, request.path);
        let head = rate.map(|rate| worker.tracing.borrow_mut().head(now, rate, request.trace)).unwrap_or_default();
        let sampled = head.traceable.is_some_and(|trace| trace.is_sampled());
        let note = worker.watch.borrow_mut().fields(method, request.path, request.lines, is_marked, sampled);
        let name = || routes.name(endpoint, 0);
        let live = worker.tracing.borrow().open(&head, name, field_lines(request.lines));
        let exchange = Exchange {
            started: now,
            method: request.method,
            endpoint,
            becomes: request.becomes,
            request_size: 0,
            answer: None,
            response_size: 0,
            extent: Extent::default(),
            call: request.is_grpc.then(|| Call::new(&worker.grpc, request.path)),
            client,
            note,
            trace: head.traceable,
            live,
            routes,
        };
        (Self::Exchange(Box::new(exchange)), head)
    }

    /// Where fields of the answer are kept as lines, if they are.
    pub(super) fn kept(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Exchange(x) => x.note.as_mut().map(|note| &mut note.exchange.response.head),
            Self::WebSocket(..) | Self::Tunnel => None,
        }
    }

    /// The fields of an answer's head, an interim one's, or of trailers.
    pub(super) fn answer(&mut self, worker: &Worker, now: Instant, response: &Response, is_last: bool) {
        let Self::Exchange(x) = self else { return };
        if let (Some(call), Some(code)) = (&mut x.call, response.grpc) {
            call.told(code);
        }
        let Some(status) = response.status.filter(|status| *status >= 200) else { return };
        x.answer = Some((status, now));
        if let Some(note) = &mut x.note {
            note.answer_begins();
        }
        if let (Some(call), 200, false, None) = (&mut x.call, status, is_last, response.grpc) {
            call.prove(&worker.grpc);
        }
        let accepted = matches!(status, 200..=299) && !is_last;
        let websocket = &worker.families.websocket;
        match x.becomes {
            Becomes::WebSocket if accepted => {
                let endpoint = x.routes.name(x.endpoint, status);
                let talk = worker.watch.borrow().talk(x.note.as_ref());
                let trace = worker.tracing.borrow_mut().session(x.trace);
                let session = Session::open(worker, endpoint, now, talk, trace, x.live.take());
                self.turn(worker, now, Self::WebSocket(Some(Box::new(session)), None));
            }
            Becomes::WebSocket => websocket.event(&x.routes.name(x.endpoint, status), SessionEvent::Rejected),
            Becomes::Tunnel if accepted => self.turn(worker, now, Self::Tunnel),
            // A call's status comes behind its content.
            _ if x.call.is_some() => {}
            _ => x.extent = Extent::of(x.method == Method::Head, status, response.length),
        }
    }

    /// The exchange ends with its head, and the stream goes on as something else.
    fn turn(&mut self, worker: &Worker, now: Instant, into: Self) {
        if let Self::Exchange(mut x) = std::mem::replace(self, into) {
            x.finish(worker, now);
        }
    }

    /// Content from `side`.
    pub(super) fn data(&mut self, now: Instant, side: Side, bytes: &[u8]) -> Result<(), FrameError> {
        match self {
            Self::Exchange(x) => {
                match side {
                    Side::Client => x.request_size += bytes.len() as u64,
                    Side::Gateway => x.response_size += bytes.len() as u64,
                }
                match (side, &mut x.note) {
                    (Side::Client, Some(note)) => note.request_body(bytes),
                    (Side::Gateway, Some(note)) => note.response_body(bytes),
                    (_, None) => {}
                }
                if let Some(call) = &mut x.call {
                    call.bytes(side, bytes);
                }
                if side == Side::Gateway {
                    x.extent.take(bytes.len());
                }
            }
            Self::WebSocket(session, _) => {
                if let Some(open) = session
                    && let Err(error) = open.bytes(now, side, bytes)
                {
                    *session = None;
                    return Err(error);
                }
            }
            Self::Tunnel => {}
        }
        Ok(())
    }

    /// The client has sent all.
    pub(super) fn half_closed(&mut self) {
        if let Self::WebSocket(_, first) = self {
            first.get_or_insert(Side::Client);
        }
    }

    /// Whether the client has all there is, so that its leaving breaks nothing off.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Exchange(x) if x.extent.is_whole())
    }

    /// The gateway has sent all.
    pub(super) fn end(self, worker: &Worker, now: Instant) {
        match self {
            Self::Exchange(mut x) if x.answer.is_some() => x.finish(worker, now),
            // It ended the stream without an answer.
            Self::Exchange(mut x) => x.cut(worker, now, Cut::Connection(Side::Gateway)),
            Self::WebSocket(session, first) => end(session, now, first.unwrap_or(Side::Gateway), worker),
            Self::Tunnel => {}
        }
    }

    /// The stream ended before its time.
    pub(super) fn cut(self, worker: &Worker, now: Instant, cut: Cut) {
        let (Cut::Reset(by, _) | Cut::Connection(by)) = cut;
        match self {
            Self::Exchange(mut x) if by == Side::Client && x.extent.is_whole() => x.finish(worker, now),
            Self::Exchange(mut x) => x.cut(worker, now, cut),
            Self::WebSocket(session, first) => end(session, now, first.unwrap_or(by), worker),
            Self::Tunnel => {}
        }
    }
}

fn end(session: Option<Box<Session>>, now: Instant, first: Side, worker: &Worker) {
    if let Some(session) = session {
        session.end(now, first, worker);
    }
}

impl Exchange {
    fn finish(&mut self, worker: &Worker, now: Instant) {
        let Some((status, began)) = self.answer else { return };
        let code = self.call.as_ref().map(|call| match (call.code(), status) {
            (Some(code), _) => code,
            (None, 200) => Code::Unknown,
            (None, status) => Code::of_http(status),
        });
        self.tell(worker, now, code, Outcome::Whole);
        self.routes.finish(
            now,
            &Finished {
                method: self.method,
                endpoint: self.endpoint,
                status,
                route_status: if code == Some(Code::Unimplemented) { 404 } else { status },
                duration: now.duration_since(self.started),
                first_byte: began.duration_since(self.started),
                request_size: self.request_size,
                response_size: self.response_size,
            },
        );
        if let (Some(call), Some(code)) = (self.call.take(), code) {
            call.end(&worker.grpc, code);
        }
    }

    /// Tells what was noted of it.
    fn tell(&mut self, worker: &Worker, now: Instant, code: Option<Code>, outcome: Outcome) {
        let status = self.answer.map_or(0, |(status, _)| status);
        let failed = outcome == Outcome::Gateway || code.map_or(status >= 500, |code| is_grpc_failure(code as u16));
        let trace = worker.tracing.borrow().end(now, self.started, failed, self.trace.take());
        let mut note = self.note.take();
        let mut watch = worker.watch.borrow_mut();
        if let Some(note) = &mut note {
            let has_failed = code.is_some_and(|code| code != Code::Ok);
            watch.answer_fields(note, status, has_failed);
            note.tell |= self.becomes == Becomes::WebSocket;
        }
        watch.end(note, trace, |exchange| {
            (exchange.client, exchange.version) = (self.client, Version::Http2);
            (exchange.started, exchange.ended, exchange.outcome) = (self.started, now, outcome);
            (exchange.status, exchange.began) = self.answer.unzip();
            exchange.grpc = code.map(|code| code as u16);
            exchange.is_websocket = self.becomes == Becomes::WebSocket;
            exchange.method = self.method.as_str();
            exchange.endpoint = self.routes.name(self.endpoint, exchange.status.unwrap_or(0));
            (exchange.request.size, exchange.response.size) = (self.request_size, self.response_size);
        });
    }

    fn cut(&mut self, worker: &Worker, now: Instant, cut: Cut) {
        let metrics = self.routes.metrics();
        let (by, code) = match cut {
            Cut::Reset(by, code) => (by, Code::of_reset(code)),
            Cut::Connection(Side::Client) => (Side::Client, Code::Cancelled),
            Cut::Connection(Side::Gateway) => (Side::Gateway, Code::Unavailable),
        };
        match by {
            Side::Client => metrics.aborted_by_client.inc(),
            Side::Gateway => metrics.aborted_by_gateway.inc(),
        }
        if let Some((status, _)) = self.answer {
            self.routes.cut_short(self.method, self.endpoint, status);
        }
        let call = self.call.take();
        let told = call.as_ref().map(|call| call.code().unwrap_or(code));
        self.tell(worker, now, told, if by == Side::Client { Outcome::Client } else { Outcome::Gateway });
        if let (Some(call), Some(code)) = (call, told) {
            call.end(&worker.grpc, code);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.routes.metrics().active.dec();
    }
}
