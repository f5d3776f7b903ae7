//! TLS on either side of a relay, by rustls on ring. What is inside is relayed and seen as it would be without.
//!
//! Which protocol both ends speak (ALPN) is not ours to choose: a client of TLS gets what the gateway takes, and a gateway of
//! TLS is offered what the client speaks.
//!
//! - `server`: TLS of clients ends here
//! - `client`: TLS to the gateway begins here
//! - `stream`: both as sides of a relay

pub mod client;
pub mod server;
pub mod stream;

pub use client::Originator;
pub use server::Terminator;

/// What is spoken inside TLS, as ALPN names it (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// `http/1.1`, and what names nothing.
    Http1,
    /// `h2`.
    Http2,
}

impl Inner {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}
