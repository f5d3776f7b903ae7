//! ntfy, which reaches phones: one message, published as JSON.

use serde_json::{Value, json};

use super::http::{self, Http};
use super::wording::Wording;
use super::{About, cut};
use crate::alert::notify::{Notification, Outcome};
use crate::config::{Secret, Severity, Url};

/// What ntfy takes before it makes a message an attachment is 4,096 bytes; a character is four at most.
const TEXT: usize = 1_000;

#[derive(Debug)]
pub(super) struct Ntfy {
    http: Http,
    url: String,
    topic: String,
    token: Option<Secret>,
    click: String,
}

impl Ntfy {
    pub(super) fn new(http: Http, url: &Url, topic: &str, token: Option<&Secret>, about: &About) -> Self {
        let url = url.as_str().trim_end_matches('/').to_owned();
        Self { http, url, topic: topic.to_owned(), token: token.cloned(), click: about.url.clone() }
    }

    pub(super) async fn send(&self, notification: &Notification, wording: &Wording, now: i64) -> Outcome {
        let body = payload(notification, wording, &self.topic, &self.click).to_string();
        let request = self.http.post(&self.url, body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        http::send(request, now).await
    }
}

pub(super) fn payload(notification: &Notification, wording: &Wording, topic: &str, click: &str) -> Value {
    let over = notification.is_resolved();
    let texts: Vec<String> = wording.texts(notification).collect();
    let runbook = notification.notices[0].annotation("runbook_url");
    let mut message = json!({
        "topic": topic,
        "title": wording.title(notification),
        "message": cut(&texts.join("\n\n"), TEXT),
        "priority": if over { 3 } else { priority(notification.severity()) },
        "tags": [if over { "white_check_mark" } else { "rotating_light" }],
    });
    if let Some(click) = [runbook, click].into_iter().find(|url| !url.is_empty()) {
        message["click"] = json!(click);
    }
    message
}

fn priority(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Info => 1,
    }
}
