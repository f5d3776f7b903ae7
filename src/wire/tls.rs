//! The first record of a TLS connection (RFC 8446 §4.1.2), as far as it says whom the client wants to reach.

/// The server name (RFC 6066 §3) of a ClientHello that is whole in `bytes`; `None` if it has none, or comes in pieces.
pub fn server_name(bytes: &[u8]) -> Option<&str> {
    let mut record = Reader(bytes);
    record.skip(3)?;
    let mut hello = Reader(record.vector(2)?);
    // Type, length, version and random.
    hello.skip(1 + 3 + 2 + 32)?;
    hello.vector(1)?;
    hello.vector(2)?;
    hello.vector(1)?;
    let mut extensions = Reader(hello.vector(2)?);
    loop {
        let kind = extensions.number(2)?;
        let content = extensions.vector(2)?;
        if kind == 0 {
            let mut names = Reader(Reader(content).vector(2)?);
            let is_host = names.number(1)? == 0;
            let name = std::str::from_utf8(names.vector(2)?).ok()?;
            let valid = name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
            return (is_host && valid).then_some(name);
        }
    }
}

/// Numbers and vectors of TLS's presentation language (RFC 8446 §3).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn skip(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, len: usize) -> Option<usize> {
        Some(self.skip(len)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn vector(&mut self, len: usize) -> Option<&'a [u8]> {
        let len = self.number(len)?;
        self.skip(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A ClientHello whose second extension is the server name.
    fn hello(name: &str) -> Vec<u8> {
        let vector = |len: usize, content: &[u8]| {
            let mut out = (content.len() as u32).to_be_bytes()[4 - len..].to_vec();
            out.extend_from_slice(content);
            out
        };
        let names = vector(2, &[&[0][..], &vector(2, name.as_bytes())].concat());
        let extensions = [&[0, 23][..], &vector(2, &[]), &[0, 0], &vector(2, &names)].concat();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &vector(1, &[1; 32]),
            &vector(2, &[19, 1]),
            &vector(1, &[0]),
            &vector(2, &extensions),
        ];
        let message = [&[1][..], &vector(3, &body.concat())].concat();
        [&[0x16, 3, 1][..], &vector(2, &message)].concat()
    }

    #[test]
    fn the_server_name_of_a_whole_hello_is_read() {
        let bytes = hello("api.example.com");
        assert_eq!(server_name(&bytes), Some("api.example.com"));
        assert!((0..bytes.len()).all(|len| server_name(&bytes[..len]).is_none()));
        assert_eq!(server_name(&hello("no\nhost")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(bytes: Vec<u8>) {
            let _ = server_name(&bytes);
        }
    }
}
