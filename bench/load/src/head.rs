//! Heads of requests and responses, as far as the bench needs them. Its own bodies are always `Content-Length` bytes; who sends
//! traces to its gateway may send chunks.

use anyhow::{Result, anyhow, ensure};
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
    /// Of a request: the body comes in chunks.
    pub chunked: bool,
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
    ensure!(!head.chunked, "the bench knows the bodies of responses by Content-Length only");
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
            head.chunked = true;
        }
    }
    Ok(())
}

/// How long the chunks at the start of `bytes` are, to their end; `None` while that is not here. Trailers are none of ours.
pub fn chunks(bytes: &[u8]) -> Result<Option<usize>> {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        let Status::Complete((head, size)) =
            httparse::parse_chunk_size(rest).map_err(|_| anyhow!("the size of a chunk is no number"))?
        else {
            return Ok(None);
        };
        at += head + size as usize + 2;
        if size == 0 {
            return Ok((at <= bytes.len()).then_some(at));
        }
    }
    Ok(None)
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
    fn chunks_end_with_the_last() {
        let bytes = b"3\r\nabc\r\n0\r\n\r\n";
        for cut in 0..bytes.len() {
            assert_eq!(chunks(&bytes[..cut]).expect("a part is no fault"), None, "{cut}");
        }
        assert_eq!(chunks(bytes).expect("good chunks"), Some(bytes.len()));
    }

    #[test]
    fn a_body_that_the_bench_cannot_measure_is_a_fault() {
        assert!(response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
