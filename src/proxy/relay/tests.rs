//! What happens when one side has ended and the other has not, with time that the tests move.

use super::*;
use crate::event::{Awaited, Edits};
use crate::metrics::Registry;
use crate::proxy::registry;
use std::cell::Cell;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::advance;

/// One side of a relay, which may be gone.
struct Peer(DuplexStream, Rc<Cell<bool>>);

/// Sees nothing, and is idle when the test says so.
struct Observing(Rc<Cell<bool>>);

/// A running relay, and what is at its ends.
struct Between {
    client: DuplexStream,
    gateway: DuplexStream,
    is_idle: Rc<Cell<bool>>,
    is_gone: Rc<Cell<bool>>,
    relay: JoinHandle<()>,
}

impl Between {
    fn start() -> Self {
        let ((client, downstream), (gateway, upstream)) = (duplex(1024), duplex(1024));
        let (is_idle, is_gone) = <(Rc<Cell<bool>>, Rc<Cell<bool>>)>::default();
        let metrics = Rc::new(RoadMetrics::register(&Registry::new()));
        let downstream = Peer(downstream, Rc::default());
        let relay = Relay::new(downstream, Peer(upstream, is_gone.clone()), Observing(is_idle.clone()), metrics);
        let relay = spawn_local(async move {
            let place = Rc::new(registry::Registry::default()).enter();
            relay.run(&place, &RefCell::default()).await;
        });
        Self { client, gateway, is_idle, is_gone, relay }
    }

    /// The gateway ends, and the client sees that.
    async fn gateway_ends(&mut self) {
        self.gateway.shutdown().await.unwrap();
        assert_eq!(self.client.read(&mut [0]).await.unwrap(), 0);
    }

    /// Time that is paused moves on when all tasks sleep.
    async fn is_over(&self) -> bool {
        sleep(Duration::from_millis(1)).await;
        self.relay.is_finished()
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_speak_for_hours_to_a_gateway_that_has_ended_and_listens() {
    LocalSet::new()
        .run_until(async {
            let mut between = Between::start();
            between.gateway_ends().await;
            for hour in 0..3_u8 {
                advance(Duration::from_secs(3600)).await;
                between.client.write_all(&[hour]).await.unwrap();
                assert_eq!(between.gateway.read_u8().await.unwrap(), hour);
            }
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_let_go_when_the_gateway_is_gone() {
    LocalSet::new()
        .run_until(async {
            let mut between = Between::start();
            between.gateway_ends().await;
            advance(LINGER * 2).await;
            assert!(!between.is_over().await, "the gateway may still listen");
            between.is_gone.set(true);
            advance(LINGER).await;
            assert!(between.is_over().await);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_is_let_go_after_a_minute() {
    LocalSet::new()
        .run_until(async {
            let mut between = Between::start();
            between.is_idle.set(true);
            between.gateway_ends().await;
            advance(LINGER / 2).await;
            assert!(!between.is_over().await);
            advance(LINGER / 2).await;
            assert!(between.is_over().await);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_client_sent_before_it_was_gone_is_passed_on() {
    LocalSet::new()
        .run_until(async {
            let mut between = Between::start();
            // More than the gateway takes before it reads.
            between.client.write_all(&[1; 3000]).await.unwrap();
            drop(between.client);
            between.gateway.write_all(&[2]).await.unwrap();
            sleep(Duration::from_millis(100)).await;
            let mut got = Vec::new();
            between.gateway.read_to_end(&mut got).await.unwrap();
            assert_eq!(got.len(), 3000);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_takes_nothing_learns_within_seconds_that_its_client_is_gone() {
    LocalSet::new()
        .run_until(async {
            let mut between = Between::start();
            between.client.write_all(&[1; 3000]).await.unwrap();
            drop(std::mem::replace(&mut between.client, duplex(1).0));
            between.gateway.write_all(&[2]).await.unwrap();
            let begin = tokio::time::Instant::now();
            while !between.is_over().await {
                assert!(begin.elapsed() < Duration::from_secs(5));
            }
            assert!(begin.elapsed() > Duration::from_secs(3), "{:?}", begin.elapsed());
        })
        .await;
}

impl Stream for Peer {
    fn reset_on_close(&self) {}

    fn is_gone(&self) -> bool {
        self.1.get()
    }

    fn is_sent(&self) -> bool {
        true
    }
}

impl AsyncRead for Peer {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Peer {
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

impl Observer for Observing {
    fn client_bytes(&mut self, _: Instant, bytes: &[u8], _: &mut Edits) -> usize {
        bytes.len()
    }

    fn gateway_bytes(&mut self, _: Instant, _: &[u8]) {}

    fn ended(&mut self, _: Instant, _: Side, _: End) {}

    fn closed(&mut self, _: Instant) {}

    fn is_idle(&self) -> bool {
        self.0.get()
    }

    fn may_ask(&self) -> bool {
        false
    }

    fn awaited(&self) -> Option<Awaited> {
        None
    }
}
