//! Frame headers of RFC 6455, one direction of a connection, read by a bystander. Payloads are skipped; those of text
//! messages are kept where somebody asks for them.

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

/// Why the text of a message is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Nobody asked for it, or it is no text.
    NotKept,
    /// It is longer than what is kept.
    TooLong,
    /// An extension compressed it (RFC 7692).
    Compressed,
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
    kept: Option<Box<Kept>>,
}

/// The text message that is open, as far as it is kept.
#[derive(Debug)]
struct Kept {
    limit: usize,
    text: Vec<u8>,
    /// Why it is not.
    unread: Option<Unread>,
}

#[derive(Debug)]
struct Frame {
    opcode: u8,
    fin: bool,
    compressed: bool,
    mask: [u8; 4],
    len: u64,
    left: u64,
    code: [u8; 2],
}

/// Who is shown messages.
pub trait See {
    /// A message, with the text of a text message or why it is not there.
    fn message(&mut self, message: Message, text: Result<&[u8], Unread>);

    /// A message of data that was one frame, and whose text nobody asked for: nearly all of them are.
    #[inline(always)]
    fn data(&mut self, kind: Kind, size: u64) {
        self.message(Message { kind, size }, Err(Unread::NotKept));
    }
}

impl<F: FnMut(Message, Result<&[u8], Unread>)> See for F {
    fn message(&mut self, message: Message, text: Result<&[u8], Unread>) {
        self(message, text);
    }
}

impl Scanner {
    /// Keeps text messages of up to `limit` bytes from now on.
    pub fn keep(&mut self, limit: usize) {
        self.kept = Some(Box::new(Kept { limit, text: Vec::new(), unread: None }));
    }

    /// Reads `bytes` and shows each message that ended in them to `see`.
    pub fn scan(&mut self, mut bytes: &[u8], mut see: impl See) -> Result<(), FrameError> {
        loop {
            if let Some(frame) = &mut self.frame {
                bytes = frame.pass(bytes, self.kept.as_deref_mut());
                if frame.left > 0 {
                    return Ok(());
                }
                if let Some(message) = self.end_frame()? {
                    self.show(message, &mut see);
                }
            }
            // As a rule a message is one frame, and all of it is here: then nothing is to be remembered.
            if self.kept.is_none() && self.is_between_messages() {
                while let Some((kind, size, rest)) = whole_message(bytes) {
                    bytes = rest;
                    see.data(kind, size);
                }
            }
            if bytes.is_empty() {
                return Ok(());
            }
            // As a rule a header is whole.
            bytes = match self.header_len {
                0 => match begin_frame(bytes)? {
                    Some((frame, len)) => {
                        self.begin(frame);
                        &bytes[len..]
                    }
                    None => {
                        self.carry(bytes);
                        return Ok(());
                    }
                },
                carried => {
                    self.carry(&bytes[..1]);
                    if let Some((frame, _)) = begin_frame(&self.header[..=usize::from(carried)])? {
                        self.begin(frame);
                    }
                    &bytes[1..]
                }
            };
        }
    }

    /// Shows a message that a frame ended.
    fn show(&mut self, message: Message, see: &mut impl See) {
        match &mut self.kept {
            Some(kept) if matches!(message.kind, Kind::Text | Kind::Binary) => {
                let unread = kept.unread.take().filter(|_| message.kind == Kind::Text);
                let unread = unread.or((message.kind != Kind::Text).then_some(Unread::NotKept));
                see.message(message, unread.map_or(Ok(kept.text.as_slice()), Err));
                kept.text.clear();
            }
            _ => see.message(message, Err(Unread::NotKept)),
        }
    }

    /// Whether the stream stands between two messages.
    pub fn is_between_messages(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && self.open.is_none()
    }

    /// Keeps the start of a header, of which there is nothing more yet.
    fn carry(&mut self, bytes: &[u8]) {
        let from = usize::from(self.header_len);
        self.header[from..from + bytes.len()].copy_from_slice(bytes);
        self.header_len += bytes.len() as u8;
    }

