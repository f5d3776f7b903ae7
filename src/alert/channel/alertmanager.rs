//! Alertmanager's API v2. Each of several gets every alert, as Prometheus does it: a cluster drops what it has already.
//!
//! A firing alert is told with an end a few heartbeats away: should we fall silent, Alertmanager takes it for over then.

use serde_json::{Value, json};

use super::http::{self, Http};
use super::webhook::{object, texts};
use super::{About, rfc3339};
use crate::alert::notify::{HEARTBEAT, Notification, Outcome};
use crate::config::Url;
use crate::config::header::Header;

#[derive(Debug)]
pub(super) struct Alertmanager {
    http: Http,
    urls: Vec<String>,
    headers: Vec<Header>,
    external_url: String,
}

impl Alertmanager {
    pub(super) fn new(http: Http, urls: &[Url], headers: &[Header], about: &About) -> Self {
        let urls = urls.iter().map(|url| format!("{}/api/v2/alerts", url.as_str().trim_end_matches('/'))).collect();
        Self { http, urls, headers: headers.to_vec(), external_url: about.url.clone() }
    }

    /// Good once one of them has it, as they tell each other what they sent; the next heartbeat reaches the others.
    pub(super) async fn send(&self, notification: &Notification, now: i64) -> Outcome {
        let body = payload(notification, &self.external_url, now).to_string();
        let sends = self.urls.iter().map(|url| http::send(self.http.post_with(url, &self.headers, body.clone()), now));
        let outcomes = futures_util::future::join_all(sends).await;
        let failed = outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Sent(_))).count();
        let rank = |outcome: &&Outcome| match outcome {
            Outcome::Sent(_) => 0,
            Outcome::Later { .. } => 1,
            Outcome::Refused(_) => 2,
        };
        let best = outcomes.iter().min_by_key(rank).cloned().expect("the configuration has at least one URL");
        match best {
            Outcome::Sent(said) if failed > 0 => {
                Outcome::Sent(format!("{said} ({failed} of {} failed)", self.urls.len()))
            }
            best => best,
        }
    }
}

pub(super) fn payload(notification: &Notification, external_url: &str, now: i64) -> Value {
    let alerts = notification.notices.iter().map(|notice| {
        let mut alert = json!({
            "labels": object(notice.labels.iter()),
            "annotations": object(texts(&notice.annotations)),
            "startsAt": rfc3339(notice.starts_at),
            "endsAt": rfc3339(notice.ends_at.unwrap_or(now + 4 * HEARTBEAT)),
        });
        if !external_url.is_empty() {
            alert["generatorURL"] = json!(external_url);
        }
        alert
    });
    Value::Array(alerts.collect())
}
