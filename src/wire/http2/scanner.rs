//! Cuts one direction of a connection into frames, however the bytes come. Payloads are shown, not kept.

use super::frame::{HEADER_LEN, Header, Kind};

/// Bytes of RST_STREAM's and GOAWAY's payloads that are kept for the end of the frame.
const CONTROL: usize = 8;

/// The bytes are no frames of HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first frame is not SETTINGS (RFC 9113 §3.4).
    #[error("the first frame is not SETTINGS")]
    NoSettings,
    /// A frame inside another's field block, or a CONTINUATION outside any (RFC 9113 §6.10).
    #[error("frames out of order")]
    Order,
    /// On stream 0 what belongs to a stream, or the other way round.
    #[error("a frame on the wrong stream")]
    Stream,
    /// Padding, priority or a fixed payload that does not fit its frame.
    #[error("a frame of the wrong length")]
    Length,
}

/// What comes next in a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A frame begins.
    Begin(Header),
    /// A piece of its content: data, or a field block's fragment. Never padding or priority.
    Content(Header, &'a [u8]),
    /// It is over.
    End(Header),
}

/// Reads one direction, behind the client's preface.
#[derive(Debug, Default)]
pub struct Scanner {
    header: [u8; HEADER_LEN],
    header_len: u8,
    frame: Option<Open>,
    /// The stream whose field block is open between two frames.
    block: Option<u32>,
    began: bool,
    control: [u8; CONTROL],
    control_len: u8,
}

/// A frame whose payload passes.
#[derive(Clone, Copy, Debug)]
struct Open {
    header: Header,
    /// The next byte is the length of padding.
    padding_unknown: bool,
    prefix: u32,
    content: u32,
    padding: u32,
}

impl Scanner {
    /// Takes the next event from the start of `bytes`, with how many of them it took; `None` when it takes more of them.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<(usize, Event<'a>)>, FrameError> {
        let Some(open) = &mut self.frame else { return self.begin(bytes) };
        let mut at = 0;
        if open.padding_unknown {
            let Some(&padding) = bytes.first() else { return Ok(None) };
            at = 1;
            open.padding_unknown = false;
            open.padding = padding.into();
            open.content = open.content.checked_sub(open.padding).ok_or(FrameError::Length)?;
        }
        at += take(&mut open.prefix, bytes.len() - at);
        if open.prefix > 0 {
            // What is skipped is reported as content of no bytes, so that whoever asks counts on.
            return Ok((at > 0).then_some((at, Event::Content(open.header, &[]))));
        }
        let content = take(&mut open.content, bytes.len() - at);
        if content > 0 {
            let piece = &bytes[at..at + content];
            if matches!(open.header.kind, Kind::ResetStream | Kind::GoAway) {
                let from = usize::from(self.control_len);
                let kept = content.min(CONTROL - from);
                self.control[from..from + kept].copy_from_slice(&piece[..kept]);
                self.control_len += kept as u8;
            }
            return Ok(Some((at + content, Event::Content(open.header, piece))));
        }
        if open.content == 0 {
            at += take(&mut open.padding, bytes.len() - at);
            if open.padding == 0 {
                let header = open.header;
                self.frame = None;
                return Ok(Some((at, Event::End(header))));
            }
        }
        Ok((at > 0).then_some((at, Event::Content(open.header, &[]))))
    }

    fn begin<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<(usize, Event<'a>)>, FrameError> {
        let have = usize::from(self.header_len);
        let taken = bytes.len().min(HEADER_LEN - have);
        self.header[have..have + taken].copy_from_slice(&bytes[..taken]);
        self.header_len += taken as u8;
        if usize::from(self.header_len) < HEADER_LEN {
            return Ok(None);
        }
        let header = Header::parse(&self.header);
        (self.header_len, self.control_len) = (0, 0);
        self.judge(&header)?;
        self.began = true;
        let padded = header.is_padded();
        let content = header.len.checked_sub(header.prefix() + u32::from(padded)).ok_or(FrameError::Length)?;
        self.block = if header.is_block() && !header.ends_block() { Some(header.stream) } else { None };
        self.frame = Some(Open { header, padding_unknown: padded, prefix: header.prefix(), content, padding: 0 });
        Ok(Some((taken, Event::Begin(header))))
    }

    fn judge(&self, header: &Header) -> Result<(), FrameError> {
        if !self.began && header.kind != Kind::Settings {
            return Err(FrameError::NoSettings);
        }
        match (self.block, header.kind) {
            (Some(stream), Kind::Continuation) if stream == header.stream => {}
            (Some(_), _) | (None, Kind::Continuation) => return Err(FrameError::Order),
            _ => {}
        }
        let of_the_connection = header.stream == 0;
        let wrong = match header.kind {
            Kind::Settings | Kind::GoAway => !of_the_connection,
            Kind::Other => false,
            _ => of_the_connection,
        };
        if wrong {
            return Err(FrameError::Stream);
        }
        let fits = match header.kind {
            Kind::ResetStream => header.len == 4,
            Kind::GoAway => header.len >= 8,
            Kind::Settings => header.len.is_multiple_of(6),
            _ => true,
        };
        if fits { Ok(()) } else { Err(FrameError::Length) }
    }

    /// Whether all the content of the frame that passes has been shown.
    pub fn is_content_over(&self) -> bool {
        self.frame.is_none_or(|open| open.content == 0)
    }

    /// Between two frames, and not inside a field block.
    pub fn is_between_frames(&self) -> bool {
        self.frame.is_none() && self.block.is_none() && self.header_len == 0
    }

    /// Bytes of the frame header that has begun and is not whole.
    pub fn partial_header(&self) -> usize {
        self.header_len.into()
    }

    /// Forgets them, as they are to be shown again.
    pub fn unread(&mut self) {
        self.header_len = 0;
    }

    /// RST_STREAM's error code, once its frame is over.
    pub fn reset_code(&self) -> u32 {
        let [a, b, c, d, ..] = self.control;
        u32::from_be_bytes([a, b, c, d])
    }

    /// GOAWAY's last stream and error code, once its frame is over.
    pub fn goaway(&self) -> (u32, u32) {
        let [a, b, c, d, e, f, g, h] = self.control;
        (u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff, u32::from_be_bytes([e, f, g, h]))
    }
}

