//! Heads of HTTP/1.x messages: parsed by `httparse`, then judged as a bystander must judge them.

use super::{Body, chunked::Chunked};
use crate::base::ascii::is;
use httparse::{Error, Header, ParserConfig, Status};
use std::mem::MaybeUninit;

/// Heads with more fields than this take a slower road.
const FIELDS: usize = 64;
/// A head of [`super::HEAD_LIMIT`] bytes cannot have more fields than this.
const FIELDS_LIMIT: usize = super::HEAD_LIMIT / 4;

/// The bytes are no head of HTTP/1.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a head of HTTP/1: {0}")]
pub struct HeadError(Error);

/// What a request asks the connection to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// Nothing.
    No,
    /// A WebSocket (RFC 6455 §4.1).
    WebSocket,
    /// A tunnel (CONNECT), or another protocol by `Upgrade`.
    Other,
}

/// A request's head.
#[derive(Debug)]
pub struct RequestHead<'a> {
    /// The head as it came, with the empty line.
    pub bytes: &'a [u8],
    /// The method, as it was written.
    pub method: &'a str,
    /// The request target, as it was written.
    pub target: &'a str,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor: u8,
    /// All fields, in order.
    pub fields: &'a [Header<'a>],
    /// The body that follows.
    pub body: Body,
    /// What the connection is to become.
    pub upgrade: Upgrade,
    /// Offset in `bytes` behind the value of the last `X-Forwarded-For`.
    pub forwarded_for: Option<usize>,
}

/// A response's head.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    /// The head as it came, with the empty line.
    pub bytes: &'a [u8],
    /// The status code, 100 to 999.
    pub status: u16,
    /// All fields, in order.
    pub fields: &'a [Header<'a>],
    /// The body as the fields have it; a response to HEAD, a 1xx, 204 or 304 has none all the same.
    pub body: Body,
}

/// Parses a request's head at the start of `bytes` and shows it to `see`; `None` while it is not whole.
pub fn request<R>(bytes: &[u8], see: impl FnOnce(&RequestHead<'_>) -> R) -> Result<Option<R>, HeadError> {
    let mut few = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    match ParserConfig::default().parse_request_with_uninit_headers(&mut parsed, bytes, &mut few) {
        Ok(Status::Complete(len)) => Ok(Some(see(&request_head(&bytes[..len], &parsed)))),
        Ok(Status::Partial) => Ok(None),
        Err(Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; FIELDS_LIMIT];
            let mut parsed = httparse::Request::new(&mut many);
            match parsed.parse(bytes).map_err(HeadError)? {
                Status::Complete(len) => Ok(Some(see(&request_head(&bytes[..len], &parsed)))),
                Status::Partial => Ok(None),
            }
        }
        Err(error) => Err(HeadError(error)),
    }
}

/// Parses a response's head at the start of `bytes` and shows it to `see`; `None` while it is not whole.
pub fn response<R>(bytes: &[u8], see: impl FnOnce(&ResponseHead<'_>) -> R) -> Result<Option<R>, HeadError> {
    let mut few = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let mut lenient = ParserConfig::default();
    // What goes back to the client is only counted, never edited, so a reader may be as forgiving as clients are.
    lenient.allow_obsolete_multiline_headers_in_responses(true).allow_spaces_after_header_name_in_responses(true);
    match lenient.parse_response_with_uninit_headers(&mut parsed, bytes, &mut few) {
        Ok(Status::Complete(len)) => Ok(Some(see(&response_head(&bytes[..len], &parsed)?))),
        Ok(Status::Partial) => Ok(None),
        Err(Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; FIELDS_LIMIT];
            let mut parsed = httparse::Response::new(&mut many);
            match lenient.parse_response(&mut parsed, bytes).map_err(HeadError)? {
                Status::Complete(len) => Ok(Some(see(&response_head(&bytes[..len], &parsed)?))),
                Status::Partial => Ok(None),
            }
        }
        Err(error) => Err(HeadError(error)),
    }
}

/// Whether `bytes`, the start of a head, could still become a response's. What a gateway writes past its answer could not, and is
/// not to pass for the start of the next one.
pub fn may_be_response(bytes: &[u8]) -> bool {
    const START: &[u8] = b"HTTP/1.";
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    bytes[start..].iter().zip(START).all(|(byte, expected)| byte == expected)
}

fn request_head<'a>(bytes: &'a [u8], parsed: &'a httparse::Request<'_, 'a>) -> RequestHead<'a> {
    let fields: &'a [Header<'a>] = parsed.headers;
    let method = parsed.method.unwrap_or_default();
    let mut framing = Framing::default();
    let (mut connection_upgrade, mut websocket, mut upgrade, mut forwarded_for) = (false, false, false, None);
    for field in fields {
        // Most fields are told apart by the length of their name alone.
        match field.name.len() {
            7 if is(field.name.as_bytes(), b"upgrade") => {
                upgrade = true;
                websocket |= has_token(field.value, b"websocket");
            }
            10 if is(field.name.as_bytes(), b"connection") => {
                connection_upgrade |= has_token(field.value, b"upgrade");
            }
            15 if is(field.name.as_bytes(), b"x-forwarded-for") => {
                forwarded_for = Some(offset(bytes, field.value.as_ptr()) + field.value.len());
            }
            _ => framing.see(field),
        }
    }
    let mut body = framing.settle().unwrap_or(Body::NONE);
    let minor = parsed.version.unwrap_or(1);
    // A bare LF ends a line for some readers only, and HTTP/1.0 knows no coding: what follows is anybody's guess.
    if has_bare_line_feed(bytes, fields) || (minor == 0 && framing.chunked) {
        body = Body::Ambiguous;
    }
    let upgrade = match () {
        () if method == "CONNECT" => Upgrade::Other,
        () if !(upgrade && connection_upgrade) => Upgrade::No,
        () if websocket && method == "GET" => Upgrade::WebSocket,
        () => Upgrade::Other,
    };
    let target = parsed.path.unwrap_or_default();
    RequestHead { bytes, method, target, minor, fields, body, upgrade, forwarded_for }
}

