//! The floor: a bare TCP relay of the shape that Outrider's relay has (one thread, one scratch buffer, nothing kept per
//! connection unless a socket blocks) that looks at no byte. What Outrider costs above it is what observing costs.
//! `floor LISTEN UPSTREAM`

use socket2::SockRef;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// One direction: what could not be written yet, and whether its source ended.
#[derive(Default)]
struct Direction {
    pending: Vec<u8>,
    written: usize,
    ended: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (args.next(), args.next()) else {
        anyhow::bail!("usage: floor LISTEN UPSTREAM")
    };
    let upstream: SocketAddr = upstream.parse()?;
    let listener = TcpListener::bind(&listen).await?;
    loop {
        let (downstream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A connection that fails is the two peers' affair; they see it themselves.
            let _ = relay(downstream, upstream).await;
        });
    }
}

async fn relay(mut downstream: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let mut upstream = TcpStream::connect(upstream).await?;
    downstream.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (mut up, mut down) = (Direction::default(), Direction::default());
    poll_fn(|cx| {
        SCRATCH.with_borrow_mut(|scratch| {
            let up = pump(cx, &mut downstream, &mut upstream, &mut up, scratch)?;
            let down = pump(cx, &mut upstream, &mut downstream, &mut down, scratch)?;
            if up.is_ready() && down.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
    })
    .await
}

/// Moves what is there from `from` to `to`; ready once `from` has ended and all of it is out.
///
/// `poll_read` knows that a short read has emptied the socket and asks the kernel no second time.
fn pump(
    cx: &mut Context<'_>,
    from: &mut TcpStream,
    to: &mut TcpStream,
    way: &mut Direction,
    scratch: &mut [u8],
) -> io::Result<Poll<()>> {
    loop {
        while way.written < way.pending.len() {
            match Pin::new(&mut *to).poll_write(cx, &way.pending[way.written..])? {
                Poll::Ready(n) => way.written += n,
                Poll::Pending => return Ok(Poll::Pending),
            }
        }
        if !way.pending.is_empty() {
            (way.pending, way.written) = (Vec::new(), 0);
        }
        if way.ended {
            return Ok(Poll::Ready(()));
        }
        let mut into = ReadBuf::new(scratch);
        if Pin::new(&mut *from).poll_read(cx, &mut into)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let mut bytes = into.filled();
        if bytes.is_empty() {
            way.ended = true;
            SockRef::from(&*to).shutdown(Shutdown::Write)?;
            return Ok(Poll::Ready(()));
        }
        while !bytes.is_empty() {
            match Pin::new(&mut *to).poll_write(cx, bytes)? {
                Poll::Ready(n) => bytes = &bytes[n..],
                Poll::Pending => {
                    way.pending = bytes.to_vec();
                    break;
                }
            }
        }
    }
}
