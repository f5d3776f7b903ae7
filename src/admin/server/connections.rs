//! Connections that are open. When there are too many, or too much waits to be sent, one that has been waiting longest makes
//! room: whoever comes is served, and slow or greedy clients take that from each other.

use crate::metrics::AdminMetrics;
use crate::metrics::admin::Refused;
use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Connections at once.
const MOST: usize = 512;
/// Bytes of answers that wait to be sent, over all of them.
const HELD: u64 = 64 << 20;

/// All of them.
pub(super) struct Connections {
    metrics: AdminMetrics,
    open: Mutex<Open>,
    changed: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    places: HashMap<u64, State>,
}

struct State {
    phase: Phase,
    since: Instant,
    /// Bytes of its answer, while that is sent.
    held: u64,
    task: Option<AbortHandle>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// For a request.
    Waits,
    /// For whoever asked to take the answer.
    Sends,
    /// On an answer.
    Works,
}

/// The place of one connection; free again with the last clone.
#[derive(Clone)]
pub(super) struct Place(Arc<Taken>);

struct Taken {
    id: u64,
    of: Arc<Connections>,
}

impl Connections {
    pub(super) fn new(metrics: AdminMetrics) -> Self {
        Self { metrics, open: Mutex::default(), changed: Notify::new() }
    }

    /// Runs a connection in a place of its own.
    pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(self: &Arc<Self>, run: impl FnOnce(Place) -> F) {
        self.make_room(|open| open.places.len() >= MOST, Phase::Waits);
        let id = {
            let mut open = self.open.lock();
            open.next += 1;
            let id = open.next;
            open.places.insert(id, State { phase: Phase::Waits, since: Instant::now(), held: 0, task: None });
            id
        };
        self.metrics.open.inc();
        // The task starts only when this thread waits again, so the place has its handle before it is looked at.
        let task = tokio::spawn(run(Place(Arc::new(Taken { id, of: self.clone() }))));
        self.with(id, |state| state.task = Some(task.abort_handle()));
    }

    /// Returns when all are closed.
    pub(super) async fn gone(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open.lock().places.is_empty() {
                return;
            }
            changed.await;
        }
    }

    /// Ends connections, the longest in `first` before others, for as long as it is `full`. One that works on an answer stays.
    fn make_room(&self, full: impl Fn(&Open) -> bool, first: Phase) {
        let mut open = self.open.lock();
        while full(&open) {
            let all = open.places.iter().filter(|(_, state)| state.phase != Phase::Works);
            let longest = all.min_by_key(|(_, state)| (state.phase != first, state.since)).map(|(id, _)| *id);
            let Some(state) = longest.and_then(|id| open.places.remove(&id)) else { return };
            state.task.iter().for_each(AbortHandle::abort);
            self.metrics.open.dec();
            self.metrics.refused(Refused::Crowded);
        }
    }

    fn with(&self, id: u64, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.open.lock().places.get_mut(&id) {
            change(state);
        }
    }

    fn enter(&self, id: u64, phase: Phase, held: u64) {
        self.with(id, |state| (state.phase, state.since, state.held) = (phase, Instant::now(), held));
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.of.open.lock().places.remove(&self.id).is_some() {
            self.of.metrics.open.dec();
        }
        self.of.changed.notify_waiters();
    }
}

impl Place {
    /// A request is here.
    pub(super) fn busy(&self) {
        self.0.of.enter(self.0.id, Phase::Works, 0);
    }

    /// Its answer goes out; when `body` is gone, the next request is waited for.
    pub(super) fn sending(self, body: Body) -> Body {
        let Some(held) = body.size_hint().exact() else {
            // A stream holds little, and whoever makes one says how many of its kind there may be.
            return Body::new(Sent { body, rest: Bytes::new(), place: self });
        };
        let over = |open: &Open| open.places.values().map(|state| state.held).sum::<u64>() + held > HELD;
        self.0.of.make_room(over, Phase::Sends);
        self.0.of.enter(self.0.id, Phase::Sends, held);
        Body::new(Sent { body, rest: Bytes::new(), place: self })
    }
}

/// A body that tells when it is gone. It goes out in pieces, as hyper takes one only when most of the last is sent; the whole
/// would seem gone at once.
struct Sent {
    body: Body,
    rest: Bytes,
    place: Place,
}

const PIECE: usize = 16 << 10;

impl Drop for Sent {
    fn drop(&mut self) {
        self.place.0.of.enter(self.place.0.id, Phase::Waits, 0);
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, hint) = (self.rest.len() as u64, self.body.size_hint());
        match hint.exact() {
            Some(exact) => SizeHint::with_exact(exact + rest),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use std::future::pending;

    fn connections() -> Arc<Connections> {
        Arc::new(Connections::new(AdminMetrics::register(&Registry::new())))
    }

    #[tokio::test]
    async fn the_one_that_waits_longest_makes_room_and_one_that_works_stays() {
        let connections = connections();
        let works = Mutex::new(None);
        for _ in 0..MOST {
            connections.spawn(|place| {
                works.lock().get_or_insert_with(|| place.clone());
                async move {
                    let _place = place;
                    pending::<()>().await;
                }
            });
        }
        works.lock().as_ref().unwrap().busy();
        for _ in 0..10 {
            connections.spawn(|place| async move { drop(place) });
            tokio::task::yield_now().await;
        }
        let open = connections.open.lock();
        assert!(open.places.contains_key(&1) && !open.places.contains_key(&2), "the first works, the second waited");
        assert!(open.places.len() <= MOST);
        assert_eq!(connections.metrics.open.get() as usize, open.places.len());
    }

    #[tokio::test]
    async fn answers_that_nobody_takes_make_room_for_another() {
        let connections = connections();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..10 {
            let bodies = bodies.clone();
            connections.spawn(|place| async move {
                let body = place.clone().sending(Body::from(vec![0; 10 << 20]));
                bodies.lock().push(body);
                pending::<()>().await;
            });
            tokio::task::yield_now().await;
        }
        let held: u64 = connections.open.lock().places.values().map(|state| state.held).sum();
        assert!(held <= HELD && held > HELD / 2, "{held}");
        assert!(connections.open.lock().places.contains_key(&10), "the last is served");
    }
}
