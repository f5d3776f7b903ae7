//! Heads of requests and responses, as far as the bench needs them: it is the only peer of its own gateway, so a body is
//! always `Content-Length` bytes.

use anyhow::{Result, bail};
use httparse::{EMPTY_HEADER, Header, Status};

const MOST_HEADERS: usize = 32;

/// What a head says; `len` is its own length.
#[derive(Debug, Default, PartialEq)]
pub struct Head {
    pub len: usize,
    /// Of a response; 0 in a request.
    pub status: u16,
    /// Of a request; empty in a response.
    pub path: String,
    pub body: usize,
    pub close: bool,
    pub websocket_key: Option<String>,
}

/// A response's head; `None` while it is not whole.
pub fn response(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let Status::Complete(len) = parsed.parse(bytes)? else { return Ok(None) };
    let status = parsed.code.unwrap_or_default();
    let mut head = Head { len, status, close: parsed.version == Some(0), ..Head::default() };
    read(&mut head, parsed.headers)?;
    Ok(Some(head))
}

/// A request's head; `None` while it is not whole.
pub fn request(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let Status::Complete(len) = parsed.parse(bytes)? else { return Ok(None) };
    let path = parsed.path.unwrap_or_default().to_owned();
    let mut head = Head { len, path, close: parsed.version == Some(0), ..Head::default() };
    read(&mut head, parsed.headers)?;
    Ok(Some(head))
}

fn read(head: &mut Head, headers: &[Header<'_>]) -> Result<()> {
    for header in headers {
        let text = || String::from_utf8_lossy(header.value);
        if header.name.eq_ignore_ascii_case("content-length") {
            head.body = text().trim().parse()?;
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.close |= header.value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("sec-websocket-key") {
            head.websocket_key = Some(text().into_owned());
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the bench knows bodies by Content-Length only, not by Transfer-Encoding: {}", text());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello";
        assert_eq!(response(&bytes[..30]).expect("the start of a head is no fault"), None);
        let head = response(bytes).expect("a good head").expect("a whole head");
        assert_eq!((head.status, head.body, head.close, head.len), (200, 5, true, bytes.len() - 5));
        let head =
            request(b"GET /64k HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n").expect("a good head").expect("a whole head");
        assert_eq!((head.path.as_str(), head.websocket_key.as_deref()), ("/64k", Some("a")));
    }

    #[test]
    fn a_body_that_the_bench_cannot_measure_is_a_fault() {
        assert!(response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
