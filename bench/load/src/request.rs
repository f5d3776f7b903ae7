//! What a client sends, how it opens a connection, and where the reply ends.

use crate::head;
use anyhow::{Result, bail, ensure};
use clap::Args;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The key of RFC 6455's example and the answer it must get.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[derive(Args)]
pub struct Options {
    #[arg(long, default_value = "/")]
    path: String,
    /// Send POST with a body of so many bytes.
    #[arg(long, value_name = "BYTES")]
    post: Option<usize>,
    /// Upgrade, then send binary messages of so many bytes and wait for each one's echo.
    #[arg(long, value_name = "BYTES", conflicts_with = "post")]
    websocket: Option<usize>,
    /// Send so many messages before waiting for an answer (to a path `/every/N`).
    #[arg(long, value_name = "N", default_value_t = 1, requires = "websocket")]
    send: usize,
    /// Wait for so many messages in answer (from a path `/push/N`).
    #[arg(long, value_name = "N", default_value_t = 1, requires = "websocket", conflicts_with = "send")]
    receive: usize,
    /// A further header, as `Name: value`; may be given again.
    #[arg(long)]
    header: Vec<String>,
}

/// What is sent again and again, and what ends its reply.
pub struct Template {
    pub bytes: Vec<u8>,
    /// Whether the connection is over with the reply, since the request says so.
    pub close: bool,
    /// What one exchange is counted as: more than one where messages go one way.
    pub counted: u64,
    handshake: Option<String>,
    /// Bytes of the answer's messages, heads included.
    echo: usize,
}

/// The reply to one request, as it comes in.
#[derive(Default)]
pub struct Reply {
    head: Vec<u8>,
    /// Bytes still to come; `None` while the head is not whole.
    left: Option<usize>,
    pub status: u16,
    pub close: bool,
}

impl Template {
    pub fn new(options: &Options) -> Self {
        let common: String = ["Host: gateway.test", "User-Agent: load/1", "Accept: */*"]
            .into_iter()
            .chain(options.header.iter().map(String::as_str))
            .map(|header| format!("{header}\r\n"))
            .collect();
        let path = &options.path;
        let close = options.header.iter().any(|header| header.eq_ignore_ascii_case("connection: close"));
        if let Some(size) = options.websocket {
            let handshake = format!(
                "GET {path} HTTP/1.1\r\n{common}Connection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
            );
            let mut frame = frame_head(size, true);
            let echo = (frame_head(size, false).len() + size) * options.receive;
            frame.extend(MASK);
            frame.extend((0..size).map(|at| at as u8 ^ MASK[at % 4]));
            let (bytes, counted) = (frame.repeat(options.send), options.send.max(options.receive) as u64);
            return Self { bytes, close, counted, handshake: Some(handshake), echo };
        }
        let bytes = match options.post {
            None => format!("GET {path} HTTP/1.1\r\n{common}\r\n").into_bytes(),
            Some(size) => {
                let json = "Content-Type: application/json\r\n";
                let head = format!("POST {path} HTTP/1.1\r\n{common}{json}Content-Length: {size}\r\n\r\n");
                let mut bytes = head.into_bytes();
                bytes.extend(json_body(size));
                bytes
            }
        };
        Self { bytes, close, counted: 1, handshake: None, echo: 0 }
    }

    /// A connection that is ready for the first request: not blocking, upgraded where that is asked for.
    pub fn open(&self, addr: SocketAddr) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        if let Some(handshake) = &self.handshake {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(handshake.as_bytes())?;
            // Nothing follows the head: the gateway speaks only when it is spoken to.
            let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
            while !head.ends_with(b"\r\n\r\n") {
                let n = stream.read(&mut buffer)?;
                ensure!(n > 0, "the connection ended in the handshake");
                head.extend_from_slice(&buffer[..n]);
            }
            let head = String::from_utf8_lossy(&head);
            ensure!(head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT), "the upgrade was refused: {head}");
        }
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    /// Takes what came in; true where the reply ended with it.
    pub fn feed(&self, reply: &mut Reply, bytes: &[u8]) -> Result<bool> {
        if self.handshake.is_some() {
            return reply.feed_echo(bytes, self.echo);
        }
        reply.feed(bytes)
    }
}

impl Reply {
    /// Whether a part of it has come in.
    pub fn has_begun(&self) -> bool {
        self.left.is_some() || !self.head.is_empty()
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<bool> {
        if self.left.is_some() {
            return self.take(bytes.len());
        }
        // A head that comes whole, as all but a few do, is read in place.
        let joined = (!self.head.is_empty()).then(|| [&self.head, bytes].concat());
        let all = joined.as_deref().unwrap_or(bytes);
        let Some(head) = head::response(all)? else {
            self.head = all.to_vec();
            return Ok(false);
        };
        (self.status, self.close, self.left) = (head.status, head.close, Some(head.body));
        let rest = all.len() - head.len;
        self.head.clear();
        self.take(rest)
    }

    fn feed_echo(&mut self, bytes: &[u8], echo: usize) -> Result<bool> {
        if self.left.is_none() {
            ensure!(bytes[0] == 0x82, "the echo begins with {:#04x} and not as a binary message", bytes[0]);
            (self.status, self.left) = (200, Some(echo));
        }
        self.take(bytes.len())
    }

    fn take(&mut self, count: usize) -> Result<bool> {
        let left = self.left.unwrap_or(0);
        if count > left {
            bail!("{} bytes came after the end of the reply", count - left);
        }
        self.left = (count < left).then_some(left - count);
        Ok(count == left)
    }
}

/// The head of a binary message in one frame, without its mask.
fn frame_head(size: usize, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut head = vec![0x82];
    match size {
        0..=125 => head.push(mask | size as u8),
        126..=0xffff => {
            head.push(mask | 126);
            head.extend((size as u16).to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend((size as u64).to_be_bytes());
        }
    }
    head
}

/// Whether an error only means that the socket has nothing, or takes nothing, right now.
pub fn would_block(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// A JSON object of exactly `size` bytes, or as many `x` where none fits.
fn json_body(size: usize) -> Vec<u8> {
    let (begin, end) = (r#"{"kind":"a","text":""#, r#""}"#);
    let text = size.checked_sub(begin.len() + end.len());
    text.map_or_else(|| vec![b'x'; size], |text| format!("{begin}{}{end}", "x".repeat(text)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_where_its_body_does_however_it_is_split() {
        let all = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for cut in 1..all.len() {
            let mut reply = Reply::default();
            assert!(!reply.feed(&all[..cut]).expect("the first part is good"), "cut at {cut}");
            assert!(reply.has_begun());
            assert!(reply.feed(&all[cut..]).expect("the second part is good"), "cut at {cut}");
            assert!(!reply.has_begun() && reply.status == 200);
        }
    }

    #[test]
    fn bytes_after_the_end_are_a_fault() {
        assert!(Reply::default().feed(b"HTTP/1.1 204 No Content\r\n\r\nx").is_err());
        assert!(Reply::default().feed_echo(b"\x82\x00\x00", 2).is_err());
        assert!(Reply::default().feed_echo(b"\x81\x00", 2).is_err());
    }

    #[test]
    fn frame_heads_have_the_lengths_of_rfc_6455() {
        assert_eq!([125, 126, 0xffff, 0x1_0000].map(|size| frame_head(size, true).len()), [2, 4, 4, 10]);
    }
}
