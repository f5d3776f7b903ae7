//! HTTP/1.1 over a bare socket, for what no client library sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::wait::PATIENCE;

/// The handshake of a WebSocket to the gateway's echo.
pub const UPGRADE: &str = "GET /ws/echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// One response, its body free of chunking.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// A connection and what has been read past the last response.
pub struct Connection {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Connection {
    /// Connects; every later read and write is bounded by the harness's patience.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("no connection to {address}: {error}"));
        stream.set_nodelay(true).expect("a socket takes its options");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes its options");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes its options");
        Self { stream, ahead: Vec::new() }
    }

    /// Writes all of `bytes`.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the other end takes the bytes");
    }

    /// The next final response; `to_head` says that it answers a `HEAD`, which has no body whatever its head says.
    #[track_caller]
    pub fn response(&mut self, to_head: bool) -> Response {
        let head = String::from_utf8_lossy(&self.head()).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        if status < 200 && status != 101 {
            return self.response(to_head);
        }
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        let body = if to_head || matches!(status, 101 | 204 | 304) {
            Vec::new()
        } else if field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            self.chunks()
        } else if let Some(length) = field("content-length") {
            self.exactly(length.parse().expect("a length"))
        } else {
            self.rest()
        };
        Response { status, head, body }
    }

    /// The next head, with its empty line.
    #[track_caller]
    pub fn head(&mut self) -> Vec<u8> {
        let end = self.read_until(b"\r\n\r\n");
        self.take(end)
    }

    /// Everything up to the end that the other side makes.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.ahead);
        self.stream.read_to_end(&mut all).expect("the other end closes in order");
        all
    }

    /// Everything up to the end, and whether that end was in order.
    pub fn rest_or_reset(&mut self) -> (Vec<u8>, Option<std::io::ErrorKind>) {
        let mut all = std::mem::take(&mut self.ahead);
        let end = self.stream.read_to_end(&mut all).err().map(|error| error.kind());
        (all, end)
    }

    /// The next `count` bytes.
    #[track_caller]
    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.ahead.len() < count {
            self.read_more();
        }
        self.take(count)
    }

    /// The next chunk of a body that is sent in chunks; empty at its end.
    #[track_caller]
    pub fn chunk(&mut self) -> Vec<u8> {
        let line_end = self.read_until(b"\r\n");
        let line = self.take(line_end);
        let size = String::from_utf8_lossy(&line[..line_end - 2]).into_owned();
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16).expect("a chunk's size");
        let mut chunk = self.exactly(size + 2);
        chunk.truncate(size);
        chunk
    }

    fn chunks(&mut self) -> Vec<u8> {
        std::iter::repeat_with(|| self.chunk()).take_while(|chunk| !chunk.is_empty()).flatten().collect()
    }

    fn read_until(&mut self, mark: &[u8]) -> usize {
        loop {
            if let Some(start) = self.ahead.windows(mark.len()).position(|window| window == mark) {
                return start + mark.len();
            }
            self.read_more();
        }
    }

    fn read_more(&mut self) {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer).expect("the other end sends in time");
        assert!(count > 0, "the connection ended after {:?}", String::from_utf8_lossy(&self.ahead));
        self.ahead.extend_from_slice(&buffer[..count]);
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.ahead.drain(..count).collect()
    }
}

/// One `GET` on its own connection.
#[track_caller]
pub fn get(address: SocketAddr, path: &str) -> Response {
    let mut connection = Connection::open(address);
    connection.send(format!("GET {path} HTTP/1.1\r\nHost: e2e.test\r\nConnection: close\r\n\r\n"));
    connection.response(false)
}
