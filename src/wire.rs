//! Pure parsers over bytes: no I/O, no clock, no allocation in the steady state. Every one of them is fuzzed.
//!
//! They watch a conversation that somebody else has; where two honest readers could disagree about what the bytes mean,
//! they say so ([`http1::Body::Ambiguous`], an error) instead of picking a side: a misread boundary would let an
//! edit land inside a body.
//!
//! - `sniff`: which protocol the first bytes of a connection are
//! - `http1`: heads, body framing and the chunked coding of HTTP/1.x (RFC 9112)
//! - `http2`: frames and field blocks of HTTP/2 (RFC 9113, RFC 7541)
//! - `grpc`: messages of a gRPC call
//! - `proxy_protocol`: the header of the PROXY protocol
//! - `tls`: the server name of a ClientHello
//! - `websocket`: frame headers of RFC 6455

pub mod grpc;
pub mod http1;
pub mod http2;
pub mod proxy_protocol;
pub mod sniff;
pub mod tls;
pub mod websocket;
