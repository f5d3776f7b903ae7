//! One connection of the gateway's to a service: the gateway is the client here, and the service answers. What is counted of it is
//! `service::Pair`'s to know; here it is read. A trace's context that a call carries is edited, and nothing else.
//!
//! A call that the breaker rejects, or whose way another must find, is declined at its first byte: none of it goes on.
//!
//! - `calls`: what makes the observers, and spans of calls
//! - `http1`: calls over HTTP/1
//! - `http2`: calls over HTTP/2
//! - `traced`: for tests, calls with spans

mod calls;
mod http1;
mod http2;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traced;

use crate::event::{Awaited, Decline, Edits, End, Observer, Side};
use crate::service::Pair;
use crate::wire::http1::RequestHead;
use crate::wire::sniff::{HTTP2_PREFACE, Protocol, sniff};
use crate::wire::tls;
pub use calls::Calls;
use http1::Http1;
use http2::Http2;
use std::time::Instant;

/// How much of what a service says first is kept: its settings, a greeting.
const KEPT: usize = 4096;

/// The observer.
pub struct Connection {
    pair: Pair,
    calls: Calls,
    reader: Reader,
}

enum Reader {
    /// In front of the first byte, or in a start that could be several protocols: what was sent, and what was answered.
    Start(Vec<u8>, Vec<u8>),
    Http1(Box<Http1>),
    Http2(Box<Http2>),
    /// Bytes.
    Tunnel,
}

impl Connection {
    /// Goes on as what the first bytes say; these are the next.
    fn begin(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        let Reader::Start(sent, answered) = &mut self.reader else { return bytes.len() };
        let start: Vec<u8> = sent.iter().chain(bytes).take(HTTP2_PREFACE.len()).copied().collect();
        let Some(protocol) = sniff(&start) else {
            sent.extend_from_slice(bytes);
            return bytes.len();
        };
        let (sent, answered) = (std::mem::take(sent), std::mem::take(answered));
        match protocol {
            Protocol::Http1 => {
                let mut http1 = Box::new(Http1::new(&self.pair, now, &sent));
                http1.gateway_bytes(&self.pair, now, &answered, &self.calls);
                let gone = http1.client_bytes(&mut self.pair, now, bytes, &self.calls, edits);
                self.reader = Reader::Http1(http1);
                gone
            }
            Protocol::Http2 => {
                let mut http2 = Box::new(Http2::default());
                http2.gateway_bytes(&self.pair, now, &answered, &self.calls);
                http2.client_bytes(&mut self.pair, now, &bytes[HTTP2_PREFACE.len() - sent.len()..], &self.calls);
                self.reader = Reader::Http2(http2);
                bytes.len()
            }
            Protocol::Tls | Protocol::Unknown => {
                let name = if protocol == Protocol::Tls { tls::server_name(bytes) } else { None };
                self.pair.become_tunnel(name, now);
                self.reader = Reader::Tunnel;
                self.pair.tunnel_bytes(false, answered.len());
                self.client_bytes(now, bytes, &mut Edits::default())
            }
        }
    }
}

/// Whose call `head` is, where that is not known yet.
fn attribute(pair: &mut Pair, head: &RequestHead<'_>) {
    if !pair.is_attributed() {
        let host = head.fields.iter().find(|field| field.name.eq_ignore_ascii_case("host"));
        pair.attribute(host.and_then(|host| std::str::from_utf8(host.value).ok()));
    }
}

impl Observer for Connection {
    fn client_bytes(&mut self, now: Instant, bytes: &[u8], edits: &mut Edits) -> usize {
        match &mut self.reader {
            Reader::Http1(http1) => http1.client_bytes(&mut self.pair, now, bytes, &self.calls, edits),
            Reader::Http2(http2) => {
                http2.client_bytes(&mut self.pair, now, bytes, &self.calls);
                bytes.len()
            }
            Reader::Start(..) => self.begin(now, bytes, edits),
            Reader::Tunnel => {
                self.pair.tunnel_bytes(true, bytes.len());
                bytes.len()
            }
        }
    }

    fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]) {
        match &mut self.reader {
            Reader::Http1(http1) => http1.gateway_bytes(&self.pair, now, bytes, &self.calls),
            Reader::Http2(http2) => http2.gateway_bytes(&self.pair, now, bytes, &self.calls),
            Reader::Start(_, answered) if answered.len() + bytes.len() <= KEPT => answered.extend_from_slice(bytes),
            Reader::Start(..) => {
                self.pair.become_tunnel(None, now);
                self.reader = Reader::Tunnel;
                self.pair.tunnel_bytes(false, bytes.len());
            }
            Reader::Tunnel => self.pair.tunnel_bytes(false, bytes.len()),
        }
    }

    fn ended(&mut self, now: Instant, side: Side, end: End) {
        match &mut self.reader {
            Reader::Http1(http1) => http1.ended(&self.pair, now, side, end, &self.calls),
            Reader::Http2(http2) => http2.ended(&self.pair, now, side, &self.calls),
            Reader::Start(..) | Reader::Tunnel => {}
        }
    }

    fn closed(&mut self, now: Instant) {
        match &mut self.reader {
            Reader::Http1(http1) => http1.closed(&self.pair, now, &self.calls),
            Reader::Http2(http2) => http2.closed(&self.pair, now, &self.calls),
            Reader::Start(..) | Reader::Tunnel => {}
        }
        self.pair.close(now);
    }

    fn is_idle(&self) -> bool {
        match &self.reader {
            Reader::Http1(http1) => http1.is_idle(),
            Reader::Http2(http2) => http2.is_idle(),
            Reader::Start(sent, _) => sent.is_empty(),
            Reader::Tunnel => false,
        }
    }

    fn may_ask(&self) -> bool {
        match &self.reader {
            Reader::Http1(http1) => http1.may_ask(),
            Reader::Start(..) => true,
            Reader::Http2(_) | Reader::Tunnel => false,
        }
    }

    fn awaited(&self) -> Option<Awaited> {
        match &self.reader {
            Reader::Http1(http1) => http1.awaited(),
            _ => None,
        }
    }

    fn declined(&self) -> Option<Decline> {
        match &self.reader {
            Reader::Http1(http1) => http1.declined(),
            _ => None,
        }
    }

    fn resume(&mut self) {
        if let Reader::Http1(http1) = &mut self.reader {
            http1.resume();
        }
    }
}
