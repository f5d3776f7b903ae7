//! Field blocks (RFC 7541). A bystander follows the encoder's table in each direction; what it adds itself it writes
//! without indexing, so that neither side's table notices.

use super::huffman;
use super::table::Table;

/// A block that is not of RFC 7541, or that refers to a table larger than we follow. Nothing later in its direction can be
/// read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field block that cannot be read")]
pub struct HpackError;

/// Reads the field blocks of one direction, all of them and in order.
#[derive(Debug, Default)]
pub struct Decoder {
    table: Table,
}

impl Decoder {
    /// Shows the fields of a whole block, in order, to `see`. `scratch` is where strings are put together.
    pub fn decode(
        &mut self,
        block: &[u8],
        scratch: &mut Vec<u8>,
        mut see: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), HpackError> {
        let mut rest = block;
        while let Some(&first) = rest.first() {
            match first {
                0x80.. => {
                    let index = integer(&mut rest, 7)?;
                    let (name, value) = self.table.get(index).ok_or(HpackError)?;
                    see(name, value);
                }
                0x40..=0x7f => {
                    let name = self.literal(&mut rest, 6, scratch)?;
                    see(&scratch[..name], &scratch[name..]);
                    self.table.insert(&scratch[..name], &scratch[name..]);
                }
                0x20..=0x3f => {
                    let size = integer(&mut rest, 5)?;
                    if !self.table.resize(size) {
                        return Err(HpackError);
                    }
                }
                ..=0x1f => {
                    let name = self.literal(&mut rest, 4, scratch)?;
                    see(&scratch[..name], &scratch[name..]);
                }
            }
        }
        Ok(())
    }

    /// Reads name and value into `scratch`, and gives the length of the name.
    fn literal(&self, rest: &mut &[u8], prefix: u32, scratch: &mut Vec<u8>) -> Result<usize, HpackError> {
        scratch.clear();
        match integer(rest, prefix)? {
            0 => string(rest, scratch)?,
            index => scratch.extend_from_slice(self.table.get(index).ok_or(HpackError)?.0),
        }
        let name = scratch.len();
        string(rest, scratch)?;
        Ok(name)
    }
}

/// RFC 7541 §5.1.
fn integer(rest: &mut &[u8], prefix: u32) -> Result<usize, HpackError> {
    let mask = (1 << prefix) - 1;
    let (&first, mut tail) = rest.split_first().ok_or(HpackError)?;
    let mut value = usize::from(first) & mask;
    if value == mask {
        let mut shift = 0;
        loop {
            let (&byte, next) = tail.split_first().ok_or(HpackError)?;
            tail = next;
            value += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
            // Nothing in a block of bounded size needs more than 28 bits.
            if shift > 21 {
                return Err(HpackError);
            }
        }
    }
    *rest = tail;
    Ok(value)
}

/// RFC 7541 §5.2.
fn string(rest: &mut &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let coded = rest.first().is_some_and(|first| first & 0x80 != 0);
    let len = integer(rest, 7)?;
    let (text, tail) = rest.split_at_checked(len).ok_or(HpackError)?;
    *rest = tail;
    if coded {
        return huffman::decode(text, out).map_err(|huffman::Malformed| HpackError);
    }
    out.extend_from_slice(text);
    Ok(())
}

/// Writes a field without indexing (RFC 7541 §6.2.2). Name and value have fewer than 127 bytes each.
pub fn literal(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    debug_assert!(name.len() < 127 && value.len() < 127, "a length of one byte");
    out.push(0);
    for text in [name, value] {
        out.push(text.len() as u8);
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, HpackError> {
        let (mut scratch, mut seen) = (Vec::new(), Vec::new());
        decoder.decode(block, &mut scratch, |name, value| {
            seen.push(format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        })?;
        Ok(seen)
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// RFC 7541 §C.4: three requests on one connection, Huffman-coded.
    #[test]
    fn the_requests_of_the_standard_decode() {
        let mut decoder = Decoder::default();
        let first = ":method=GET :scheme=http :path=/ :authority=www.example.com";
        assert_eq!(decode(&mut decoder, &hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")).unwrap().join(" "), first);
        assert_eq!(
            decode(&mut decoder, &hex("8286 84be 5886 a8eb 1064 9cbf")).unwrap().join(" "),
            format!("{first} cache-control=no-cache")
        );
        assert_eq!(
            decode(&mut decoder, &hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))
                .unwrap()
                .join(" "),
            ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value"
        );
    }

    /// RFC 7541 §C.5: responses that evict entries from a table of 256 bytes.
    #[test]
    fn the_responses_of_the_standard_decode() {
        let mut decoder = Decoder::default();
        let first = "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
            3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d";
        let answer = |status: &str| {
            format!(
                ":status={status} cache-control=private date=Mon, 21 Oct 2013 20:13:21 GMT location=https://www.example.com"
            )
        };
        assert_eq!(decode(&mut decoder, &hex(first)).unwrap().join(" "), answer("302"));
        assert_eq!(decode(&mut decoder, &hex("4803 3330 37c1 c0bf")).unwrap().join(" "), answer("307"));
        let third =
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
            7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765
            3d33 3630 303b 2076 6572 7369 6f6e 3d31";
        let third = decode(&mut decoder, &hex(third)).unwrap();
        assert_eq!(third[0], ":status=200");
        assert_eq!(third[5], "set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
    }

    #[test]
    fn what_refers_to_nothing_is_an_error() {
        for block in [&[0x80][..], &[0xbe], &[0x40, 5, b'a'], &[0x3f, 0xff, 0xff, 0xff, 0x7f], &[0x7f, 0xff], &[0x00]] {
            assert_eq!(decode(&mut Decoder::default(), block), Err(HpackError), "{block:?}");
        }
    }

    #[test]
    fn what_we_write_reads_back_and_leaves_no_trace() {
        let (mut decoder, mut block) = (Decoder::default(), Vec::new());
        literal(b"x-forwarded-for", b"2001:db8::1", &mut block);
        assert_eq!(decode(&mut decoder, &block).unwrap(), ["x-forwarded-for=2001:db8::1"]);
        assert_eq!(decode(&mut decoder, &[0xbe]), Err(HpackError));
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_do_not(blocks: Vec<Vec<u8>>) {
            let mut decoder = Decoder::default();
            for block in blocks {
                if decode(&mut decoder, &block).is_err() {
                    break;
                }
            }
        }
    }
}
