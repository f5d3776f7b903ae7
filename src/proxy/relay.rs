//! A pair of connections, one to the client and one to the gateway, and the bytes between them.
//!
//! There is no pool, and nothing is ever sent twice: the gateway sees the connections that it would see without us, ends
//! and resets among them, each direction on its own.
//!
//! - `reset`: a reset on its way to the other side

mod reset;
#[cfg(test)]
mod tests;

use super::pump::{Direction, Scratch, Seen, Stop};
use super::registry::Place;
use super::stream::Stream;
use crate::event::{End, Observer, Side};
use crate::metrics::RoadMetrics;
use reset::Reset;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::{Sleep, sleep};

/// How often a connection that the gateway has ended and the client has not is looked at. The kernel keeps an orphaned half of a
/// connection as long: `tcp_fin_timeout`, a minute.
const LINGER: Duration = Duration::from_secs(60);

/// A pair of connections.
pub struct Relay<C, G, O> {
    client: C,
    gateway: G,
    inbound: Direction,
    outbound: Direction,
    /// The gateway takes nothing any more; what it has said is still passed on.
    inbound_broken: bool,
    /// Set while the gateway has ended and the client has not.
    linger: Option<Pin<Box<Sleep>>>,
    /// Set once one side is gone without order, until the other one is told.
    reset: Option<Box<Reset>>,
    observer: O,
    metrics: Rc<RoadMetrics>,
}

/// A relay that stopped in front of a request that was declined. Everything before it is answered.
pub struct Declined<C, G, O> {
    /// The client's connection, to be answered or led elsewhere.
    pub client: C,
    /// The other side's, which can be taken up again.
    pub gateway: G,
    /// Who declined.
    pub observer: O,
    /// What the client has sent of the request.
    pub bytes: Box<[u8]>,
}

/// How a relay ended.
enum Over {
    /// In front of a request that was declined.
    Declined(Box<[u8]>),
    /// In order.
    Closed,
    /// One side is gone without order, so the other one is told the same.
    Reset(Side),
}

impl<C: Stream, G: Stream, O: Observer> Relay<C, G, O> {
    /// Pairs `client` with `gateway`.
    pub fn new(client: C, gateway: G, observer: O, metrics: Rc<RoadMetrics>) -> Self {
        let (inbound, outbound) = Default::default();
        Self { client, gateway, inbound, outbound, inbound_broken: false, linger: None, reset: None, observer, metrics }
    }

    /// Moves bytes until both sides are done, or a request is declined. No `async fn`: that would hold all of this twice, for as
    /// long as it lives.
    pub fn run(self, place: &Place, scratch: &RefCell<Scratch>) -> impl Future<Output = Option<Declined<C, G, O>>> {
        let mut registered = false;
        let mut relay = Some(self);
        poll_fn(move |cx| {
            // A future is not polled again behind its end.
            let Some(this) = &mut relay else { return Poll::Ready(None) };
            if !std::mem::replace(&mut registered, true) {
                place.wake_on_drain(cx);
            }
            let over = match this.poll(cx, &mut scratch.borrow_mut()) {
                Poll::Ready(over) => over,
                Poll::Pending if place.is_draining() && this.is_idle() => Over::Closed,
                Poll::Pending => return Poll::Pending,
            };
            Poll::Ready(relay.take().and_then(|this| this.end(over)))
        })
    }

    fn end(mut self, over: Over) -> Option<Declined<C, G, O>> {
        match over {
            Over::Closed => {}
            Over::Reset(Side::Client) => self.gateway.reset_on_close(),
            Over::Reset(Side::Gateway) => self.client.reset_on_close(),
            Over::Declined(bytes) => {
                let Self { client, gateway, observer, .. } = self;
                return Some(Declined { client, gateway, observer, bytes });
            }
        }
        self.observer.closed(Instant::now());
        None
    }

    fn is_idle(&self) -> bool {
        self.observer.is_idle() && self.inbound.is_flushed() && self.outbound.is_flushed() && self.reset.is_none()
    }

