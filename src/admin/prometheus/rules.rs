//! `rules`: every rule with its state, as Prometheus shows it.

use super::answer::{Failure, metric, success};
use super::params::Params;
use crate::admin::Shared;
use crate::alert::engine::{Shown, Snapshot};
use crate::alert::rule::{AlertingRule, Group, Rule};
use crate::alert::state::Phase;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

/// `GET /api/v1/rules`, with `type`, `rule_name[]`, `rule_group[]`, `file[]` and `exclude_alerts`.
pub(super) async fn rules(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    let wanted = params.get("type").unwrap_or_default();
    if !["", "alert", "record"].contains(&wanted) {
        return Err(Failure::bad(format!("invalid parameter \"type\": not supported value {wanted:?}")));
    }
    let (snapshot, interval) = (view.alerts.snapshot(), view.config.load().alerting.interval.as_secs_f64());
    let with_alerts = params.get("exclude_alerts") != Some("true");
    let groups = snapshot.groups.groups().iter().filter(|group| {
        params.has_or_lacks("rule_group[]", &group.name) && params.has_or_lacks("file[]", &group.origin)
    });
    let groups: Vec<Value> = groups
        .filter_map(|group| {
            let kinds = group.rules.iter().filter(|rule| match rule {
                Rule::Alerting(_) => wanted != "record",
                Rule::Recording(_) => wanted != "alert",
            });
            let named = kinds.filter(|rule| params.has_or_lacks("rule_name[]", rule.name()));
            let rules: Vec<Value> = named.map(|rule| of(rule, &snapshot, with_alerts)).collect();
            (!rules.is_empty()).then(|| whole(group, rules, interval, snapshot.evaluated))
        })
        .collect();
    Ok(success(json!({ "groups": groups })))
}

fn whole(group: &Group, rules: Vec<Value>, interval: f64, evaluated: Option<i64>) -> Value {
    json!({
        "name": group.name,
        "file": group.origin,
        "interval": group.interval.map_or(interval, |ms| ms as f64 / 1e3),
        "limit": 0,
        "rules": rules,
        "lastEvaluation": time(evaluated),
    })
}

fn of(rule: &Rule, snapshot: &Snapshot, with_alerts: bool) -> Value {
    let error = snapshot.broken.get(rule.name());
    let mut all = match rule {
        Rule::Recording(rule) => json!({
            "type": "recording",
            "name": rule.record,
            "query": rule.query.text(),
            "labels": object(rule.labels.iter().map(|(name, value)| (&**name, &**value))),
        }),
        Rule::Alerting(rule) => alerting(rule, snapshot, with_alerts),
    };
    all["health"] = json!(match (error, snapshot.evaluated) {
        (Some(_), _) => "err",
        (None, Some(_)) => "ok",
        (None, None) => "unknown",
    });
    if let Some(error) = error {
        all["lastError"] = json!(error);
    }
    all["lastEvaluation"] = json!(time(snapshot.evaluated));
    all
}

fn alerting(rule: &AlertingRule, snapshot: &Snapshot, with_alerts: bool) -> Value {
    let active: Vec<&Shown> = snapshot
        .alerts
        .iter()
        .filter(|shown| shown.alert.rule == rule.name && state(&shown.alert.phase).is_some())
        .collect();
    let states: Vec<&str> = active.iter().filter_map(|shown| state(&shown.alert.phase)).collect();
    let worst = ["firing", "pending"].into_iter().find(|state| states.contains(state)).unwrap_or("inactive");
    let mut all = json!({
        "type": "alerting",
        "name": rule.name,
        "query": rule.query.text(),
        "state": worst,
        "duration": rule.hold as f64 / 1e3,
        "keepFiringFor": rule.keep_firing_for as f64 / 1e3,
        "labels": object(rule.labels.iter().map(|(name, text)| (&**name, text.source()))),
        "annotations": object(rule.annotations.iter().map(|(name, text)| (&**name, text.source()))),
    });
    if with_alerts {
        all["alerts"] = active.iter().map(|shown| alert(shown)).collect();
    }
    all
}

fn alert(shown: &Shown) -> Value {
    let alert = &shown.alert;
    json!({
        "labels": metric(&alert.labels),
        "annotations": object(alert.annotations.iter().map(|(name, text)| (&**name, &**text))),
        "state": state(&alert.phase),
        "activeAt": time(Some(alert.since)),
        "value": alert.value.map_or_else(String::new, crate::base::number::shortest),
    })
}

/// What Prometheus calls it, if it has it.
fn state(phase: &Phase) -> Option<&'static str> {
    match phase {
        Phase::Firing => Some("firing"),
        Phase::Pending => Some("pending"),
        _ => None,
    }
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

/// RFC 3339; Go's zero time where there is none.
fn time(at: Option<i64>) -> String {
    let at = at.and_then(DateTime::from_timestamp_millis);
    at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