    fn begin(&mut self, frame: Frame) {
        self.header_len = 0;
        if let Some(kept) = self.kept.as_mut().filter(|_| frame.compressed) {
            kept.unread = Some(Unread::Compressed);
        }
        self.frame = Some(frame);
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

/// A short message of data at the start of `bytes`, if it is one frame and whole: its kind, its size, and what is behind it.
#[inline]
fn whole_message(bytes: &[u8]) -> Option<(Kind, u64, &[u8])> {
    let &[first, second, ..] = bytes else { return None };
    let kind = match first & 0x8f {
        0x81 => Kind::Text,
        0x82 => Kind::Binary,
        _ => return None,
    };
    let (size, len) = match (second & 0x7f, bytes) {
        (126, &[_, _, high, low, ..]) => (u16::from_be_bytes([high, low]), 4),
        (126 | 127, _) => return None,
        (size, _) => (u16::from(size), 2),
    };
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    let rest = bytes.get(len + mask + usize::from(size)..)?;
    Some((kind, u64::from(size), rest))
}

/// The frame that `header` begins and the length of its header, once that is whole.
fn begin_frame(header: &[u8]) -> Result<Option<(Frame, usize)>, FrameError> {
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
    let header_len = mask_at + if masked { 4 } else { 0 };
    if header.len() < header_len {
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
        mask.copy_from_slice(&header[mask_at..header_len]);
    }
    // The first bit that RFC 6455 reserves says that a message is compressed (RFC 7692 §6).
    let compressed = first & 0x40 != 0;
    Ok(Some((Frame { opcode, fin, compressed, mask, len, left: len, code: [0; 2] }, header_len)))
}

impl Frame {
    /// Skips payload, keeping the code of a close and what is to be kept; what is left of `bytes` is behind the frame.
    fn pass<'a>(&mut self, bytes: &'a [u8], kept: Option<&mut Kept>) -> &'a [u8] {
        let taken = self.left.min(bytes.len() as u64) as usize;
        if let Some(kept) = kept.filter(|kept| self.opcode < 8 && kept.unread.is_none()) {
            if kept.text.len() + taken > kept.limit {
                (kept.text, kept.unread) = (Vec::new(), Some(Unread::TooLong));
            } else {
                let done = (self.len - self.left) as usize;
                let plain = bytes[..taken].iter().enumerate().map(|(at, byte)| byte ^ self.mask[(done + at) % 4]);
                kept.text.extend(plain);
            }
        }
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
            scanner.scan(piece, |message: Message, _: Result<&[u8], Unread>| seen.push(message))?;
        }
        Ok(seen)
    }

    fn message(kind: Kind, size: u64) -> Message {
        Message { kind, size }
    }

    #[test]
    fn texts_are_kept_where_they_are_asked_for() {
        let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        let bytes =
            [&masked[..], &[0x01, 1, b'a', 0x89, 1, b'p', 0x80, 2, b'b', b'c', 0x82, 1, 9, 0xc1, 1, b'z', 0x81, 5]]
                .concat();
        let bytes = [&bytes[..], b"12345", &[0x81, 1, b'k']].concat();
        for size in [1, 3, bytes.len()] {
            let (mut scanner, mut seen) = (Scanner::default(), Vec::new());
            scanner.keep(4);
            for piece in bytes.chunks(size) {
                let mut see =
                    |message: Message, text: Result<&[u8], _>| seen.push((message.kind, text.map(<[u8]>::to_vec)));
                scanner.scan(piece, &mut see).unwrap();
            }
            let text = |text: &[u8]| (Kind::Text, Ok(text.to_vec()));
            let none = |kind| (kind, Err(Unread::NotKept));
            let want = [
                text(b"hi"),
                none(Kind::Ping),
                text(b"abc"),
                none(Kind::Binary),
                (Kind::Text, Err(Unread::Compressed)),
                (Kind::Text, Err(Unread::TooLong)),
                text(b"k"),
            ];
            assert_eq!(seen, want, "in pieces of {size}");
        }
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
