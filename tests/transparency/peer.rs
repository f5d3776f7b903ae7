//! One end of a connection: sends and receives exact bytes, ends or resets its side, all within a deadline.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::harness::wait::PATIENCE;

/// One end.
pub struct Peer {
    stream: Arc<TcpStream>,
    sending: Option<JoinHandle<io::Result<()>>>,
    has_ended: bool,
}

/// How the stream of the other side ended.
#[derive(Debug, PartialEq)]
pub enum End {
    InOrder,
    Reset,
    /// It has not ended: these bytes came instead.
    NotYet(Vec<u8>),
}

impl Peer {
    /// Takes a connected stream.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream: Arc::new(stream), sending: None, has_ended: false })
    }

    /// Writes all of `bytes`, after what is still being sent.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.finish_sending().await?;
        within("taken by the other side", write_all(&self.stream, bytes)).await
    }

    /// Begins to write `bytes` and does not wait for it.
    pub async fn start_sending(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        self.finish_sending().await?;
        let stream = Arc::clone(&self.stream);
        self.sending = Some(tokio::spawn(async move { write_all(&stream, &bytes).await }));
        Ok(())
    }

    /// Whether some of what `start_sending` was given has not been taken yet.
    pub fn is_sending(&self) -> bool {
        self.sending.as_ref().is_some_and(|sending| !sending.is_finished())
    }

    /// Ends this side's stream, after what is still being sent.
    pub async fn end(&mut self) -> Result<(), String> {
        self.finish_sending().await?;
        self.has_ended = true;
        SockRef::from(&*self.stream).shutdown(Shutdown::Write).map_err(|error| format!("half-close: {error}"))
    }

    /// Closes: in order, or with a reset when `reset` or when bytes lie unread.
    pub async fn close(mut self, reset: bool) -> Result<(), String> {
        if let Some(sending) = self.sending.take() {
            // The task holds the socket too; it must be gone before the socket is.
            sending.abort();
            let _ = sending.await;
        }
        if reset {
            SockRef::from(&*self.stream)
                .set_linger(Some(Duration::ZERO))
                .map_err(|error| format!("linger: {error}"))?;
        }
        Ok(())
    }

    /// Reads until it has `count` bytes or cannot; gives what it has and why it stopped short.
    pub async fn receive(&mut self, count: usize) -> (Vec<u8>, Option<String>) {
        let mut bytes = Vec::with_capacity(count.min(1 << 20));
        let stopped = within("sent", async {
            while bytes.len() < count {
                if self.read_some(&mut bytes, count).await? == 0 {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the stream ended"));
                }
            }
            Ok(())
        });
        let stopped = stopped.await.err();
        (bytes, stopped)
    }

    /// Waits for the end of the other side's stream.
    pub async fn see_the_end(&mut self) -> Result<End, String> {
        let mut bytes = Vec::new();
        within("ended", async {
            match self.read_some(&mut bytes, 1 << 16).await {
                // A write may have been told of the reset before this read: the socket has no other end any more then.
                Ok(0) if !self.has_ended && self.stream.peer_addr().is_err() => Ok(End::Reset),
                Ok(0) => Ok(End::InOrder),
                Ok(_) => Ok(End::NotYet(std::mem::take(&mut bytes))),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(End::Reset),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn finish_sending(&mut self) -> Result<(), String> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        within("taken by the other side", async { sending.await.map_err(io::Error::other)? }).await
    }

    async fn read_some(&mut self, bytes: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let room = (limit - bytes.len()).min(buffer.len());
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut buffer[..room]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => {
                    let count = result?;
                    bytes.extend_from_slice(&buffer[..count]);
                    return Ok(count);
                }
            }
        }
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => bytes = &bytes[result?..],
        }
    }
    Ok(())
}

async fn within<T>(what: &str, work: impl Future<Output = io::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("not {what} within {PATIENCE:?}")),
    }
}
