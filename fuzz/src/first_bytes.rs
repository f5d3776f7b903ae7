//! What stands in front of a conversation: the PROXY protocol, TLS.

use crate::{http1::prefixes, split};
use outrider::wire::{proxy_protocol as wire, tls};

/// A header is the same whatever follows it, and there is none before it is whole.
pub fn proxy_protocol(input: &[u8]) {
    prefixes(input, |bytes| wire::parse(bytes).map(|header| header.map(|header| (header.len, header))));
}

/// A name is one that could be a host's, and stays when more bytes follow.
pub fn server_name(input: &[u8]) {
    let Some((bytes, pieces)) = split(input) else { return };
    let (mut end, mut named) = (0, None);
    for piece in pieces {
        end += piece.len();
        let found = tls::server_name(&bytes[..end]);
        assert!(named.is_none() || found == named, "{named:?} became {found:?}");
        assert!(found.is_none_or(|name| name.len() <= 253 && name.is_ascii() && !name.contains(char::is_whitespace)));
        named = found;
    }
}
