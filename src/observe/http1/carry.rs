//! A head that comes in pieces: a copy of what has passed of it. It is judged when its first line is whole, and when all of it is:
//! how it is cut makes no difference.

use crate::wire::http1::{BlankLine, HEAD_LIMIT};
use std::time::Instant;

/// What has passed of a head. Holds no memory while empty.
#[derive(Default)]
pub(in crate::observe) struct Carry {
    bytes: Vec<u8>,
    blank: BlankLine,
    has_line: bool,
    began: Option<Instant>,
}

/// What a piece did to a head.
pub(in crate::observe) enum Piece {
    /// Taken; the head goes on.
    More,
    /// Taken; the head goes on behind its first line, which is whole now and ends behind so many of the bytes that are carried.
    Line(usize),
    /// An empty line ends behind so many bytes of the piece: the head may be whole now.
    Ends(usize),
    /// The head is over [`HEAD_LIMIT`].
    TooLong,
}

impl Carry {
    pub(in crate::observe) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(in crate::observe) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When its first byte came.
    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Takes bytes up to an empty line.
    pub(in crate::observe) fn add(&mut self, now: Instant, piece: &[u8]) -> Piece {
        self.began.get_or_insert(now);
        let end = self.blank.find(piece);
        self.bytes.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
        match end {
            _ if self.bytes.len() > HEAD_LIMIT => Piece::TooLong,
            Some(end) => Piece::Ends(end),
            None if !self.has_line && piece.contains(&b'\n') => self.line().map_or(Piece::More, Piece::Line),
            None => Piece::More,
        }
    }

    /// Where the first line ends that is not empty.
    fn line(&mut self) -> Option<usize> {
        let start = self.bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
        let end = self.bytes[start..].iter().position(|&byte| byte == b'\n')?;
        self.has_line = true;
        Some(start + end + 1)
    }

    /// Whether `piece` ends with a `CR` that would begin an empty line.
    pub(super) fn would_begin_empty_line(&self, piece: &[u8]) -> bool {
        match piece {
            [b'\r'] => self.blank.at_line_start(),
            [.., b'\n', b'\r'] => true,
            _ => false,
        }
    }
}
