//! The PROXY protocol's header, versions 1 and 2 (haproxy's `proxy-protocol.txt`), which a load balancer puts in front of a
//! connection to tell whose it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest header of version 1, `CR LF` with it.
const V1_LIMIT: usize = 107;
const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const V2_HEADER: usize = 16;
/// The longest header of version 2 that is taken: addresses and a few extensions.
pub const LIMIT: usize = 4096;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose connection it is; `None` if the sender speaks for itself, or does not know.
    pub source: Option<SocketAddr>,
    /// Its length.
    pub len: usize,
}

/// The bytes are no header of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a header of the PROXY protocol")]
pub struct Malformed;

/// Reads the header at the start of `bytes`; `None` while it is not whole.
pub fn parse(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    if starts(bytes, V2) {
        return version_2(bytes);
    }
    if starts(bytes, V1) {
        return version_1(bytes);
    }
    Err(Malformed)
}

/// Whether `bytes` begin with `signature`, as far as they go.
fn starts(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(a, b)| a == b)
}

fn version_1(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some(end) = bytes.iter().take(V1_LIMIT).position(|byte| *byte == b'\n') else {
        return if bytes.len() < V1_LIMIT { Ok(None) } else { Err(Malformed) };
    };
    let line = bytes[..end].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok()).ok_or(Malformed)?;
    let mut words = line.split(' ').skip(1);
    let source = match words.next() {
        // What else is on such a line is to be passed over.
        Some("UNKNOWN") => None,
        Some(family @ ("TCP4" | "TCP6")) => {
            let words: Vec<&str> = words.collect();
            let &[source, target, port, target_port] = &*words else { return Err(Malformed) };
            let address = |text: &str| {
                text.parse().ok().filter(|ip: &IpAddr| ip.is_ipv4() == (family == "TCP4")).ok_or(Malformed)
            };
            let number = |text: &str| text.parse::<u16>().map_err(|_| Malformed);
            address(target)?;
            number(target_port)?;
            Some(SocketAddr::new(address(source)?, number(port)?))
        }
        _ => return Err(Malformed),
    };
    Ok(Some(Header { source, len: end + 1 }))
}

fn version_2(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some((header, rest)) = bytes.split_at_checked(V2_HEADER) else { return Ok(None) };
    let [command, family] = [header[12], header[13]];
    let len = usize::from(u16::from_be_bytes([header[14], header[15]]));
    if V2_HEADER + len > LIMIT || command >> 4 != 2 {
        return Err(Malformed);
    }
    let Some(content) = rest.get(..len) else { return Ok(None) };
    let port = |at: usize| u16::from_be_bytes([content[at], content[at + 1]]);
    let source = match (command & 0xf, family >> 4) {
        // The balancer's own connection, such as a health check.
        (0, _) => None,
        (1, 1) if len >= 12 => {
            let ip = content.first_chunk::<4>().ok_or(Malformed)?;
            Some(SocketAddr::new(Ipv4Addr::from(*ip).into(), port(8)))
        }
        (1, 2) if len >= 36 => {
            let ip = content.first_chunk::<16>().ok_or(Malformed)?;
            Some(SocketAddr::new(Ipv6Addr::from(*ip).into(), port(32)))
        }
        (1, 0 | 3) => None,
        _ => return Err(Malformed),
    };
    Ok(Some(Header { source, len: V2_HEADER + len }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        [V2, &[0x20 | command, family << 4 | 1], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    fn source(bytes: &[u8]) -> Option<String> {
        let header = parse(bytes).unwrap().unwrap();
        assert_eq!(header.len, bytes.len());
        header.source.map(|source| source.to_string())
    }

    #[test]
    fn both_versions_tell_whose_connection_it_is() {
        assert_eq!(source(b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\r\n").as_deref(), Some("192.0.2.1:5000"));
        assert_eq!(source(b"PROXY TCP6 2001:db8::1 ::1 5000 80\r\n").as_deref(), Some("[2001:db8::1]:5000"));
        assert_eq!(source(b"PROXY UNKNOWN whatever this is\r\n"), None);
        let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x13, 0x88, 0, 80];
        assert_eq!(source(&v2(1, 1, &v4)).as_deref(), Some("192.0.2.1:5000"));
        assert_eq!(source(&v2(1, 1, &[&v4[..], &[4, 0, 1, 9]].concat())).as_deref(), Some("192.0.2.1:5000"));
        let v6 =
            [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 16], &[0x13, 0x88, 0, 80]].concat();
        assert_eq!(source(&v2(1, 2, &v6)).as_deref(), Some("[2001:db8::1]:5000"));
        assert_eq!(source(&v2(0, 0, b"")), None);
    }

    #[test]
    fn a_header_in_pieces_is_waited_for() {
        for header in [b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\r\n".to_vec(), v2(1, 1, &[1; 12])] {
            for len in 0..header.len() {
                assert_eq!(parse(&header[..len]), Ok(None), "{len}");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 2001:db8::1 ::1 5000 80\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 70000 80\r\n",
            &[b"PROXY ".as_slice(), &[b'x'; 200]].concat(),
            &v2(2, 1, &[0; 12]),
            &v2(1, 1, &[0; 11]),
            &v2(1, 1, &[0; 5000]),
        ] {
            assert_eq!(parse(bytes), Err(Malformed), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, rest in 0..2usize) {
            let bytes = [[V1, V2][rest], &bytes].concat();
            if let Ok(Some(header)) = parse(&bytes) {
                prop_assert!(header.len <= bytes.len());
            }
        }
    }
}
