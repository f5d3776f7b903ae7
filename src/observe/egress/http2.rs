//! Calls over HTTP/2 on one connection: a stream is a call. The frames pass as they came, so none is ever declined: a request that
//! did not go on would leave the two ends with different tables of fields. For the same reason no context is written into one.

use super::calls::{Asked, Calls, Told};
use crate::event::Side;
use crate::event::exchange::{Message, Outcome, Version, keep_field};
use crate::metrics::grpc::Code;
use crate::observe::extent::Extent;
use crate::observe::grpc::is_grpc;
use crate::service::Ending;
use crate::service::pair::{Call, Pair};
use crate::wire::http1::decimal;
use crate::wire::http2::{BLOCK_LIMIT, Decoder, Event, Kind, Scanner};
use std::collections::HashMap;
use std::time::Instant;

/// Streams open at once on a connection that are followed.
const STREAM_LIMIT: usize = 4096;

/// The reader.
#[derive(Default)]
pub(super) struct Http2 {
    inbound: Half,
    outbound: Half,
    streams: HashMap<u32, Stream>,
    last: u32,
    /// The fields of the last request.
    request: Message,
    /// Its method and its path.
    asked: (Vec<u8>, Vec<u8>),
    /// Something was not understood, so nothing is looked at any more.
    is_lost: bool,
    first_end: Option<Side>,
}

#[derive(Default)]
struct Half {
    scanner: Scanner,
    decoder: Decoder,
    block: Vec<u8>,
    /// The stream of the block, whether its frames end the stream, and whether it promises a push.
    of: (u32, bool, bool),
    strings: Vec<u8>,
}

#[derive(Default)]
struct Stream {
    call: Option<Call>,
    status: Option<u16>,
    code: Option<Code>,
    is_head: bool,
    /// What is to come of the answer.
    extent: Extent,
    told: Told,
}

impl Http2 {
    /// Reads what the gateway sends.
    pub(super) fn client_bytes(&mut self, pair: &mut Pair, now: Instant, bytes: &[u8], calls: &Calls) {
        let mut at = 0;
        while let Some((taken, event)) = self.next(Side::Client, &bytes[at..]) {
            at += taken;
            match event {
                Happened::Block(id, _, false) if id > self.last => {
                    self.last = id;
                    self.open(pair, now, id, calls);
                }
                // Trailers: their fields are in the table all the same.
                Happened::Block(..) => self.decode(Side::Client, &mut |_, _| {}),
                Happened::Reset(id) => self.reset(pair, now, Side::Client, id, calls),
                _ => {}
            }
        }
    }

    /// Reads what the service sends.
    pub(super) fn gateway_bytes(&mut self, pair: &Pair, now: Instant, bytes: &[u8], calls: &Calls) {
        let mut at = 0;
        while let Some((taken, event)) = self.next(Side::Gateway, &bytes[at..]) {
            at += taken;
            match event {
                Happened::Block(id, ends, false) => {
                    self.answer(id, now);
                    if ends {
                        self.end(pair, now, id, calls);
                    }
                }
                Happened::Content(id, length) => {
                    if let Some(stream) = self.streams.get_mut(&id) {
                        stream.extent.take(length);
                    }
                }
                Happened::End(id) => self.end(pair, now, id, calls),
                Happened::Reset(id) => self.reset(pair, now, Side::Gateway, id, calls),
                Happened::GoAway(last) => {
                    for (_, stream) in self.streams.extract_if(|id, _| *id > last) {
                        // It was not looked at, says the service, and is asked again elsewhere.
                        if let Some(call) = stream.call {
                            pair.give_back(&call, now);
                        }
                    }
                }
                // A promise: likewise.
                Happened::Block(..) => self.decode(Side::Gateway, &mut |_, _| {}),
                Happened::Nothing => {}
            }
        }
    }

    /// The next thing that `side` did; `None` when it is not whole.
    fn next(&mut self, side: Side, bytes: &[u8]) -> Option<(usize, Happened)> {
        if self.is_lost {
            return None;
        }
        let half = if side == Side::Client { &mut self.inbound } else { &mut self.outbound };
        let (taken, event) = match half.scanner.next(bytes) {
            Ok(next) => next?,
            Err(_) => {
                self.is_lost = true;
                return None;
            }
        };
        let happened = match event {
            Event::Begin(header) if header.is_block() && header.kind != Kind::Continuation => {
                half.block.clear();
                half.of = (header.stream, header.ends_stream(), header.kind == Kind::PushPromise);
                Happened::Nothing
            }
            Event::Content(header, piece) if header.is_block() => {
                self.is_lost = half.block.len() + piece.len() > BLOCK_LIMIT;
                half.block.extend_from_slice(piece);
                Happened::Nothing
            }
            Event::Content(header, piece) if header.kind == Kind::Data => Happened::Content(header.stream, piece.len()),
            Event::End(header) => match header.kind {
                Kind::ResetStream => Happened::Reset(header.stream),
                Kind::GoAway => Happened::GoAway(half.scanner.goaway().0),
                Kind::Data if header.ends_stream() => Happened::End(header.stream),
                _ if header.ends_block() => Happened::Block(half.of.0, half.of.1, half.of.2),
                _ => Happened::Nothing,
            },
            _ => Happened::Nothing,
        };
        Some((taken, happened))
    }

    fn decode(&mut self, side: Side, see: &mut dyn FnMut(&[u8], &[u8])) {
        let half = if side == Side::Client { &mut self.inbound } else { &mut self.outbound };
        if half.decoder.decode(&half.block, &mut half.strings, |name, value| see(name, value)).is_err() {
            self.is_lost = true;
        }
    }

