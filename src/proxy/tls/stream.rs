//! TLS connections as sides of a relay.

use crate::proxy::stream::{Client, Stream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{client, server};

/// A client's connection whose TLS ends here.
pub struct Terminated(server::TlsStream<Client>);

/// A connection to the gateway whose TLS begins here. One that ends without TLS's own end was cut, which is told as an error:
/// an answer that lasts until the end of the connection would pass for whole.
pub struct Originated(client::TlsStream<TcpStream>);

impl Terminated {
    pub(super) fn new(stream: server::TlsStream<Client>) -> Self {
        Self(stream)
    }
}

impl Originated {
    pub(super) fn new(stream: client::TlsStream<TcpStream>) -> Self {
        Self(stream)
    }
}

impl AsyncRead for Terminated {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.0).poll_read(cx, into)) {
            // Many clients just close, as they do without TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            read => Poll::Ready(read),
        }
    }
}

impl AsyncRead for Originated {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

macro_rules! write_through {
    ($($side:ty),*) => {$(
        impl AsyncWrite for $side {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(cx, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(cx)
            }
        }

        impl Stream for $side {
            fn reset_on_close(&self) {
                self.0.get_ref().0.reset_on_close();
            }

            fn is_gone(&self) -> bool {
                self.0.get_ref().0.is_gone()
            }

            fn is_sent(&self) -> bool {
                self.0.get_ref().0.is_sent()
            }
        }
    )*};
}

write_through!(Terminated, Originated);
