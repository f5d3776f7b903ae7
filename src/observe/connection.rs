//! One connection, from its first bytes on: they tell the protocol, and what the gateway says before is kept for it. No byte
//! waits for that.

use super::edits::Address;
use super::http1::Http1;
use super::http2::Http2;
use super::worker::Worker;
use crate::event::{Awaited, Edits, End, Observer, Side};
use crate::metrics::road::Opaque;
use crate::wire::sniff::{HTTP2_PREFACE, Protocol, sniff};
use crate::wire::tls;
use std::rc::Rc;
use std::time::Instant;

/// How much of what the gateway says first is kept: an HTTP/2 gateway's settings, a greeting.
const KEPT: usize = 4096;

/// The observer.
pub enum Connection {
    /// In front of the first byte, or in a start that could be several protocols.
    Start(Start),
    /// HTTP/1, and what it turns into.
    Http1(Http1),
    /// HTTP/2.
    Http2(Box<Http2>),
    /// Not looked at.
    Opaque(Rc<Worker>),
    /// TLS that is not ours to end: its bytes are counted.
    Tls(Rc<Worker>),
}

/// A connection whose protocol is not known yet.
pub struct Start {
    worker: Rc<Worker>,
    client: Address,
    /// What the client has sent; it has gone on already.
    sent: Vec<u8>,
    /// What the gateway has sent.
    gateway: Vec<u8>,
}

impl Connection {
    /// For a connection from `client`.
    pub fn new(worker: Rc<Worker>, client: Address) -> Self {
        Self::Start(Start { worker, client, sent: Vec::new(), gateway: Vec::new() })
    }

    fn opaque(worker: Rc<Worker>, reason: Opaque) -> Self {
        worker.opaque(reason);
        Self::Opaque(worker)
    }

    /// Goes on as what the client's bytes say, these with it.
    fn begin(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        let Self::Start(start) = self else { return bytes.len() };
        let Some(protocol) = start.sniff(bytes) else {
            start.sent.extend_from_slice(bytes);
            return bytes.len();
        };
        let sent = std::mem::take(&mut start.sent);
        let (worker, client, gateway) = (start.worker.clone(), start.client, std::mem::take(&mut start.gateway));
        match protocol {
            Protocol::Http1 => {
                let mut http1 = Http1::new(worker, client, now, &sent);
                http1.gateway_bytes(now, &gateway);
                let gone = http1.client_bytes(now, bytes, edits);
                *self = Self::Http1(http1);
                gone
            }
            Protocol::Http2 => {
                let preface = HTTP2_PREFACE.len() - sent.len();
                let mut http2 = Box::new(Http2::new(worker, client));
                http2.gateway_bytes(now, &gateway);
                let gone = http2.read_client(now, bytes, preface, edits);
                *self = Self::Http2(http2);
                gone
            }
            Protocol::Tls => {
                // A host's name is no person's, but it is the client's word: it goes no further than this line.
                tracing::debug!(server_name = tls::server_name(bytes).unwrap_or("?"), "TLS passes unopened");
                worker.opaque(Opaque::Tls);
                *self = Self::Tls(worker);
                self.gateway_bytes(now, &gateway);
                self.client_bytes(now, &sent, edits);
                self.client_bytes(now, bytes, edits)
            }
            Protocol::Unknown => {
                *self = Self::opaque(worker, Opaque::Unknown);
                bytes.len()
            }
        }
    }
}

impl Start {
    /// The protocol of what was carried and what comes behind it.
    fn sniff(&self, bytes: &[u8]) -> Option<Protocol> {
        if self.sent.is_empty() {
            return sniff(bytes);
        }
        let start: Vec<u8> = self.sent.iter().chain(bytes).take(HTTP2_PREFACE.len()).copied().collect();
        sniff(&start)
    }
}

impl Observer for Connection {
    fn client_bytes(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        match self {
            Self::Http1(http1) => http1.client_bytes(now, bytes, edits),
            Self::Http2(http2) => http2.read_client(now, bytes, 0, edits),
            Self::Start(_) => self.begin(now, bytes, edits),
            Self::Opaque(_) => bytes.len(),
            Self::Tls(worker) => {
                worker.families.road.tls_bytes_in.inc_by(bytes.len() as u64);
                bytes.len()
            }
        }
    }

    fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]) {
        match self {
            Self::Http1(http1) => http1.gateway_bytes(now, bytes),
            Self::Http2(http2) => http2.gateway_bytes(now, bytes),
            Self::Start(start) if start.gateway.len() + bytes.len() <= KEPT => start.gateway.extend_from_slice(bytes),
            Self::Start(start) => *self = Self::opaque(start.worker.clone(), Opaque::Unknown),
            Self::Opaque(_) => {}
            Self::Tls(worker) => worker.families.road.tls_bytes_out.inc_by(bytes.len() as u64),
        }
    }

    fn ended(&mut self, now: Instant, side: Side, end: End) {
        match self {
            Self::Http1(http1) => http1.ended(now, side, end),
            Self::Http2(http2) => http2.ended(now, side),
            Self::Start(_) | Self::Opaque(_) | Self::Tls(_) => {}
        }
    }

    fn closed(&mut self, now: Instant) {
        match self {
            Self::Http1(http1) => http1.closed(now),
            Self::Http2(http2) => http2.closed(now),
            Self::Start(_) | Self::Opaque(_) | Self::Tls(_) => {}
        }
    }

    fn is_idle(&self) -> bool {
        match self {
            Self::Http1(http1) => http1.is_idle(),
            Self::Http2(http2) => http2.is_idle(),
            Self::Start(start) => start.sent.is_empty(),
            Self::Opaque(_) | Self::Tls(_) => false,
        }
    }

    fn may_ask(&self) -> bool {
        match self {
            Self::Http1(http1) => http1.may_ask(),
            Self::Start(_) => true,
            Self::Http2(_) | Self::Opaque(_) | Self::Tls(_) => false,
        }
    }

    fn awaited(&self) -> Option<Awaited> {
        match self {
            Self::Http1(http1) => http1.awaited(),
            _ => None,
        }
    }
}
