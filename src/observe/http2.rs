//! One connection that speaks HTTP/2: which streams are open on it, and what became of them.
//!
//! The relay moves the frames as they came, so flow control, settings, pings and priorities stay between client and gateway.
//! A field block that cannot be read ends what is seen of the requests behind it; frames go on in any case.
//!
//! - `read`: both directions' frames
//! - `fields`: what a field block says
//! - `stream`: one stream

mod fields;
mod read;
mod stream;
#[cfg(test)]
mod tests;

use super::edits::Address;
use super::traces::Head;
use super::worker::Worker;
use crate::event::Side;
use crate::metrics::road::Opaque;
use crate::trace::propagate::Reader;
use crate::wire::http2::{Decoder, Scanner};
use fields::{Request, Response};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;
use stream::{Cut, Stream};

/// Streams open at once on a connection that are followed.
const STREAM_LIMIT: usize = 4096;

/// The observer.
pub struct Http2 {
    worker: Rc<Worker>,
    client: Address,
    streams: HashMap<u32, Stream>,
    /// The youngest stream that the client has opened.
    last_request: u32,
    inbound: Half,
    outbound: Half,
    /// The end of the client's field block was taken back: ours follows.
    block_is_extended: bool,
    /// What is to be told with the request whose block is open, and what the client said itself.
    wished: (Head, Reader),
    sight: Sight,
    /// Who stopped sending first.
    first_end: Option<Side>,
}

/// One direction.
#[derive(Default)]
struct Half {
    scanner: Scanner,
    decoder: Decoder,
    block: Block,
}

/// A field block that is open, or the last one.
#[derive(Default)]
struct Block {
    stream: u32,
    ends_stream: bool,
    /// It promises a request that the client has not made.
    is_push: bool,
    is_decoded: bool,
    bytes: Vec<u8>,
}

/// How much of the connection is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// All of it.
    Whole,
    /// No new requests; those in flight are followed to their end.
    InFlight,
    /// Nothing.
    Nothing,
}

impl Http2 {
    /// For a connection from `client`.
    pub(super) fn new(worker: Rc<Worker>, client: Address) -> Self {
        Self {
            worker,
            client,
            streams: HashMap::new(),
            last_request: 0,
            inbound: Half::default(),
            outbound: Half::default(),
            block_is_extended: false,
            wished: Default::default(),
            sight: Sight::Whole,
            first_end: None,
        }
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.inbound,
            Side::Gateway => &mut self.outbound,
        }
    }

    /// Less is seen of the connection from now on.
    fn lose(&mut self, by: Side, reason: Opaque, left: Sight) {
        if self.sight == Sight::Whole {
            match by {
                Side::Client => self.worker.opaque(reason),
                Side::Gateway => self.worker.families.road.opaque(reason),
            }
        }
        self.sight = left;
        if left == Sight::Nothing {
            self.streams.clear();
        }
    }

    /// The fields of a new stream's request, or of trailers.
    fn request(&mut self, now: Instant, id: u32, request: &Request<'_>) {
        if id <= self.last_request {
            return;
        }
        self.last_request = id;
        if self.streams.len() >= STREAM_LIMIT {
            return self.lose(Side::Client, Opaque::Pipeline, Sight::InFlight);
        }
        let (stream, head) = Stream::open(&self.worker, self.client.ip(), now, request);
        self.streams.insert(id, stream);
        self.wished = (head, request.trace.clone());
    }

    /// The fields of an answer's head, an interim one's, or of trailers.
    fn response(&mut self, now: Instant, id: u32, response: &Response, is_last: bool) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.answer(&self.worker, now, response, is_last);
        }
    }

    fn data(&mut self, now: Instant, side: Side, id: u32, bytes: &[u8]) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.data(now, side, bytes).is_err()
        {
            self.worker.families.road.opaque(Opaque::WebSocket);
        }
    }

    /// `side` has sent all of a stream.
    fn stream_ended(&mut self, now: Instant, side: Side, id: u32) {
        if side == Side::Gateway
            && let Some(stream) = self.streams.remove(&id)
        {
            stream.end(&self.worker, now);
        } else if let Some(stream) = self.streams.get_mut(&id) {
            stream.half_closed();
        }
    }

    fn stream_reset(&mut self, now: Instant, by: Side, id: u32, code: u32) {
        self.worker.families.http2.reset(name(by), code);
        if let Some(stream) = self.streams.remove(&id) {
            stream.cut(&self.worker, now, Cut::Reset(by, code));
        }
    }

    /// `by` has told which streams it takes; the gateway will not answer any behind `last`.
    fn goaway(&mut self, now: Instant, by: Side, last: u32, code: u32) {
        self.worker.families.http2.goaway(name(by), code);
        if by == Side::Gateway {
            for (_, stream) in self.streams.extract_if(|id, _| *id > last) {
                stream.cut(&self.worker, now, Cut::Connection(by));
            }
        }
    }

    /// Nothing that is open will be answered.
    fn abort(&mut self, now: Instant) {
        let by = self.first_end.unwrap_or(Side::Gateway);
        for (_, stream) in self.streams.drain() {
            stream.cut(&self.worker, now, Cut::Connection(by));
        }
    }

    /// Bytes from the gateway.
    pub(super) fn gateway_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.read(now, Side::Gateway, bytes, 0, None);
    }

    /// `side` sends nothing any more.
    pub(super) fn ended(&mut self, now: Instant, side: Side) {
        self.first_end.get_or_insert(side);
        match side {
            Side::Gateway => self.abort(now),
            Side::Client => {
                for (_, stream) in self.streams.extract_if(|_, stream| stream.is_whole()) {
                    stream.end(&self.worker, now);
                }
            }
        }
    }

    /// The connection is over.
    pub(super) fn closed(&mut self, now: Instant) {
        self.abort(now);
    }

    /// Between streams.
    pub(super) fn is_idle(&self) -> bool {
        self.sight == Sight::Whole
            && self.streams.is_empty()
            && self.inbound.scanner.is_between_frames()
            && self.outbound.scanner.is_between_frames()
    }
}

/// As metrics name a side.
fn name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Gateway => "gateway",
    }
}
