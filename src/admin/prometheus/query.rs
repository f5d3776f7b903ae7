//! `query` and `query_range`.

use super::answer::{Failure, result};
use super::params::{Params, now};
use crate::admin::Shared;
use crate::promql::{Answer, Error, Limits, Options, Query};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Queries that run at once; the others wait for their turn.
const AT_ONCE: usize = 2;
/// How long a query may take, its turn included, unless the caller says less.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Prometheus' own limit of points per series.
const POINTS: i64 = 11_000;

/// The turns of queries: a few run at once, the others wait.
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// `GET|POST /api/v1/query`
pub(super) async fn instant(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    let at = params.time("time", now())?;
    let answer = run(&view, &params, move |query, view, limits| query.instant(&*view.history, at, limits)).await?;
    Ok(result(answer, at))
}

/// `GET|POST /api/v1/query_range`
pub(super) async fn range(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    params.need("start").and(params.need("end")).and(params.need("step"))?;
    let (start, end) = params.window()?;
    let step = params.duration("step")?.unwrap_or(0);
    if step <= 0 {
        return Err(Failure::bad(
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if end.saturating_sub(start) / step > POINTS {
        return Err(Failure::bad(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let answer =
        run(&view, &params, move |query, view, limits| query.range(&*view.history, start, end, step, limits)).await?;
    Ok(result(answer, end))
}

/// Parses the query at once, and evaluates it when it is its turn.
async fn run(
    view: &Shared,
    params: &Params,
    evaluate: impl FnOnce(&Query, &Shared, &Limits<'_>) -> Result<Answer, Error> + Send + 'static,
) -> Result<Answer, Failure> {
    let mut query = Query::parse(params.need("query")?)
        .map_err(|error| Failure::bad(format!("invalid parameter \"query\": {error}")))?;
    if let Some(lookback) = params.duration("lookback_delta")? {
        query = query.with_options(Options { lookback, ..Options::default() });
    }
    let asked = params.duration("timeout")?.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    let deadline = Instant::now() + asked.unwrap_or(TIMEOUT).min(TIMEOUT);
    let turn = tokio::time::timeout_at(deadline.into(), view.turns.0.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return Err(Failure::busy()) };
    let view = view.clone();
    let evaluated = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let expired = || Instant::now() >= deadline;
        evaluate(&query, &view, &Limits { expired: Some(&expired), ..Limits::default() })
    });
    Ok(evaluated.await.map_err(|_| Failure::internal())??)
}