    fn open(&mut self, pair: &mut Pair, now: Instant, id: u32, calls: &Calls) {
        let mut request = std::mem::take(&mut self.request);
        request.head.clear();
        let mut asked = std::mem::take(&mut self.asked);
        let (method, path) = &mut asked;
        method.clear();
        path.clear();
        self.decode(Side::Client, &mut |name, value| match name {
            b":method" => value.clone_into(method),
            b":path" => value.clone_into(path),
            b":authority" => keep_field(&mut request.head, b"host", value),
            _ if name.starts_with(b":") => {}
            _ => keep_field(&mut request.head, name, value),
        });
        pair.attribute(request.field("host").and_then(|host| std::str::from_utf8(host).ok()));
        if self.streams.len() < STREAM_LIMIT && !self.is_lost {
            pair.begin();
            let call = pair.pass(now);
            let method = std::str::from_utf8(method).unwrap_or_default();
            let asked = Asked { version: Version::Http2, method, target: path };
            // What it would go on with cannot be written.
            let (mut told, _) = calls.begin(now, pair, &asked, || request.fields());
            if call.is_withheld {
                told.withheld();
            }
            let is_head = method == "HEAD";
            self.streams.insert(id, Stream { call: Some(call), told, is_head, ..Stream::default() });
        }
        (self.request, self.asked) = (request, asked);
    }

    /// The fields of an answer, an interim one's, or trailers.
    fn answer(&mut self, id: u32, now: Instant) {
        let (mut status, mut code, mut length, mut grpc) = (None, None, None, false);
        self.decode(Side::Gateway, &mut |name, value| match name {
            b":status" => status = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u16>().ok()),
            b"grpc-status" => code = Some(Code::parse(value)),
            b"content-length" => length = decimal(value),
            b"content-type" => grpc = is_grpc(value),
            _ => {}
        });
        if let Some(stream) = self.streams.get_mut(&id) {
            if let Some(status) = status.filter(|status| *status >= 200) {
                stream.status = Some(status);
                stream.told.answered(now, status);
                if !grpc {
                    stream.extent = Extent::of(stream.is_head, status, length);
                }
            }
            stream.code = code.or(stream.code);
        }
    }

    /// The service has sent all of a stream.
    fn end(&mut self, pair: &Pair, now: Instant, id: u32, calls: &Calls) {
        if let Some(stream) = self.streams.remove(&id) {
            answered(pair, stream, now, calls);
        }
    }

    fn reset(&mut self, pair: &Pair, now: Instant, by: Side, id: u32, calls: &Calls) {
        if let Some(stream) = self.streams.remove(&id) {
            cut(pair, stream, by, now, calls);
        }
    }

    pub(super) fn ended(&mut self, pair: &Pair, now: Instant, side: Side, calls: &Calls) {
        let by = *self.first_end.get_or_insert(side);
        self.streams.drain().for_each(|(_, stream)| cut(pair, stream, by, now, calls));
    }

    pub(super) fn closed(&mut self, pair: &Pair, now: Instant, calls: &Calls) {
        self.ended(pair, now, Side::Gateway, calls);
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.is_lost
            && self.streams.is_empty()
            && self.inbound.scanner.is_between_frames()
            && self.outbound.scanner.is_between_frames()
    }
}

/// What a frame did.
enum Happened {
    Nothing,
    /// A field block is whole: its stream, whether that ends with it, and whether it is a promise.
    Block(u32, bool, bool),
    /// Content of a stream, in octets.
    Content(u32, usize),
    /// A stream ends with content.
    End(u32),
    Reset(u32),
    /// Streams behind this one are not looked at.
    GoAway(u32),
}

/// A call is answered.
fn answered(pair: &Pair, stream: Stream, now: Instant, calls: &Calls) {
    let Stream { call: Some(call), status, code, mut told, .. } = stream else { return };
    let ending = match (status, code) {
        (Some(_), Some(Code::DeadlineExceeded)) => Ending::TimedOut,
        (Some(status), code) => Ending::Answered(code.map_or(status, as_http)),
        (None, _) => Ending::Broken,
    };
    if let Some(span) = &mut told.span {
        span.grpc = code.map(|code| code as u16);
    }
    let (outcome, meant) = match (status, code) {
        (None, _) => (Outcome::Gateway, None),
        (Some(_), Some(code)) if code != Code::Ok => (Outcome::Whole, Some(500)),
        (status, _) => (Outcome::Whole, status),
    };
    calls.end(now, outcome, meant, told);
    pair.end(call, status, ending, now);
}

/// A stream ended before its time; who leaves with all of an answer breaks nothing off.
fn cut(pair: &Pair, stream: Stream, by: Side, now: Instant, calls: &Calls) {
    if by == Side::Client && stream.extent.is_whole() {
        return answered(pair, stream, now, calls);
    }
    let Some(call) = stream.call else { return };
    let (ending, outcome) = match by {
        Side::Client => (Ending::GivenUp(now.saturating_duration_since(call.started)), Outcome::Client),
        Side::Gateway => (Ending::Broken, Outcome::Gateway),
    };
    calls.end(now, outcome, stream.status, stream.told);
    pair.end(call, stream.status, ending, now);
}

/// What a gRPC status would be in HTTP (`google.rpc.Code`), as far as that is a failure of the service.
fn as_http(code: Code) -> u16 {
    match code {
        Code::Unavailable => 503,
        Code::Internal | Code::Unknown | Code::DataLoss => 500,
        Code::ResourceExhausted => 429,
        _ => 200,
    }
}
