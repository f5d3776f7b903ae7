//! Every change that we make to what passes, each with the key that switches it off. There are no others.
//!
//! | change | key |
//! |---|---|
//! | the client's address is appended to `X-Forwarded-For`, or the field is added | `ingress.forwarded_for: off` |
//! | fields that carry a trace's context get ours, or are added; what speaks of another trace goes | `tracing.inject: false` |
//! | a request without `X-Request-Id` gets one | `tracing.mint_request_id: false` |
//!
//! - `head`: what becomes of a head of HTTP/1

mod head;

pub use head::head;

use crate::event::Edits;
use crate::trace::propagate::{Fields, Name};
use crate::wire::http2::{self, frame};
use std::io::Write;
use std::net::IpAddr;

/// What comes in front of an address in a line of its own.
const NAME: &[u8; 17] = b"x-forwarded-for: ";
/// Bytes of such a line with the longest address, which has 45.
const LONGEST: usize = NAME.len() + 45 + 2;

/// A client's address, and as it is written in a field.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    ip: IpAddr,
    /// A line of its own.
    line: [u8; LONGEST],
    len: u8,
}

impl Address {
    /// IPv4 in IPv6 is written as the IPv4 that it is.
    pub fn new(ip: IpAddr) -> Self {
        let mut line = [0; LONGEST];
        line[..NAME.len()].copy_from_slice(NAME);
        let mut free = &mut line[NAME.len()..];
        // It holds the longest address, so this cannot fail.
        let ip = ip.to_canonical();
        let _ = write!(free, "{ip}\r\n");
        let len = LONGEST - free.len();
        Self { ip, line, len: len as u8 }
    }

    /// The address.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    fn as_bytes(&self) -> &[u8] {
        &self.line[NAME.len()..usize::from(self.len) - 2]
    }

    fn line(&self) -> &[u8] {
        &self.line[..usize::from(self.len)]
    }
}

/// What is to be told to the gateway with a request.
#[derive(Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// The client's address.
    pub client: Option<&'a Address>,
    /// The trace's context.
    pub trace: Option<&'a Fields>,
    /// Whether it is known that no field is there that carries one.
    pub is_fresh: bool,
    /// An id of ours.
    pub request_id: Option<&'a [u8; 36]>,
}

/// Takes the end of an HTTP/2 field block back: the frame at `at` has `flags`, and another is to follow.
pub fn reopen_block(flags: u8, at: usize, edits: &mut Edits) {
    let at = at + frame::FLAGS_AT;
    edits.replace(at..at + 1, &[&[flags & !frame::END_HEADERS]]);
}

/// Tells the gateway what is wished at the end of a field block that was taken back, in a frame of its own at `at`. The fields
/// are not indexed, so the tables of client and gateway stay as they are. A list may be spread over lines, but a context may
/// not be there twice: `has` says which fields the client has sent, and those stay as they came. `block` is where the frame is
/// put together.
pub fn end_block(
    stream: u32,
    wishes: &Wishes<'_>,
    has: impl Fn(Name) -> bool,
    block: &mut Vec<u8>,
    at: usize,
    edits: &mut Edits,
) {
    block.clear();
    if let Some(client) = wishes.client {
        http2::literal(b"x-forwarded-for", client.as_bytes(), block);
    }
    if let Some(trace) = wishes.trace {
        let missing = trace.names().filter(|name| !has(*name));
        missing.for_each(|name| http2::literal(name.as_str().as_bytes(), trace.line(name).value(), block));
    }
    if let Some(id) = wishes.request_id {
        http2::literal(b"x-request-id", id, block);
    }
    edits.insert(at, &[&frame::continuation(block.len(), stream), block]);
}
