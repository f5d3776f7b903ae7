//! PagerDuty's Events API v2: one event an alert; trigger, acknowledge, resolve.
//!
//! The deduplication key is the fingerprint of the alert's labels without the pod, so that a new pod goes on with the incident
//! of the one before it.

use serde_json::{Value, json};

use super::http::{self, Http};
use super::webhook::{object, texts};
use super::{About, cut, rfc3339};
use crate::alert::notify::{Kind, Notice, Notification, Outcome};
use crate::config::{Secret, Severity, Url};

/// Bytes that PagerDuty takes in one event: 512 KB.
const MOST: usize = 512_000;

#[derive(Debug)]
pub(super) struct PagerDuty {
    http: Http,
    url: String,
    routing_key: Secret,
    about: About,
}

impl PagerDuty {
    pub(super) fn new(http: Http, url: &Url, routing_key: &Secret, about: &About) -> Self {
        Self { http, url: url.as_str().to_owned(), routing_key: routing_key.clone(), about: about.clone() }
    }

    pub(super) async fn send(&self, notification: &Notification, now: i64) -> Outcome {
        let mut last = Outcome::Sent("nothing to send".to_owned());
        for notice in &notification.notices {
            let event = event(notification.kind, notice, self.routing_key.expose(), &self.about);
            last = http::send(self.http.post(&self.url, within(event)), now).await;
            // What went out before goes out again with the next try; the key lets PagerDuty drop it.
            if !matches!(last, Outcome::Sent(_)) {
                break;
            }
        }
        last
    }
}

pub(super) fn event(kind: Kind, notice: &Notice, routing_key: &str, about: &About) -> Value {
    let dedup_key = format!("outrider-{:016x}", notice.labels.filter(|name| name != "pod").fingerprint());
    let action = match kind {
        _ if notice.is_resolved() => "resolve",
        Kind::Acknowledged => "acknowledge",
        _ => "trigger",
    };
    let mut event = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": dedup_key });
    if action != "trigger" {
        return event;
    }
    let source = if about.service.is_empty() { "outrider" } else { &about.service };
    event["payload"] = json!({
        "summary": cut(notice.summary(), 1_024),
        "source": source,
        "severity": severity(notice.severity),
        "timestamp": rfc3339(notice.starts_at),
        "component": source,
        "group": about.environment,
        "class": notice.rule,
        "custom_details": {
            "fingerprint": notice.fingerprint,
            "value": notice.value,
            "labels": object(notice.labels.iter()),
            "annotations": object(texts(&notice.annotations)),
        },
    });
    event["client"] = json!("Outrider");
    if !about.url.is_empty() {
        event["client_url"] = json!(about.url);
    }
    let runbook = notice.annotation("runbook_url");
    if !runbook.is_empty() {
        event["links"] = json!([{ "href": runbook, "text": "Runbook" }]);
    }
    event
}

/// The event as text. One that PagerDuty would not take goes without its details: who is called finds them here.
fn within(mut event: Value) -> String {
    let body = event.to_string();
    if body.len() <= MOST {
        return body;
    }
    event["payload"]["custom_details"] = json!({ "left_out": "the details are longer than PagerDuty takes" });
    event.to_string()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}
