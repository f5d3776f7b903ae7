//! A webhook: Alertmanager's payload, version 4, posted as JSON.
//!
//! Where a secret is set, `X-Outrider-Signature` is `sha256=` and the hex of the HMAC-SHA256 of the value of
//! `X-Outrider-Timestamp` (Unix seconds), a dot and the body. `Idempotency-Key` is the same for every attempt.

use ring::hmac;
use serde_json::{Map, Value, json};

use super::http::{self, Http};
use super::{About, rfc3339};
use crate::alert::notify::{Notice, Notification, Outcome};
use crate::config::header::Header;
use crate::config::{Secret, Url};

/// What Alertmanager writes for an end that is not known.
const NEVER: &str = "0001-01-01T00:00:00Z";

#[derive(Debug)]
pub(super) struct Webhook {
    http: Http,
    url: String,
    key: Option<hmac::Key>,
    headers: Vec<Header>,
    external_url: String,
}

impl Webhook {
    pub(super) fn new(http: Http, url: &Url, secret: Option<&Secret>, headers: &[Header], about: &About) -> Self {
        let key = secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()));
        Self { http, url: url.as_str().to_owned(), key, headers: headers.to_vec(), external_url: about.url.clone() }
    }

    pub(super) async fn send(&self, notification: &Notification, now: i64) -> Outcome {
        let body = payload(notification, &self.external_url).to_string();
        let timestamp = now.div_euclid(1_000).to_string();
        let signature = self.key.as_ref().map(|key| sign(key, &timestamp, &body));
        let mut request =
            self.http.post_with(&self.url, &self.headers, body).header("idempotency-key", notification.key());
        if let Some(signature) = signature {
            request = request.header("x-outrider-timestamp", timestamp).header("x-outrider-signature", signature);
        }
        http::send(request, now).await
    }
}

fn sign(key: &hmac::Key, timestamp: &str, body: &str) -> String {
    let tag = hmac::sign(key, format!("{timestamp}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

pub(super) fn payload(notification: &Notification, external_url: &str) -> Value {
    let group: Vec<String> = notification.group.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let alerts: Vec<Value> = notification.notices.iter().map(|notice| alert(notice, external_url)).collect();
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{{}}}", group.join(", ")),
        "truncatedAlerts": 0,
        "status": status(notification.is_resolved()),
        "receiver": notification.channel,
        "groupLabels": object(texts(&notification.group)),
        "commonLabels": object(common(notification, |notice| notice.labels.iter().collect())),
        "commonAnnotations": object(common(notification, |notice| texts(&notice.annotations).collect())),
        "externalURL": external_url,
        "alerts": alerts,
    })
}

fn alert(notice: &Notice, external_url: &str) -> Value {
    json!({
        "status": status(notice.is_resolved()),
        "labels": object(notice.labels.iter()),
        "annotations": object(texts(&notice.annotations)),
        "startsAt": rfc3339(notice.starts_at),
        "endsAt": notice.ends_at.map_or_else(|| NEVER.to_owned(), rfc3339),
        "generatorURL": external_url,
        "fingerprint": notice.fingerprint,
    })
}

fn status(resolved: bool) -> &'static str {
    if resolved { "resolved" } else { "firing" }
}

/// A name and its value.
type Pair<'a> = (&'a str, &'a str);

pub(super) fn object<'a>(pairs: impl IntoIterator<Item = Pair<'a>>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

pub(super) fn texts(pairs: &[(String, String)]) -> impl Iterator<Item = Pair<'_>> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The pairs that every alert has.
fn common<'a>(notification: &'a Notification, of: impl Fn(&'a Notice) -> Vec<Pair<'a>>) -> Vec<Pair<'a>> {
    let (first, rest) = notification.notices.split_first().expect("a notification is about something");
    let mut shared = of(first);
    for notice in rest {
        let own = of(notice);
        shared.retain(|pair| own.contains(pair));
    }
    shared
}
