//! `GET /api/v1/live`: what passes now, once a second, as server-sent events (WHATWG HTML §9.2). All who look share one look.
//!
//! - `window`: two readings and what happened between them

mod window;

use super::Shared;
use super::reply::problem;
use crate::alert::engine::Status;
use crate::config::Config;
use crate::metrics::reading::Reading;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between two events.
const PACE: Duration = Duration::from_secs(1);
/// A reading younger than this is shared.
const SHARED: Duration = Duration::from_millis(900);
/// Rates are over the time since so many readings ago.
const READINGS: usize = 10;
/// A last reading older than this says nothing of now.
const STALE: Duration = Duration::from_secs(30);
/// Streams at once.
const STREAMS: usize = 32;

/// The readings that all streams share.
pub struct Live {
    seats: Arc<Semaphore>,
    readings: Mutex<Readings>,
}

#[derive(Default)]
struct Readings {
    held: VecDeque<(Instant, Reading)>,
    event: Option<Bytes>,
}

impl Default for Live {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(STREAMS)), readings: Mutex::default() }
    }
}

/// The stream. It ends with a reload, as who may look may have changed.
pub(super) async fn live(State(view): State<Shared>) -> Response {
    let Ok(seat) = view.live.seats.clone().try_acquire_owned() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, format!("{STREAMS} are looking already; try again later"));
    };
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let config = view.config.load_full();
    let events = stream::unfold((view, config, pace, seat), next);
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (head, Body::from_stream(events)).into_response()
}

type Place = (Shared, Arc<Config>, Interval, OwnedSemaphorePermit);

async fn next((view, config, mut pace, seat): Place) -> Option<(Result<Bytes, Infallible>, Place)> {
    pace.tick().await;
    if !Arc::ptr_eq(&config, &view.config.load()) {
        return None;
    }
    let event = event(&view, Instant::now());
    Some((Ok(event), (view, config, pace, seat)))
}

/// The event of `now`; whoever asks within the same second gets the same.
fn event(view: &Shared, now: Instant) -> Bytes {
    let mut readings = view.live.readings.lock();
    let last = readings.held.back().map(|(at, _)| now.saturating_duration_since(*at));
    if let Some(event) = readings.event.as_ref().filter(|_| last.is_some_and(|age| age < SHARED)) {
        return event.clone();
    }
    if last.is_some_and(|age| age > STALE) {
        readings.held.clear();
    }
    readings.held.push_back((now, Reading::of(&view.registry.gather())));
    if readings.held.len() > READINGS {
        readings.held.pop_front();
    }
    // The first and the last of them, which are one where there is only one: no time lies between, and rates are not known.
    let ((from, before), (until, after)) = (&readings.held[0], &readings.held[readings.held.len() - 1]);
    let event = Bytes::from(format!("data: {}\n\n", whole(view, window::between(before, after, *until - *from))));
    readings.event = Some(event.clone());
    event
}

/// What passes, and what else has changed.
fn whole(view: &Shared, mut passes: Value) -> Value {
    let (config, error, alerts) = (view.config.load(), view.reload_error.load(), view.alerts.snapshot());
    let count = |status| alerts.alerts.iter().filter(|shown| shown.status == status).count();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    passes["now"] = json!(now);
    passes["alerts"] =
        Status::ALL.into_iter().map(|status| (status.as_str().to_owned(), json!(count(status)))).collect();
    passes["config"] = json!({
        "hash": config.source.hash,
        "loaded_at": view.loaded.load(Ordering::Relaxed),
        "error": **error,
    });
    passes["draining"] = json!(view.draining.load(Ordering::Relaxed));
    passes["uptime_seconds"] = json!(view.started.elapsed().as_secs());
    passes
}
