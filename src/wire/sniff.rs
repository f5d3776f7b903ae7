//! Which protocol a connection speaks, from the first bytes that its client sends.

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.x: the bytes start as a request line does.
    Http1,
    /// HTTP/2 with prior knowledge (RFC 9113 §3.4).
    Http2,
    /// A TLS record that carries a ClientHello.
    Tls,
    /// None of these.
    Unknown,
}

/// The client's connection preface of HTTP/2 (RFC 9113 §3.4).
pub const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Names the protocol, or `None` while `bytes` could still become two of them. Never needs more than 24 bytes.
pub fn sniff(bytes: &[u8]) -> Option<Protocol> {
    let &first = bytes.first()?;
    if first == 0x16 {
        return match bytes.get(1) {
            None => None,
            Some(3) => Some(Protocol::Tls),
            Some(_) => Some(Protocol::Unknown),
        };
    }
    let shared = bytes.iter().zip(HTTP2_PREFACE).take_while(|(a, b)| a == b).count();
    if shared == HTTP2_PREFACE.len() {
        return Some(Protocol::Http2);
    }
    // "P" alone is also the start of POST and PUT; those part ways with the preface at their second byte.
    if shared == bytes.len() {
        return None;
    }
    // An empty line before the request line is allowed (RFC 9112 §2.2).
    Some(if is_token(first) || matches!(first, b'\r' | b'\n') { Protocol::Http1 } else { Protocol::Unknown })
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_name_the_protocol() {
        assert_eq!(sniff(b"GET / HTTP/1.1\r\n"), Some(Protocol::Http1));
        assert_eq!(sniff(b"PO"), Some(Protocol::Http1));
        assert_eq!(sniff(b"PROPFIND /"), Some(Protocol::Http1));
        assert_eq!(sniff(b"\r\nGET"), Some(Protocol::Http1));
        assert_eq!(sniff(HTTP2_PREFACE), Some(Protocol::Http2));
        assert_eq!(sniff(b"\x16\x03\x01\x02\x00\x01"), Some(Protocol::Tls));
        assert_eq!(sniff(b"\x16\x00"), Some(Protocol::Unknown));
        assert_eq!(sniff(b"\x00\x00\x00\x17"), Some(Protocol::Unknown));
    }

    #[test]
    fn a_start_that_could_be_two_protocols_waits() {
        assert_eq!((sniff(b""), sniff(b"P"), sniff(b"PRI * HTTP/2.0\r\n"), sniff(b"\x16")), (None, None, None, None));
        assert_eq!(sniff(b"PRI * HTTP/1.1\r\n"), Some(Protocol::Http1));
    }
}
