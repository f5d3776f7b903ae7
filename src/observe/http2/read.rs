//! Both directions' frames.

use super::fields::{RequestReader, Response};
use super::stream::Stream;
use super::{Block, Http2, Sight};
use crate::event::exchange::keep_field;
use crate::event::{Edits, Side};
use crate::metrics::road::Opaque;
use crate::observe::edits;
use crate::wire::http2::frame::HEADER_LEN;
use crate::wire::http2::{BLOCK_LIMIT, Event, Header, Kind};
use std::time::Instant;

impl Http2 {
    /// Reads what the client sent, from `bytes[at..]`. Returns how many bytes may go on: the start of a frame header waits for
    /// its rest, so that an edit still finds its place in it.
    pub(in crate::observe) fn read_client(
        &mut self,
        now: Instant,
        bytes: &[u8],
        at: usize,
        edits: &mut Edits,
    ) -> usize {
        let end = self.read(now, Side::Client, bytes, at, Some(edits));
        let partial = self.inbound.scanner.partial_header();
        if partial > 0 && end + partial == bytes.len() && self.may_edit() {
            self.inbound.scanner.unread();
            return end;
        }
        bytes.len()
    }

    fn may_edit(&self) -> bool {
        self.sight == Sight::Whole && self.worker.may_edit()
    }

    /// Reads `bytes[at..]` from `side`, up to a frame header that is not whole.
    pub(super) fn read(
        &mut self,
        now: Instant,
        side: Side,
        bytes: &[u8],
        mut at: usize,
        mut edits: Option<&mut Edits>,
    ) -> usize {
        while self.sight != Sight::Nothing {
            let (taken, event) = match self.half(side).scanner.next(&bytes[at..]) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(_) => {
                    self.lose(side, Opaque::Malformed, Sight::Nothing);
                    break;
                }
            };
            at += taken;
            match event {
                Event::Begin(header) => self.frame_begins(side, &header, at, edits.as_deref_mut()),
                Event::Content(header, piece) => self.content(now, side, &header, piece),
                Event::End(header) => self.frame_ends(now, side, &header, at, edits.as_deref_mut()),
            }
        }
        at
    }

    /// A frame whose header ends at `at`.
    fn frame_begins(&mut self, side: Side, header: &Header, at: usize, edits: Option<&mut Edits>) {
        if header.is_block() && header.kind != Kind::Continuation {
            self.half(side).block = Block {
                stream: header.stream,
                ends_stream: header.ends_stream(),
                is_push: header.kind == Kind::PushPromise,
                ..Block::default()
            };
        }
        let is_request = side == Side::Client && header.stream > self.last_request;
        if is_request
            && header.ends_block()
            && self.may_edit()
            && let (Some(edits), Some(at)) = (edits, at.checked_sub(HEADER_LEN))
        {
            edits::reopen_block(header.flags, at, edits);
            self.block_is_extended = true;
        }
    }

    fn content(&mut self, now: Instant, side: Side, header: &Header, piece: &[u8]) {
        if header.kind == Kind::Data {
            return self.data(now, side, header.stream, piece);
        }
        if !header.is_block() || piece.is_empty() {
            return;
        }
        let half = self.half(side);
        if header.ends_block() && half.block.bytes.is_empty() && half.scanner.is_content_over() {
            half.block.is_decoded = true;
            self.decode(now, side, piece);
        } else if half.block.bytes.len() + piece.len() <= BLOCK_LIMIT {
            half.block.bytes.extend_from_slice(piece);
        } else {
            half.block = Block { is_decoded: true, stream: half.block.stream, ..Block::default() };
            self.lose_block(side, Opaque::HeadTooLong);
        }
    }

    /// A frame that ends at `at`.
    fn frame_ends(&mut self, now: Instant, side: Side, header: &Header, at: usize, edits: Option<&mut Edits>) {
        let half = self.half(side);
        match header.kind {
            Kind::ResetStream => {
                let code = half.scanner.reset_code();
                self.stream_reset(now, side, header.stream, code);
            }
            Kind::GoAway => {
                let (last, code) = half.scanner.goaway();
                self.goaway(now, side, last, code);
            }
            _ if header.ends_block() => {
                if !half.block.is_decoded {
                    let block = std::mem::take(&mut half.block.bytes);
                    self.decode(now, side, &block);
                }
                if side == Side::Client
                    && std::mem::take(&mut self.block_is_extended)
                    && let Some(edits) = edits
                {
                    self.end_block(header.stream, at, edits);
                }
                if self.half(side).block.ends_stream {
                    self.stream_ended(now, side, header.stream);
                }
            }
            Kind::Data if header.ends_stream() => self.stream_ended(now, side, header.stream),
            _ => {}
        }
    }

    /// Ends the block of `stream` that was taken back, at `at`. One that was not read gets nothing of ours: its last string could
    /// be longer than it is, and would take that in.
    fn end_block(&mut self, stream: u32, at: usize, edits: &mut Edits) {
        let (head, theirs) = std::mem::take(&mut self.wished);
        let client = self.worker.forwarded_for.get().then_some(&self.client);
        let wishes = if self.sight == Sight::Whole { head.wishes(client) } else { edits::Wishes::default() };
        let (block, ..) = &mut *self.worker.scratch.borrow_mut();
        edits::end_block(stream, &wishes, |name| theirs.has_form(name.form()), block, at, edits);
    }

    /// Reads a whole field block.
    fn decode(&mut self, now: Instant, side: Side, bytes: &[u8]) {
        if side == Side::Client && self.sight != Sight::Whole {
            return;
        }
        let worker = self.worker.clone();
        let (strings, path, lines) = &mut *worker.scratch.borrow_mut();
        let half = self.half(side);
        let (stream, ends_stream, is_push) = (half.block.stream, half.block.ends_stream, half.block.is_push);
        let read = match side {
            Side::Client => {
                let mut reader = RequestReader::new(path, lines);
                let read = half.decoder.decode(bytes, strings, |name, value| reader.field(name, value));
                read.map(|()| self.request(now, stream, &reader.request()))
            }
            Side::Gateway => {
                let mut response = Response::default();
                let mut kept = self.streams.get_mut(&stream).filter(|_| !is_push).and_then(Stream::kept);
                let read = self.outbound.decoder.decode(bytes, strings, |name, value| {
                    response.field(name, value);
                    if let Some(lines) = &mut kept {
                        keep_field(lines, name, value);
                    }
                });
                read.map(|()| {
                    if !is_push {
                        self.response(now, stream, &response, ends_stream)
                    }
                })
            }
        };
        if read.is_err() {
            self.lose_block(side, Opaque::Malformed);
        }
    }

    /// A field block of `side` was not read, so none behind it can be.
    fn lose_block(&mut self, side: Side, reason: Opaque) {
        self.lose(side, reason, if side == Side::Client { Sight::InFlight } else { Sight::Nothing });
    }
}
