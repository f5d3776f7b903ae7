//! Every change that we make to what passes, each with the key that switches it off. There are no others.
//!
//! | change | key |
//! |---|---|
//! | the client's address is appended to `X-Forwarded-For`, or the field is added | `ingress.forwarded_for: off` |

use crate::event::Edits;
use crate::wire::http1::RequestHead;
use crate::wire::http2::{self, frame};
use std::io::Write;
use std::net::IpAddr;

/// A client's address, and as it is written in a field.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    ip: IpAddr,
    text: [u8; 45],
    len: u8,
}

impl Address {
    /// IPv4 in IPv6 is written as the IPv4 that it is.
    pub fn new(ip: IpAddr) -> Self {
        let mut text = [0; 45];
        let mut free = &mut text[..];
        // 45 bytes hold the longest address, so this cannot fail.
        let ip = ip.to_canonical();
        let _ = write!(free, "{ip}");
        let len = 45 - free.len();
        Self { ip, text, len: len as u8 }
    }

    /// The address.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

/// Tells the gateway the client's address. `base` is where the head begins, seen from the bytes that are being edited:
/// negative when its start has gone on already.
///
/// The last `X-Forwarded-For` is extended where it stands. If that line has gone on, a new line does (RFC 9110 §5.3: a
/// list may be spread over lines); if the end of the head has gone on too, nothing can be done any more.
pub fn forwarded_for(head: &RequestHead<'_>, base: isize, client: &Address, edits: &mut Edits) {
    let here = |at: usize| usize::try_from(base + at as isize).ok();
    if let Some(at) = head.forwarded_for.and_then(here) {
        edits.insert(at, &[b", ", client.as_bytes()]);
    } else if let Some(at) = here(blank_line(head.bytes)) {
        edits.insert(at, &[b"x-forwarded-for: ", client.as_bytes(), b"\r\n"]);
    }
}

/// Takes the end of an HTTP/2 field block back: the frame at `at` has `flags`, and another is to follow.
pub fn reopen_block(flags: u8, at: usize, edits: &mut Edits) {
    let at = at + frame::FLAGS_AT;
    edits.replace(at..at + 1, &[&[flags & !frame::END_HEADERS]]);
}

/// Tells the gateway the client's address at the end of a field block that was taken back, in a frame of its own at `at`. The
/// field is not indexed, so the tables of client and gateway stay as they are; a list may be spread over lines.
pub fn end_block(stream: u32, client: &Address, at: usize, edits: &mut Edits) {
    let mut field = Vec::with_capacity(64);
    http2::literal(b"x-forwarded-for", client.as_bytes(), &mut field);
    edits.insert(at, &[&frame::continuation(field.len(), stream), &field]);
}

/// Where the empty line of a whole head begins.
fn blank_line(head: &[u8]) -> usize {
    head.len() - if head.ends_with(b"\r\n") { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http1;

    fn edited(head: &str, ip: &str) -> String {
        let (mut edits, mut out) = (Edits::default(), Vec::new());
        let client = Address::new(ip.parse().unwrap());
        http1::request(head.as_bytes(), |head| forwarded_for(head, 0, &client, &mut edits)).unwrap().unwrap();
        edits.apply(head.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_address_extends_the_last_list_or_starts_one() {
        assert_eq!(
            edited("GET / HTTP/1.1\r\nX-Forwarded-For: a \r\nB: c\r\n\r\n", "10.0.0.1"),
            "GET / HTTP/1.1\r\nX-Forwarded-For: a, 10.0.0.1 \r\nB: c\r\n\r\n"
        );
        assert_eq!(
            edited("GET / HTTP/1.1\r\n\r\n", "::ffff:10.0.0.1"),
            "GET / HTTP/1.1\r\nx-forwarded-for: 10.0.0.1\r\n\r\n"
        );
        assert_eq!(
            edited("GET / HTTP/1.1\r\nB: c\r\n\r\n", "2001:db8::1"),
            "GET / HTTP/1.1\r\nB: c\r\nx-forwarded-for: 2001:db8::1\r\n\r\n"
        );
    }
}
