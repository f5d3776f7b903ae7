//! What passed, as plain data: told to the observe thread when it is over, and only where something is to be derived from it.

use super::Traced;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a head that are kept; fields behind them are not seen.
pub const HEAD_KEPT: usize = 16 << 10;

/// A request and its answer. Boxes of it are reused, so every field is written anew for each.
#[derive(Debug)]
pub struct Exchange {
    /// Who asked: the peer, or whom the PROXY protocol names.
    pub client: IpAddr,
    /// How it was asked.
    pub version: Version,
    /// When the request's head was here.
    pub started: Instant,
    /// When the answer began.
    pub began: Option<Instant>,
    /// When the exchange was over.
    pub ended: Instant,
    /// The method, bounded as labels are.
    pub method: &'static str,
    /// The endpoint's template, as it is counted.
    pub endpoint: Arc<str>,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// The status of a gRPC call, by its number.
    pub grpc: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it asked for a WebSocket, or became one.
    pub is_websocket: bool,
    /// Whether it gets a line in the access log.
    pub logged: bool,
    /// Its place in a trace, if it has a span.
    pub trace: Option<Traced>,
    /// The request.
    pub request: Message,
    /// The answer.
    pub response: Message,
}

/// The protocol of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Version {
    Http10,
    Http11,
    Http2,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its answer is whole.
    Whole,
    /// The client did not wait for the end.
    Client,
    /// The gateway left it without a whole answer.
    Gateway,
}

/// One half of an exchange, as far as it is kept.
#[derive(Debug, Default)]
pub struct Message {
    /// The head: a first line, which an answer over HTTP/2 lacks, and field lines. At most [`HEAD_KEPT`] bytes.
    pub head: Vec<u8>,
    /// Content, without transfer coding, if it was asked for.
    pub body: Vec<u8>,
    /// Of more content than may be kept the end is, and not the beginning.
    pub keeps_tail: bool,
    /// How much content there was, kept or not, bytes.
    pub size: u64,
}

/// A text message of a WebSocket.
#[derive(Debug)]
pub struct MessageRecord {
    /// The target of the handshake.
    pub target: Arc<[u8]>,
    /// When it was whole.
    pub at: Instant,
    /// What it says, or `None` where that is more than is kept, or compressed.
    pub payload: Option<Vec<u8>>,
    /// Whether an extension compressed it.
    pub is_compressed: bool,
}

impl Default for Exchange {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            version: Version::Http11,
            started: now,
            began: None,
            ended: now,
            method: "",
            endpoint: Arc::from(""),
            status: None,
            grpc: None,
            outcome: Outcome::Whole,
            is_websocket: false,
            logged: false,
            trace: None,
            request: Message::default(),
            response: Message::default(),
        }
    }
}

impl Exchange {
    /// The request target as it was asked for; empty where it is not known.
    pub fn target(&self) -> &[u8] {
        self.request.first_line().split(|byte| *byte == b' ').nth(1).unwrap_or_default()
    }

    /// Forgets what is in it; what is very large is given back.
    pub fn clear(&mut self) {
        for bytes in
            [&mut self.request, &mut self.response].into_iter().flat_map(|half| [&mut half.head, &mut half.body])
        {
            bytes.clear();
            bytes.shrink_to(2048);
        }
        (self.request.keeps_tail, self.response.keeps_tail) = (false, false);
        (self.began, self.status, self.grpc, self.trace) = (None, None, None, None);
        (self.outcome, self.is_websocket, self.logged) = (Outcome::Whole, false, false);
    }

    /// Bytes that it holds.
    pub(super) fn weight(&self) -> usize {
        let half = |half: &Message| half.head.capacity() + half.body.capacity();
        size_of::<Self>() + half(&self.request) + half(&self.response)
    }
}

impl Message {
    /// Keeps a head as it came, or what fits of it.
    pub fn keep_head(&mut self, head: &[u8]) {
        self.head.extend_from_slice(&head[..head.len().min(HEAD_KEPT)]);
    }

    /// Keeps content, up to `limit` bytes of it in all.
    pub fn keep_body(&mut self, content: &[u8], limit: usize) {
        if self.keeps_tail {
            self.body.extend_from_slice(&content[content.len().saturating_sub(limit)..]);
            // Not at once: each byte is moved once, whatever the pieces.
            if self.body.len() > limit.saturating_mul(2) {
                self.body.drain(..self.body.len() - limit);
            }
            return;
        }
        let room = limit.saturating_sub(self.body.len()).min(content.len());
        self.body.extend_from_slice(&content[..room]);
    }

    /// Whether all of its content is kept.
    pub fn is_whole(&self) -> bool {
        self.body.len() as u64 == self.size
    }

    /// The request line, or the status line.
    fn first_line(&self) -> &[u8] {
        lines(&self.head).next().unwrap_or_default()
    }

    /// The fields, in order, with blanks around values cut off. What is no field line is left out.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        field_lines(&self.head)
    }

    /// The first field of this name; names know no case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

/// Writes a field as a line behind others, if it can be one: a value with a line break in it is none.
pub fn keep_field(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let fits = lines.len() + name.len() + value.len() <= HEAD_KEPT;
    if fits && !value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        [name, b": ", value, b"\r\n"].into_iter().for_each(|piece| lines.extend_from_slice(piece));
    }
}

/// The fields of these lines, as [`Message::fields`] has them.
pub fn field_lines(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(text).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let is_name = !name.is_empty() && !name.iter().any(|byte| matches!(byte, b' ' | b'\t'));
        is_name.then_some((name, value.trim_ascii()))
    })
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_lines() {
        let mut exchange = Exchange::default();
        exchange.request.keep_head(b"GET /a?b HTTP/1.1\r\nHost: x:80\r\nX-Empty:\r\nbad line\r\n folded: no\r\n\r\n");
        assert_eq!(exchange.target(), b"/a?b");
        let fields: Vec<_> = exchange.request.fields().collect();
        assert_eq!(fields, [(&b"Host"[..], &b"x:80"[..]), (b"X-Empty", b"")]);
        assert_eq!(exchange.request.field("host"), Some(&b"x:80"[..]));
    }

    #[test]
    fn a_value_cannot_make_a_line_of_its_own() {
        let mut message = Message::default();
        keep_field(&mut message.head, b"a", b"1\r\nb: 2");
        keep_field(&mut message.head, b"c", b"3");
        assert_eq!(message.fields().collect::<Vec<_>>(), [(&b"c"[..], &b"3"[..])]);
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let mut message = Message::default();
        message.keep_head(&[b'a'; HEAD_KEPT * 2]);
        for _ in 0..3 {
            message.keep_body(b"12345", 8);
            message.size += 5;
        }
        assert_eq!((message.head.len(), message.body.as_slice()), (HEAD_KEPT, &b"12345123"[..]));
        assert!(!message.is_whole());
    }
}
