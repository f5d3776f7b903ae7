//! Where an answer over HTTP/2 is whole although its stream has not ended. A gateway may end a stream with an empty frame of its
//! own, some time after the last content. A client that has counted leaves without it, as curl does, and has got all there is;
//! one that waits for it in vain, since the gateway is gone, takes the answer for broken.

/// Content that is still to come, where an answer's head tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent(Option<u64>);

impl Extent {
    /// Of an answer to HEAD (`is_head`), or with `status`: RFC 9110 §6.4.1 gives some none. Any other has as much as its
    /// Content-Length says, in octets.
    pub(super) fn of(is_head: bool, status: u16, length: Option<u64>) -> Self {
        if is_head || matches!(status, 204 | 304) { Self(Some(0)) } else { Self(length) }
    }

    /// Content has come.
    pub(super) fn take(&mut self, content: usize) {
        self.0 = self.0.map(|left| left.saturating_sub(content as u64));
    }

    /// Whether nothing is to come but the stream's end.
    pub(super) fn is_whole(self) -> bool {
        self.0 == Some(0)
    }
}