/// Takes up to `available` from `left`.
fn take(left: &mut u32, available: usize) -> usize {
    let taken = (*left as usize).min(available);
    *left -= taken as u32;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

    /// Begins, contents and ends, contents joined; `step` bytes at a time.
    fn scan(bytes: &[u8], step: usize) -> Result<Vec<String>, FrameError> {
        let (mut scanner, mut out) = (Scanner::default(), Vec::<String>::new());
        for chunk in bytes.chunks(step) {
            let mut at = 0;
            while let Some((taken, event)) = scanner.next(&chunk[at..])? {
                at += taken;
                match event {
                    Event::Begin(header) => out.push(format!("{:?} {}:", header.kind, header.stream)),
                    Event::Content(_, piece) => {
                        out.last_mut().unwrap().extend(piece.iter().map(|&byte| char::from(byte)));
                    }
                    Event::End(_) => out.last_mut().unwrap().push('.'),
                }
            }
        }
        Ok(out)
    }

    #[test]
    fn frames_are_the_same_in_any_split() {
        let frames: [&[u8]; 5] = [
            SETTINGS,
            // HEADERS, padded by 2, with priority, in two frames.
            &[0, 0, 10, 1, 0x28, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, b'a', b'b', 0, 0],
            &[0, 0, 1, 9, 4, 0, 0, 0, 1, b'c'],
            &[0, 0, 0, 0, 1, 0, 0, 0, 1],
            &[0, 0, 3, 0, 9, 0, 0, 0, 1, 1, b'x', 0],
        ];
        let bytes = frames.concat();
        let expected = ["Settings 0:.", "Headers 1:ab.", "Continuation 1:c.", "Data 1:.", "Data 1:x."];
        for step in 1..=bytes.len() {
            assert_eq!(scan(&bytes, step).unwrap(), expected, "{step}");
        }
    }

    #[test]
    fn what_is_no_http2_is_told() {
        assert_eq!(scan(b"HTTP/1.1 400 Bad Request\r\n", 99), Err(FrameError::NoSettings));
        let after = |frame: &[u8]| scan(&[SETTINGS, frame].concat(), 99).unwrap_err();
        assert_eq!(after(&[0, 0, 0, 9, 4, 0, 0, 0, 1]), FrameError::Order);
        assert_eq!(after(&[0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]), FrameError::Order);
        assert_eq!(after(&[0, 0, 0, 0, 0, 0, 0, 0, 0]), FrameError::Stream);
        assert_eq!(after(&[0, 0, 2, 0, 8, 0, 0, 0, 1, 2, 0]), FrameError::Length);
        assert_eq!(after(&[0, 0, 3, 3, 0, 0, 0, 0, 1]), FrameError::Length);
    }

    #[test]
    fn resets_and_goaways_tell_their_codes() {
        let mut scanner = Scanner::default();
        let bytes = [
            SETTINGS,
            &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8],
            &[0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, 9],
        ];
        let (bytes, mut at, mut seen) = (bytes.concat(), 0, Vec::new());
        while let Some((taken, event)) = scanner.next(&bytes[at..]).unwrap() {
            at += taken;
            match event {
                Event::End(Header { kind: Kind::ResetStream, .. }) => seen.push((1, scanner.reset_code())),
                Event::End(Header { kind: Kind::GoAway, .. }) => seen.push(scanner.goaway()),
                _ => {}
            }
        }
        assert_eq!(seen, [(1, 8), (7, 2)]);
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_order(bytes: Vec<u8>, step in 1..64usize) {
            let bytes = [SETTINGS, &bytes].concat();
            prop_assert_eq!(scan(&bytes, step), scan(&bytes, bytes.len()));
        }
    }
}
