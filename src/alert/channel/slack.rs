//! A Slack webhook: blocks in an attachment, whose colour says how bad it is, or that it is over.

use serde_json::{Value, json};

use super::cut;
use super::http::{self, Http};
use super::wording::{MOST, Wording};
use crate::alert::notify::{Notice, Notification, Outcome};
use crate::config::{Secret, Severity};

/// What Slack takes in a header, in a section and in a field of one.
const HEADER: usize = 150;
const SECTION: usize = 3_000;

#[derive(Debug)]
pub(super) struct Slack {
    http: Http,
    url: Secret,
}

impl Slack {
    pub(super) fn new(http: Http, url: &Secret) -> Self {
        Self { http, url: url.clone() }
    }

    pub(super) async fn send(&self, notification: &Notification, wording: &Wording, now: i64) -> Outcome {
        http::send(self.http.post(self.url.expose(), payload(notification, wording).to_string()), now).await
    }
}

pub(super) fn payload(notification: &Notification, wording: &Wording) -> Value {
    let title = wording.title(notification);
    let mut blocks = vec![json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&title, HEADER) } })];
    let texts = wording.texts(notification).zip(notification.notices.iter().map(Some).chain([None]));
    for (text, notice) in texts.take(MOST) {
        blocks.push(section(&text));
        blocks.extend(notice.and_then(button));
    }
    blocks.extend(wording.rest(notification).map(|rest| section(&rest)));
    let colour = if notification.is_resolved() { "#2eb67d" } else { colour(notification.severity()) };
    json!({ "text": escape(&title), "attachments": [{ "color": colour, "fallback": title, "blocks": blocks }] })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(&escape(text), SECTION) } })
}

/// A link to what to do.
fn button(notice: &Notice) -> Option<Value> {
    let url = Some(notice.annotation("runbook_url")).filter(|url| !url.is_empty() && url.len() <= 3_000)?;
    let text = json!({ "type": "plain_text", "text": "Runbook" });
    Some(json!({ "type": "actions", "elements": [{ "type": "button", "text": text, "url": url }] }))
}

/// The three characters that Slack reads as markup of its own.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#8b0000",
        Severity::High => "#e01e5a",
        Severity::Medium => "#ecb22e",
        Severity::Low => "#36c5f0",
        Severity::Info => "#9aa0a6",
    }
}
