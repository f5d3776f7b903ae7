//! What a field block says, as far as anything is derived from it.

use crate::event::exchange::keep_field;
use crate::metrics::grpc::Code;
use crate::metrics::http::Method;
use crate::observe::grpc::is_grpc;
use crate::trace::propagate::Reader;
use crate::wire::http1::decimal;

/// A request's fields.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// `:path`; empty where there is none, as with CONNECT.
    pub(super) path: &'a str,
    /// The fields as lines of a head.
    pub(super) lines: &'a [u8],
    /// What they say of a trace.
    pub(super) trace: &'a Reader,
    pub(super) becomes: Becomes,
    pub(super) is_grpc: bool,
}

/// What a request asks its stream to become (RFC 8441, RFC 9113 §8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    Nothing,
    WebSocket,
    Tunnel,
}

/// A request's fields as they come.
#[derive(Debug)]
pub(super) struct RequestReader<'a> {
    path: &'a mut Vec<u8>,
    /// The fields as lines, pseudo-header fields but `:authority` left out.
    lines: &'a mut Vec<u8>,
    trace: Reader,
    method: Method,
    is_websocket: bool,
    is_grpc: bool,
}

impl<'a> RequestReader<'a> {
    /// Keeps the path in `path`, and fields in `lines`.
    pub(super) fn new(path: &'a mut Vec<u8>, lines: &'a mut Vec<u8>) -> Self {
        path.clear();
        lines.clear();
        Self { path, lines, trace: Reader::default(), method: Method::Other, is_websocket: false, is_grpc: false }
    }

    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        #[cfg(feature = "chaos")]
        crate::observe::chaos::strike("request", name, value);
        match name {
            b":method" => self.method = Method::parse(std::str::from_utf8(value).unwrap_or_default()),
            b":path" => {
                self.path.clear();
                self.path.extend_from_slice(value);
            }
            b":protocol" => self.is_websocket = value == b"websocket",
            b":authority" => keep_field(self.lines, b"host", value),
            b"content-type" => self.is_grpc = is_grpc(value),
            _ => {}
        }
        if !name.starts_with(b":") {
            keep_field(self.lines, name, value);
            self.trace.field(name, value);
        }
    }

    pub(super) fn request(&self) -> Request<'_> {
        let becomes = match self.method {
            Method::Connect if self.is_websocket => Becomes::WebSocket,
            Method::Connect => Becomes::Tunnel,
            _ => Becomes::Nothing,
        };
        // A path that is no text is no endpoint either.
        let path = std::str::from_utf8(self.path).unwrap_or_default();
        Request { method: self.method, path, lines: self.lines, trace: &self.trace, becomes, is_grpc: self.is_grpc }
    }
}

/// An answer's fields, or its trailers.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// Absent in trailers.
    pub(super) status: Option<u16>,
    pub(super) grpc: Option<Code>,
    /// Content-Length, in octets.
    pub(super) length: Option<u64>,
}

impl Response {
    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        #[cfg(feature = "chaos")]
        crate::observe::chaos::strike("answer", name, value);
        match name {
            b":status" => {
                let status = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.status = status.filter(|status| (100..1000).contains(status));
            }
            b"grpc-status" => self.grpc = Some(Code::parse(value)),
            b"content-length" => self.length = decimal(value),
            _ => {}
        }
    }
}
