//! How a message's body is delimited (RFC 9112 §6.3), and where in the stream it ends.

use super::chunked::Chunked;
pub use super::chunked::ChunkedError;

/// A body, as far as it is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Length(u64),
    /// In the chunked coding.
    Chunked(Chunked),
    /// Until the connection ends; responses only.
    UntilClose,
    /// Fields that readers take differently (a length and a coding, two lengths, a coding that is not last): nobody on
    /// the road can say where the next message begins.
    Ambiguous,
}

/// What one read brought of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input that belong to the body and its framing.
    pub taken: usize,
    /// Bytes of content among them.
    pub content: u64,
    /// Whether the body ended within the input.
    pub done: bool,
}

impl Body {
    /// No body.
    pub const NONE: Self = Self::Length(0);

    /// Whether nothing of the body is to come.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Reads on in `bytes` and shows the content among them to `see`.
    pub fn advance(&mut self, bytes: &[u8], mut see: impl FnMut(&[u8])) -> Result<Step, ChunkedError> {
        match self {
            Self::Length(left) => {
                let content = (*left).min(bytes.len() as u64);
                *left -= content;
                see(&bytes[..content as usize]);
                Ok(Step { taken: content as usize, content, done: *left == 0 })
            }
            Self::Chunked(chunked) => chunked.advance(bytes, see),
            Self::UntilClose | Self::Ambiguous => {
                see(bytes);
                Ok(Step { taken: bytes.len(), content: bytes.len() as u64, done: false })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_ends_after_its_bytes() {
        let mut body = Body::Length(5);
        assert_eq!(body.advance(b"abc", |_| {}).unwrap(), Step { taken: 3, content: 3, done: false });
        assert_eq!(body.advance(b"deGET", |_| {}).unwrap(), Step { taken: 2, content: 2, done: true });
        assert!(body.is_none());
    }
}
