//! The chunked transfer coding (RFC 9112 §7.1), strict: what two readers could take differently is an error.

use memchr::memchr;

/// Where in a chunked body the stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunked {
    phase: Phase,
    /// In `Size` the size so far, in `Data` the bytes still to come.
    left: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// At the first digit of a chunk's size.
    #[default]
    SizeStart,
    Size,
    Extension,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    /// At the first byte of a line in the trailer section.
    TrailerStart,
    Trailer,
    TrailerLineFeed,
    LastLineFeed,
}

/// The bytes are no chunked coding, or one that readers take differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunked coding")]
pub struct ChunkedError {
    /// How many of the bytes that were read are in order, in front of the fault.
    pub at: usize,
}

impl Chunked {
    /// Reads on and shows content to `see`: how many bytes belong to this body, how many of them are content, and whether it
    /// ended.
    pub fn advance(&mut self, bytes: &[u8], mut see: impl FnMut(&[u8])) -> Result<super::Step, ChunkedError> {
        let (mut at, mut content) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            match self.phase {
                Phase::Data => {
                    let taken = self.left.min((bytes.len() - at) as u64);
                    self.left -= taken;
                    content += taken;
                    see(&bytes[at..at + taken as usize]);
                    at += taken as usize;
                    if self.left == 0 {
                        self.phase = Phase::DataReturn;
                    }
                    continue;
                }
                // Long extensions and trailers are skipped a line at a time.
                Phase::Extension | Phase::Trailer => {
                    let rest = &bytes[at..];
                    let end = memchr(b'\r', rest).unwrap_or(rest.len());
                    if let Some(fault) = memchr(b'\n', &rest[..end]) {
                        return Err(ChunkedError { at: at + fault });
                    }
                    at += end;
                    if at < bytes.len() {
                        at += 1;
                        self.phase =
                            if self.phase == Phase::Trailer { Phase::TrailerLineFeed } else { Phase::SizeLineFeed };
                    }
                    continue;
                }
                phase => self.phase = self.turn(phase, byte).ok_or(ChunkedError { at })?,
            }
            at += 1;
            if self.phase == Phase::LastLineFeed && byte == b'\n' {
                *self = Self::default();
                return Ok(super::Step { taken: at, content, done: true });
            }
        }
        Ok(super::Step { taken: at, content, done: false })
    }

    /// The phase after `byte`, for the phases that go byte by byte; none if it has no place there.
    fn turn(&mut self, phase: Phase, byte: u8) -> Option<Phase> {
        Some(match (phase, byte) {
            (Phase::SizeStart | Phase::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16)?;
                // 2^60 bytes are more than anyone sends; beyond them parsers overflow in ways of their own.
                if self.left >> 56 != 0 {
                    return None;
                }
                self.left = self.left << 4 | u64::from(digit);
                Phase::Size
            }
            (Phase::Size, b'\r') => Phase::SizeLineFeed,
            (Phase::Size, b';' | b' ' | b'\t') => Phase::Extension,
            (Phase::SizeLineFeed, b'\n') if self.left == 0 => Phase::TrailerStart,
            (Phase::SizeLineFeed, b'\n') => Phase::Data,
            (Phase::DataReturn, b'\r') => Phase::DataLineFeed,
            (Phase::DataLineFeed, b'\n') => Phase::SizeStart,
            (Phase::TrailerStart, b'\r') | (Phase::LastLineFeed, b'\n') => Phase::LastLineFeed,
            (Phase::TrailerStart, b'\n') => return None,
            (Phase::TrailerStart, _) => Phase::Trailer,
            (Phase::TrailerLineFeed, b'\n') => Phase::TrailerStart,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http1::Step;

    const WHOLE: &[u8] = b"5;ext=\"a b\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

    #[test]
    fn a_body_ends_where_it_ends_in_any_split() {
        for split in 0..=WHOLE.len() {
            let mut chunked = Chunked::default();
            let (one, two) = WHOLE.split_at(split);
            let first = chunked.advance(one, |_| {}).unwrap();
            let mut content = first.content;
            if !first.done {
                let with_more = [two, b"GET /"].concat();
                let second = chunked.advance(&with_more, |_| {}).unwrap();
                assert!(second.done, "split at {split}");
                assert_eq!(first.taken + second.taken, WHOLE.len());
                content += second.content;
            }
            assert_eq!(content, 15);
        }
    }

    #[test]
    fn what_readers_take_differently_is_an_error() {
        let bad: [&[u8]; 9] = [
            b"\r\n",
            b"g\r\n",
            b"5\nhello",
            b"1\r\nab\r\n",
            b"1\r\na\n",
            b"-1\r\n",
            b"0x1\r\n",
            b"11111111111111111\r\n",
            b"5;a\nb\r\n",
        ];
        for bytes in bad {
            assert!(Chunked::default().advance(bytes, |_| {}).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn nothing_behind_the_end_is_taken() {
        let step = Chunked::default().advance(b"0\r\n\r\nHTTP/1.1", |_| {}).unwrap();
        assert_eq!(step, Step { taken: 5, content: 0, done: true });
    }
}