fn response_head<'a>(bytes: &'a [u8], parsed: &'a httparse::Response<'_, 'a>) -> Result<ResponseHead<'a>, HeadError> {
    // Three digits are not enough: below 100 there is no class of status (RFC 9110 §15).
    let status = parsed.code.filter(|code| *code >= 100).ok_or(HeadError(Error::Status))?;
    let fields: &'a [Header<'a>] = parsed.headers;
    let mut framing = Framing::default();
    for field in fields {
        framing.see(field);
    }
    let body = framing.settle().unwrap_or(Body::UntilClose);
    Ok(ResponseHead { bytes, status, fields, body })
}

/// What the fields of a message say of its body.
#[derive(Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
    ambiguous: bool,
}

impl Framing {
    fn see(&mut self, field: &Header<'_>) {
        match field.name.len() {
            14 if is(field.name.as_bytes(), b"content-length") => {
                let length = decimal(field.value);
                self.ambiguous |= length.is_none() || self.length.is_some();
                self.length = length.or(self.length);
            }
            17 if is(field.name.as_bytes(), b"transfer-encoding") => {
                self.ambiguous |= self.chunked || !field.value.eq_ignore_ascii_case(b"chunked");
                self.chunked = true;
            }
            _ => {}
        }
    }

    fn settle(&self) -> Option<Body> {
        match (self.length, self.chunked) {
            _ if self.ambiguous => Some(Body::Ambiguous),
            (Some(_), true) => Some(Body::Ambiguous),
            (None, true) => Some(Body::Chunked(Chunked::default())),
            (Some(length), false) => Some(Body::Length(length)),
            (None, false) => None,
        }
    }
}

/// `1*DIGIT` that fits; signs, blanks and lists are for others to make sense of.
pub fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// Whether the comma-separated list `value` has `token`, without regard to case.
fn has_token(value: &[u8], token: &[u8]) -> bool {
    value.split(|&byte| byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token))
}

/// Where in `bytes` a part of it begins.
fn offset(bytes: &[u8], part: *const u8) -> usize {
    part as usize - bytes.as_ptr() as usize
}

/// Whether any line of the head ends in LF without CR. Every line begins at a field's name, or is the empty one.
fn has_bare_line_feed(bytes: &[u8], fields: &[Header<'_>]) -> bool {
    let bare = |line: usize| line < 2 || bytes[line - 2] != b'\r';
    fields.iter().any(|field| bare(offset(bytes, field.name.as_ptr()))) || bare(bytes.len()) || bare(bytes.len() - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(head: &[u8]) -> Body {
        request(head, |head| head.body).unwrap().unwrap()
    }

    #[test]
    fn fields_tell_how_long_the_body_is() {
        assert_eq!(body(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Body::NONE);
        assert_eq!(body(b"POST / HTTP/1.1\r\ncontent-LENGTH: 12\r\n\r\n"), Body::Length(12));
        assert_eq!(body(b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"), Body::Chunked(Chunked::default()));
    }

    #[test]
    fn what_readers_take_differently_is_ambiguous() {
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "A: b\nContent-Length: 5\r\n",
        ] {
            let head = format!("POST / HTTP/1.1\r\n{fields}\r\n");
            assert_eq!(body(head.as_bytes()), Body::Ambiguous, "{fields:?}");
        }
        assert_eq!(body(b"GET / HTTP/1.1\r\nA: b\r\n\n"), Body::Ambiguous);
        assert_eq!(body(b"GET / HTTP/1.1\n\r\n"), Body::Ambiguous);
        assert_eq!(body(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Body::Ambiguous);
    }

    #[test]
    fn an_upgrade_needs_both_of_its_fields() {
        let upgrade = |head: &[u8]| request(head, |head| head.upgrade).unwrap().unwrap();
        assert_eq!(
            upgrade(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"),
            Upgrade::WebSocket
        );
        assert_eq!(upgrade(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), Upgrade::No);
        assert_eq!(upgrade(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), Upgrade::Other);
        assert_eq!(upgrade(b"CONNECT a:443 HTTP/1.1\r\n\r\n"), Upgrade::Other);
    }

    #[test]
    fn the_last_forwarded_for_is_found_behind_its_value() {
        let head = b"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nx-forwarded-for: b  \r\n\r\n";
        let at = request(head, |head| head.forwarded_for).unwrap().unwrap().unwrap();
        assert_eq!(&head[at - 1..at + 2], b"b  ");
    }

    #[test]
    fn thousands_of_fields_are_read() {
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        (0..8000).for_each(|_| head.extend_from_slice(b"a:b\r\n"));
        head.extend_from_slice(b"\r\n");
        assert_eq!(request(&head, |head| head.fields.len()).unwrap(), Some(8000));
    }

    #[test]
    fn a_response_without_length_lasts_until_the_end() {
        let see = |head: &ResponseHead<'_>| (head.status, head.body);
        assert_eq!(response(b"HTTP/1.0 200 OK\r\n\r\n", see).unwrap(), Some((200, Body::UntilClose)));
        assert_eq!(response(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", see).unwrap(), Some((200, Body::NONE)));
        assert_eq!(response(b"HTTP/1.1 2", see).unwrap(), None);
        assert!(response(b"SSH-2.0-OpenSSH\r\n", see).is_err());
    }
}
