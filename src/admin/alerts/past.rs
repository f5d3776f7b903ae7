//! `GET /api/v1/alerts/history`: the timeline, newest first, and mean times to acknowledge and to resolve by rule.

use super::{Page, bad, operate, time};
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope, problem};
use crate::alert::store::{Event, Past, RuleTimes};
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Moves of one page, unless something else is asked for.
const USUAL: usize = 100;
/// How far back it looks, unless something else is asked for.
const WEEK: i64 = 7 * 86_400_000;

/// What is asked for. Times are RFC 3339 or Unix seconds.
#[derive(Deserialize)]
pub(super) struct Asked {
    from: Option<String>,
    until: Option<String>,
    rule: Option<String>,
    fingerprint: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

/// The past.
pub(super) async fn history(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let instant = |text: &Option<String>, usual: i64| text.as_deref().map_or(Some(usual), instant);
    let (Some(until), Some(from)) = (instant(&asked.until, now + 1), instant(&asked.from, now - WEEK)) else {
        return bad("from and until must be times such as 2026-11-24T22:00:00Z, or Unix seconds");
    };
    let page = match Page::asked(asked.limit, asked.offset, USUAL) {
        Ok(page) => page,
        Err(detail) => return bad(detail),
    };
    let fingerprint = asked.fingerprint.map(|text| text.to_ascii_lowercase());
    let past = Past { from, until, fingerprint, rule: asked.rule, limit: page.limit, offset: page.offset };
    match view.alerts.past(past).await {
        Ok(Ok(story)) => {
            let timeline: Vec<Value> = story.events.iter().map(event).collect();
            let rules: Map<String, Value> =
                story.rules.iter().map(|(rule, times)| (rule.clone(), rule_times(times))).collect();
            envelope(
                &view,
                &id,
                json!({ "from": time(from), "until": time(until), "timeline": timeline, "total_count": story.total, "rules": rules }),
            )
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the history of alerts cannot be read");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "the history of alerts cannot be read; the log tells why")
        }
        Err(error) => operate::closed(error),
    }
}

fn event(event: &Event) -> Value {
    json!({
        "at": time(event.at),
        "fingerprint": event.fingerprint,
        "rule_name": event.rule,
        "severity": event.severity,
        "transition": event.to,
        "detail": event.detail,
        "value": event.value,
    })
}

fn rule_times(times: &RuleTimes) -> Value {
    json!({
        "fired": times.fired,
        "acknowledged": times.acknowledged,
        "escalated": times.escalated,
        "resolved": times.resolved,
        "mtta_seconds": times.mtta,
        "mttr_seconds": times.mttr,
    })
}

fn instant(text: &str) -> Option<i64> {
    let seconds = || text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let parsed = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    parsed.or_else(|| seconds().map(|seconds| (seconds * 1_000.0) as i64))
}
