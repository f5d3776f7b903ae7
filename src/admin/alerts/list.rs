//! `GET /api/v1/alerts` and `/alerts/stats`.

use super::{Page, bad, severity, time};
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope};
use crate::alert::engine::{Shown, Snapshot, Status};
use crate::config::Severity;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Alerts of one page, unless something else is asked for.
const USUAL: usize = 1_000;

/// What is asked for. Words may stand in a list, with commas.
#[derive(Deserialize)]
pub(super) struct Filter {
    status: Option<String>,
    severity: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

/// Alerts that fire, acknowledged and suppressed ones among them, unless a status is asked for. `total_count` counts those
/// of all pages.
pub(super) async fn alerts(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Query(filter): Query<Filter>,
) -> Response {
    let statuses =
        match words(filter.status.as_deref(), |name| Status::ALL.into_iter().find(|status| status.as_str() == name)) {
            Ok(statuses) => statuses,
            Err(word) => {
                return bad(format!("`{word}` is no status: firing, acknowledged, suppressed, pending or resolved"));
            }
        };
    let severities = match words(filter.severity.as_deref(), severity) {
        Ok(severities) => severities,
        Err(word) => return bad(format!("`{word}` is no severity: critical, high, medium (or warning), low or info")),
    };
    let page = match Page::asked(filter.limit, filter.offset, USUAL) {
        Ok(page) => page,
        Err(detail) => return bad(detail),
    };
    let snapshot = view.alerts.snapshot();
    let fits = |shown: &&Shown| {
        let status = statuses.as_ref().map_or(shown.status.is_active(), |all| all.contains(&shown.status));
        status && severities.as_ref().is_none_or(|all| all.contains(&shown.alert.severity))
    };
    let found: Vec<&Shown> = snapshot.alerts.iter().filter(fits).collect();
    let page: Vec<Value> = found.iter().skip(page.offset).take(page.limit).map(|shown| alert(shown)).collect();
    envelope(&view, &id, json!({ "alerts": page, "total_count": found.len() }))
}

/// Counts of alerts, rules and channels.
pub(super) async fn stats(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let snapshot = view.alerts.snapshot();
    envelope(&view, &id, json!({ "alert_statistics": statistics(&snapshot) }))
}

/// What `/alerts/stats` says.
pub(in crate::admin) fn statistics(snapshot: &Snapshot) -> Value {
    let active = || snapshot.alerts.iter().filter(|shown| shown.status.is_active());
    let by_severity: Map<String, Value> = Severity::ALL
        .into_iter()
        .map(|severity| {
            let count = active().filter(|shown| shown.alert.severity == severity).count();
            (severity.as_str().to_owned(), count.into())
        })
        .collect();
    json!({
        "active_alerts": active().count(),
        "resolved_alerts_last_7_days": snapshot.resolved_last_week,
        "active_by_severity": by_severity,
        "total_rules": snapshot.rules.0,
        "enabled_rules": snapshot.rules.1,
        "notification_channels": snapshot.channels,
    })
}

fn alert(shown: &Shown) -> Value {
    let alert = &shown.alert;
    let labels: Map<String, Value> = alert.labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let annotations: Map<String, Value> =
        alert.annotations.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let message = match alert.annotation("summary") {
        "" => alert.rule.as_str(),
        message => message,
    };
    let mut all = json!({
        "fingerprint": alert.fingerprint,
        "rule_name": alert.rule,
        "severity": alert.severity.as_str(),
        "status": shown.status.as_str(),
        "message": message,
        "started_at": time(alert.fired_at.unwrap_or(alert.since)),
        "labels": labels,
        "annotations": annotations,
        "value": alert.value,
    });
    let more = [
        ("resolved_at", alert.resolved_at.filter(|_| shown.status == Status::Resolved).map(time)),
        ("acknowledged_by", alert.acknowledged.as_ref().map(|acknowledged| acknowledged.by.clone())),
        ("acknowledged_at", alert.acknowledged.as_ref().map(|acknowledged| time(acknowledged.at))),
        ("suppressed_until", alert.suppressed.map(|suppressed| time(suppressed.until))),
        ("muted_by", shown.muted_by.clone()),
        ("no_data_since", alert.unknown_since.map(time)),
        ("escalated_at", alert.escalated.iter().map(|(_, at)| *at).max().map(time)),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            all[name] = value.into();
        }
    }
    all
}

/// Each word of a list as what it names, or the first that names nothing.
fn words<T>(list: Option<&str>, named: impl Fn(&str) -> Option<T>) -> Result<Option<Vec<T>>, String> {
    let Some(list) = list else { return Ok(None) };
    let words = list.split(',').map(|word| named(word.trim()).ok_or_else(|| word.to_owned()));
    words.collect::<Result<Vec<T>, String>>().map(Some)
}