    fn poll(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Over> {
        if self.reset.is_some() {
            return self.reset(cx, scratch);
        }
        let inbound = self.inbound(cx, scratch);
        match &inbound {
            Poll::Ready(Stop::Source(_)) => return self.gone(cx, scratch, Side::Client, true),
            // It may have answered before it went, so its side is read to the end. A reset that came behind its end is
            // EPIPE; one that came instead of it is told here, and reading would take it for the end.
            Poll::Ready(Stop::Target(error)) => {
                self.inbound_broken = true;
                if error.kind() == io::ErrorKind::ConnectionReset {
                    self.outbound.source_was_reset();
                }
            }
            Poll::Ready(Stop::Ended | Stop::Declined | Stop::Over) | Poll::Pending => {}
        }
        let outbound = self.outbound(cx, scratch);
        match &outbound {
            Poll::Ready(Stop::Source(_)) => return self.gone(cx, scratch, Side::Gateway, true),
            // What it sent before it went is read to the end as well.
            Poll::Ready(Stop::Target(error)) => {
                if error.kind() == io::ErrorKind::ConnectionReset {
                    self.inbound.source_was_reset();
                }
                return self.gone(cx, scratch, Side::Client, inbound.is_ready());
            }
            Poll::Ready(Stop::Ended | Stop::Declined | Stop::Over) | Poll::Pending => {}
        }
        match (inbound, outbound) {
            (Poll::Ready(Stop::Declined), Poll::Pending) => self.decline(),
            (Poll::Ready(_), Poll::Ready(_)) => Poll::Ready(Over::Closed),
            (Poll::Pending, Poll::Ready(_)) => self.linger(cx),
            _ => Poll::Pending,
        }
    }

    /// Moves what the client sends.
    fn inbound(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Stop> {
        if self.inbound_broken {
            return Poll::Ready(Stop::Over);
        }
        let (observer, metrics) = (&mut self.observer, &self.metrics);
        let stop = self.inbound.pump(cx, &mut self.client, &mut self.gateway, scratch, |bytes, edits| {
            let gone = observer.client_bytes(Instant::now(), bytes, edits);
            metrics.bytes_in.inc_by(gone as u64);
            Seen { gone, declined: observer.declined().is_some() }
        });
        if matches!(stop, Poll::Ready(Stop::Ended)) {
            observer.ended(Instant::now(), Side::Client, End::Finished);
        }
        stop
    }

    /// Moves what the gateway sends.
    fn outbound(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Stop> {
        let (observer, metrics) = (&mut self.observer, &self.metrics);
        let stop = self.outbound.pump(cx, &mut self.gateway, &mut self.client, scratch, |bytes, _| {
            metrics.bytes_out.inc_by(bytes.len() as u64);
            observer.gateway_bytes(Instant::now(), bytes);
            Seen { gone: bytes.len(), declined: false }
        });
        if matches!(stop, Poll::Ready(Stop::Ended)) {
            observer.ended(Instant::now(), Side::Gateway, End::Finished);
        }
        stop
    }

    /// A side is gone without order, and `is_read` when all that it sent was read.
    #[cold]
    fn gone(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch, side: Side, is_read: bool) -> Poll<Over> {
        if is_read {
            self.observer.ended(Instant::now(), side, End::Reset);
        }
        self.reset = Some(Box::new(Reset::of(side, is_read)));
        self.reset(cx, scratch)
    }

    /// Waits until what came before a reset is on its way to the other side, or that takes nothing.
    #[cold]
    fn reset(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Over> {
        let Some(mut reset) = self.reset.take() else { return Poll::Pending };
        let mut is_patient = true;
        loop {
            // Only of a client there can be something left to read: what the gateway said is read before its end is seen.
            if !reset.is_read && (self.inbound(cx, scratch).is_ready() || !is_patient) {
                reset.is_read = true;
                self.observer.ended(Instant::now(), reset.of, End::Reset);
            }
            let is_sent = match reset.of {
                Side::Client => self.gateway.is_sent(),
                Side::Gateway => self.client.is_sent(),
            };
            if reset.is_read && (is_sent || !is_patient) {
                return Poll::Ready(Over::Reset(reset.of));
            }
            match reset.poll_patience(cx) {
                Poll::Ready(patient) => is_patient = patient,
                Poll::Pending => {
                    self.reset = Some(reset);
                    return Poll::Pending;
                }
            }
        }
    }

    /// The next request was declined; what is in flight is still answered.
    fn decline(&mut self) -> Poll<Over> {
        if self.observer.awaited().is_some() || !self.outbound.is_flushed() {
            return Poll::Pending;
        }
        Poll::Ready(Over::Declined(self.inbound.take_declined().unwrap_or_default()))
    }

    /// The gateway has ended and the client has not. It may go on for as long as the gateway still takes it; an idle client, or one
    /// whose gateway is gone, is not waited for: nobody will answer it.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        let is_idle = self.is_idle();
        let linger = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        while linger.as_mut().poll(cx).is_ready() {
            if is_idle || self.gateway.is_gone() {
                return Poll::Ready(Over::Closed);
            }
            linger.as_mut().reset(tokio::time::Instant::now() + LINGER);
        }
        Poll::Pending
    }
}
