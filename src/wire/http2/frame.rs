//! Frame headers (RFC 9113 §4.1).

/// Bytes of a frame header.
pub const HEADER_LEN: usize = 9;
/// Where in a frame header the flags stand.
pub const FLAGS_AT: usize = 4;

/// DATA, HEADERS: the sender's last frame of the stream.
pub const END_STREAM: u8 = 0x1;
/// HEADERS, PUSH_PROMISE, CONTINUATION: the field block ends here.
pub const END_HEADERS: u8 = 0x4;
/// DATA, HEADERS, PUSH_PROMISE: a length of padding comes first, and padding last.
pub const PADDED: u8 = 0x8;
/// HEADERS: the deprecated priority comes before the field block.
pub const PRIORITY: u8 = 0x20;

/// What a frame is, as far as a bystander cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Data,
    Headers,
    ResetStream,
    Settings,
    PushPromise,
    GoAway,
    Continuation,
    /// PRIORITY, PING, WINDOW_UPDATE, and extensions.
    Other,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of payload.
    pub len: u32,
    /// What it is.
    pub kind: Kind,
    /// As they came.
    pub flags: u8,
    /// The stream, 0 for the connection.
    pub stream: u32,
}

impl Header {
    /// Reads a header.
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        Self {
            len: u32::from_be_bytes([0, a, b, c]),
            kind: match kind {
                0 => Kind::Data,
                1 => Kind::Headers,
                3 => Kind::ResetStream,
                4 => Kind::Settings,
                5 => Kind::PushPromise,
                7 => Kind::GoAway,
                9 => Kind::Continuation,
                _ => Kind::Other,
            },
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    /// Whether `flag` is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The last frame of its stream in this direction.
    pub fn ends_stream(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers) && self.has(END_STREAM)
    }

    /// Part of a field block.
    pub fn is_block(&self) -> bool {
        matches!(self.kind, Kind::Headers | Kind::PushPromise | Kind::Continuation)
    }

    /// The last frame of a field block.
    pub fn ends_block(&self) -> bool {
        self.is_block() && self.has(END_HEADERS)
    }

    /// Whether padding may be in it, and is.
    pub(super) fn is_padded(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers | Kind::PushPromise) && self.has(PADDED)
    }

    /// Bytes between the length of padding and the content.
    pub(super) fn prefix(&self) -> u32 {
        match self.kind {
            Kind::Headers if self.has(PRIORITY) => 5,
            Kind::PushPromise => 4,
            _ => 0,
        }
    }
}

/// The header of the CONTINUATION that ends the field block of `stream` with `len` bytes.
pub fn continuation(len: usize, stream: u32) -> [u8; HEADER_LEN] {
    let [_, a, b, c] = (len as u32).to_be_bytes();
    let [s, t, u, v] = stream.to_be_bytes();
    [a, b, c, 9, END_HEADERS, s, t, u, v]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let header = Header::parse(&[0, 1, 2, 1, 0x2d, 0x80, 0, 0, 3]);
        assert_eq!((header.len, header.kind, header.stream), (258, Kind::Headers, 3));
        assert!(header.ends_stream() && header.ends_block() && header.is_padded());
        assert_eq!(header.prefix(), 5);
        let header = Header::parse(&continuation(70_000, 5));
        assert_eq!((header.len, header.kind, header.flags, header.stream), (70_000, Kind::Continuation, 4, 5));
    }
}
