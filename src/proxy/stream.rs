//! What a relay pairs: byte streams that can be cut off.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// One side of a relay.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Makes the kernel send RST instead of FIN when this is dropped.
    fn reset_on_close(&self);

    /// Whether nobody is at the other end any more: it has reset the connection, or answered no keepalive. One that has ended
    /// in order, and may still listen, is not gone.
    fn is_gone(&self) -> bool;

    /// Whether the kernel has sent all that was written, or never will: what it still has, a reset throws away.
    fn is_sent(&self) -> bool;
}

impl Stream for TcpStream {
    fn reset_on_close(&self) {
        // Where it fails the connection is gone already.
        let _: io::Result<()> = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    fn is_gone(&self) -> bool {
        // A connection that the kernel has given up has no peer.
        self.peer_addr().is_err()
    }

    fn is_sent(&self) -> bool {
        // By this option a connection is writable only while nothing waits to be sent (tcp(7), TCP_NOTSENT_LOWAT). One that is
        // gone is always.
        let _: io::Result<()> = socket2::SockRef::from(self).set_tcp_notsent_lowat(1);
        let mut asked = [PollFd::new(self, PollFlags::OUT)];
        !matches!(poll(&mut asked, Some(&Timespec::default())), Ok(0))
    }
}

/// A client's connection whose first bytes may have been read already; they are read again first.
pub struct Client {
    first: Option<Box<First>>,
    stream: TcpStream,
    /// Whom the connection is from.
    pub from: SocketAddr,
}

struct First {
    bytes: Vec<u8>,
    read: usize,
}

impl Client {
    /// A connection of which nothing was read.
    pub fn new(stream: TcpStream, from: SocketAddr) -> Self {
        Self { first: None, stream, from }
    }

    /// Puts back what was read.
    pub fn rewind(&mut self, mut bytes: Vec<u8>) {
        if let Some(first) = &self.first {
            bytes.extend_from_slice(&first.bytes[first.read..]);
        }
        self.first = (!bytes.is_empty()).then(|| Box::new(First { bytes, read: 0 }));
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(first) = &mut self.first else { return Pin::new(&mut self.stream).poll_read(cx, into) };
        let rest = &first.bytes[first.read..];
        let taken = rest.len().min(into.remaining());
        into.put_slice(&rest[..taken]);
        first.read += taken;
        if first.read == first.bytes.len() {
            self.first = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Stream for Client {
    fn reset_on_close(&self) {
        self.stream.reset_on_close();
    }

    fn is_gone(&self) -> bool {
        self.stream.is_gone()
    }

    fn is_sent(&self) -> bool {
        self.stream.is_sent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn who_has_ended_is_there_until_he_resets() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut theirs, _) = listener.accept().await.unwrap();
        theirs.shutdown().await.unwrap();
        assert_eq!(ours.read(&mut [0]).await.unwrap(), 0);
        assert!(!ours.is_gone(), "it may still listen");
        theirs.reset_on_close();
        drop(theirs);
        // On loopback a reset arrives before the call that causes it returns.
        assert!(ours.is_gone());
    }
}
