//! Frame headers of RFC 6455, one direction of a connection, read by a bystander. Payloads are skipped, not kept.

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// A ping.
    Ping,
    /// The answer to one.
    Pong,
    /// The end, with its code (RFC 6455 §7.4) where one was given.
    Close(Option<u16>),
}

/// A whole message, however many frames it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Bytes of payload as they were sent: compressed where an extension compresses.
    pub size: u64,
}

/// The bytes are no frames of RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Opcodes 3–7 and 11–15.
    #[error("reserved opcode {0}")]
    Opcode(u8),
    /// A control frame in fragments or over 125 bytes.
    #[error("malformed control frame")]
    Control,
    /// A continuation of nothing, or a new message inside another.
    #[error("fragments out of order")]
    Fragment,
    /// A length of 2^63 bytes or more.
    #[error("impossible frame length")]
    Length,
}

/// The longest frame header: 2 bytes, an extended length of 8, a mask of 4.
const HEADER_LIMIT: usize = 14;

/// Reads one direction.
#[derive(Debug, Default)]
pub struct Scanner {
    header: [u8; HEADER_LIMIT],
    header_len: u8,
    /// The frame whose payload passes.
    frame: Option<Frame>,
    /// The data message that is open, with its size so far.
    open: Option<Message>,
}

#[derive(Debug)]
struct Frame {
    opcode: u8,
    fin: bool,
    mask: [u8; 4],
    len: u64,
    left: u64,
    code: [u8; 2],
}

impl Scanner {
    /// Reads `bytes` and shows each message that ended in them to `see`.
    pub fn scan(&mut self, mut bytes: &[u8], mut see: impl FnMut(Message)) -> Result<(), FrameError> {
        loop {
            if let Some(frame) = &mut self.frame {
                bytes = frame.pass(bytes);
                if frame.left > 0 {
                    return Ok(());
                }
                if let Some(message) = self.end_frame()? {
                    see(message);
                }
            }
            let Some(&byte) = bytes.first() else { return Ok(()) };
            bytes = &bytes[1..];
            self.header[usize::from(self.header_len)] = byte;
            self.header_len += 1;
            self.frame = self.begin_frame()?;
        }
    }

    /// Whether the stream stands between two messages.
    pub fn is_between_messages(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && self.open.is_none()
    }

    /// The frame, once its header is whole.
    fn begin_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let header = &self.header[..usize::from(self.header_len)];
        let &[first, second, ..] = header else { return Ok(None) };
        let (opcode, fin) = (first & 0x0f, first & 0x80 != 0);
        let (masked, short) = (second & 0x80 != 0, second & 0x7f);
        match opcode {
            0..=2 => {}
            8..=10 if fin && short <= 125 => {}
            8..=10 => return Err(FrameError::Control),
            _ => return Err(FrameError::Opcode(opcode)),
        }
        let length_len = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask_at = 2 + length_len;
        if header.len() < mask_at + if masked { 4 } else { 0 } {
            return Ok(None);
        }
        let len = match length_len {
            0 => u64::from(short),
            _ => header[2..mask_at].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        if len >> 63 != 0 {
            return Err(FrameError::Length);
        }
        let mut mask = [0; 4];
        if masked {
            mask.copy_from_slice(&header[mask_at..mask_at + 4]);
        }
        self.header_len = 0;
        Ok(Some(Frame { opcode, fin, mask, len, left: len, code: [0; 2] }))
    }

    /// The message that the passed frame ends, if it ends one.
    fn end_frame(&mut self) -> Result<Option<Message>, FrameError> {
        let Some(frame) = self.frame.take() else { return Ok(None) };
        let whole = |kind| Ok(Some(Message { kind, size: frame.len }));
        let open = match (frame.opcode, self.open.take()) {
            (8, open) => {
                self.open = open;
                return whole(Kind::Close((frame.len >= 2).then(|| u16::from_be_bytes(frame.code))));
            }
            (9, open) => {
                self.open = open;
                return whole(Kind::Ping);
            }
            (10, open) => {
                self.open = open;
                return whole(Kind::Pong);
            }
            (0, Some(open)) => Message { size: open.size.saturating_add(frame.len), ..open },
            (1, None) => Message { kind: Kind::Text, size: frame.len },
            (2, None) => Message { kind: Kind::Binary, size: frame.len },
            _ => return Err(FrameError::Fragment),
        };
        if frame.fin {
            return Ok(Some(open));
        }
        self.open = Some(open);
        Ok(None)
    }
}

impl Frame {
    /// Skips payload, keeping the code of a close; what is left of `bytes` is behind the frame.
    fn pass<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let taken = self.left.min(bytes.len() as u64) as usize;
        if self.opcode == 8 {
            let done = (self.len - self.left) as usize;
            for (at, byte) in bytes[..taken].iter().enumerate() {
                if let Some(slot) = self.code.get_mut(done + at) {
                    *slot = byte ^ self.mask[(done + at) % 4];
                }
            }
        }
        self.left -= taken as u64;
        &bytes[taken..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&[u8]]) -> Result<Vec<Message>, FrameError> {
        let (mut scanner, mut seen) = (Scanner::default(), Vec::new());
        for piece in pieces {
            scanner.scan(piece, |message| seen.push(message))?;
        }
        Ok(seen)
    }

    fn message(kind: Kind, size: u64) -> Message {
        Message { kind, size }
    }

    #[test]
    fn fragments_are_one_message_and_control_frames_pass_between_them() {
        let bytes = [0x01, 2, b'h', b'e', 0x89, 0, 0x00, 1, b'l', 0x80, 2, b'l', b'o', 0xc2, 1, 9];
        let want = [message(Kind::Ping, 0), message(Kind::Text, 5), message(Kind::Binary, 1)];
        assert_eq!(scan(&[&bytes]).unwrap(), want);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(scan(&single).unwrap(), want);
    }

    #[test]
    fn a_masked_close_tells_its_code() {
        let code = 1001_u16.to_be_bytes();
        let frame = [0x88, 0x82, 1, 2, 3, 4, code[0] ^ 1, code[1] ^ 2];
        assert_eq!(scan(&[&frame[..7], &frame[7..]]).unwrap(), [message(Kind::Close(Some(1001)), 2)]);
        assert_eq!(scan(&[&[0x88, 0]]).unwrap(), [message(Kind::Close(None), 0)]);
    }

    #[test]
    fn long_lengths_are_read() {
        let mut frame = vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        frame.resize(10 + 65536, 7);
        assert_eq!(scan(&[&frame]).unwrap(), [message(Kind::Binary, 65536)]);
        assert_eq!(scan(&[&[0x81, 126, 0, 3], b"abc"]).unwrap(), [message(Kind::Text, 3)]);
    }

    #[test]
    fn lies_are_errors() {
        assert_eq!(scan(&[&[0x83, 0]]), Err(FrameError::Opcode(3)));
        assert_eq!(scan(&[&[0x09, 0]]), Err(FrameError::Control));
        assert_eq!(scan(&[&[0x89, 126]]), Err(FrameError::Control));
        assert_eq!(scan(&[&[0x80, 0]]), Err(FrameError::Fragment));
        assert_eq!(scan(&[&[0x01, 0, 0x01, 0]]), Err(FrameError::Fragment));
        assert_eq!(scan(&[&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]]), Err(FrameError::Length));
    }
}
