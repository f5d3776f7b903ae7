//! `GET /api/v1/traces/recent`: the last spans, the youngest first.

use super::off;
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope, problem};
use crate::trace::recent::Filter;
use crate::trace::span::view;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Spans of one answer, unless something else is asked for, and at most.
const PAGE: (usize, usize) = (100, 10_000);

/// What is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    status: Option<String>,
    error: Option<bool>,
    endpoint: Option<String>,
    min_duration: Option<String>,
    trace_id: Option<String>,
    limit: Option<usize>,
}

/// The spans.
pub(super) async fn recent(
    State(shared): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(tracer) = shared.traces.tracer() else { return off() };
    let limit = asked.limit.unwrap_or(PAGE.0);
    let filter = match filter(asked) {
        Ok(filter) if (1..=PAGE.1).contains(&limit) => filter,
        Ok(_) => return problem(StatusCode::BAD_REQUEST, format!("limit must be from 1 to {}", PAGE.1)),
        Err(detail) => return problem(StatusCode::BAD_REQUEST, detail),
    };
    // What workers told becomes spans before anything is shown.
    let registry = shared.registry.clone();
    let _ = tokio::task::spawn_blocking(move || registry.gather()).await;
    let spans: Vec<Value> = tracer.recent.find(&filter, limit).iter().map(|item| view(&item.span)).collect();
    envelope(&shared, &id, json!({ "total_count": spans.len(), "spans": spans }))
}

fn filter(asked: Asked) -> Result<Filter, &'static str> {
    let status =
        asked.status.map(|text| status(&text).ok_or("status must be a code such as 503, or a class such as 5xx"));
    let at_least = asked
        .min_duration
        .map(|text| duration(&text).ok_or("min_duration must be seconds such as 0.25, or have a unit such as 250ms"));
    let is_id = |text: &String| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if asked.trace_id.as_ref().is_some_and(|text| !is_id(text)) {
        return Err("trace_id must have 32 hexadecimal digits");
    }
    Ok(Filter {
        status: status.transpose()?,
        error: asked.error,
        endpoint: asked.endpoint,
        at_least: at_least.transpose()?,
        trace: asked.trace_id,
    })
}

/// A code, or its class as one digit.
fn status(text: &str) -> Option<u16> {
    let class = text.strip_suffix("xx").map(str::parse::<u16>);
    match class {
        Some(class) => class.ok().filter(|class| (1..=9).contains(class)),
        None => text.parse().ok().filter(|code| (100..=999).contains(code)),
    }
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text {
        _ if text.ends_with("ms") => (text.strip_suffix("ms")?, 1e-3),
        _ => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    Duration::try_from_secs_f64(number.trim().parse::<f64>().ok()? * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_durations_are_read_as_people_write_them() {
        assert_eq!([status("503"), status("5xx"), status("xx"), status("42")], [Some(503), Some(5), None, None]);
        let ms = Duration::from_millis;
        assert_eq!(
            [duration("250ms"), duration("0.25"), duration("2s")],
            [Some(ms(250)), Some(ms(250)), Some(ms(2000))]
        );
        assert_eq!([duration("-1"), duration("x"), duration("")], [None, None, None]);
    }
}
