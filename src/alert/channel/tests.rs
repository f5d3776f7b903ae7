//! What receivers get.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;
use serde_json::Value;

use super::*;
use crate::alert::notify::sample::{alert, config};
use crate::alert::notify::{Kind, Notice};
use crate::config::Severity;

type Requests = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver that answers with `status` and keeps what it got.
async fn receiver(status: u16, headers: &[(&'static str, &'static str)]) -> (String, Requests) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let got = Requests::default();
    let (keep, status) = (got.clone(), StatusCode::from_u16(status).unwrap());
    let answer: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        keep.lock().unwrap().push((headers, body));
        let answer = (status, answer.clone(), "said");
        async move { answer }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), got)
}

fn sender(channel: &str) -> Sender {
    let alerting = config(&format!("channels: {{ it: {channel} }}"));
    let about = About { service: "shop".into(), environment: "test".into(), url: String::new() };
    Sender::new(&alerting.channels[0], &about).unwrap()
}

/// A notice's annotations and one more.
fn with(notice: &Notice, name: &str, text: &str) -> Arc<[(String, String)]> {
    notice.annotations.iter().cloned().chain([(name.to_owned(), text.to_owned())]).collect()
}

fn notification(over: Option<i64>) -> Notification {
    let mut notice = Notice::of(&alert(&[("alertname", "a"), ("severity", "high"), ("pod", "p-1"), ("x", "<&>")]));
    (notice.starts_at, notice.ends_at) = (1_795_521_600_000, over);
    notice.annotations = with(&notice, "runbook_url", "https://runbooks.example.com/a");
    let group = vec![("alertname".to_owned(), "a".to_owned())];
    Notification { id: 7, created: 5, channel: "it".into(), kind: Kind::Change, group, notices: vec![notice] }
}

const NOW: i64 = 1_795_521_660_000;

async fn sent(channel: &str, notification: &Notification) -> (Outcome, Vec<(HeaderMap, Value)>) {
    let (url, got) = receiver(202, &[]).await;
    let outcome = sender(&channel.replace("URL", &url)).send(notification, NOW).await;
    let got = got
        .lock()
        .unwrap()
        .drain(..)
        .map(|(headers, body)| (headers, serde_json::from_slice(&body).unwrap()))
        .collect();
    (outcome, got)
}

#[tokio::test]
async fn a_webhook_gets_alertmanagers_payload_and_can_verify_it() {
    let (url, got) = receiver(200, &[]).await;
    let hook =
        sender(&format!("{{ webhook: {{ url: '{url}/x', secret: {{ env: KEY }}, headers: {{ x-team: shop }} }} }}"));
    assert_eq!(hook.send(&notification(None), NOW).await, Outcome::Sent("200 OK said".into()));
    let (headers, body) = got.lock().unwrap().remove(0);
    assert_eq!(
        (&headers["x-team"], &headers["idempotency-key"]),
        (&"shop".parse().unwrap(), &"it-5-7".parse().unwrap())
    );
    let signature = headers["x-outrider-signature"].to_str().unwrap().strip_prefix("sha256=").unwrap();
    let bytes: Vec<u8> =
        (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap()).collect();
    let timestamp = headers["x-outrider-timestamp"].to_str().unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let signed = [timestamp.as_bytes(), b".", &body].concat();
    assert!(hmac::verify(&key, &signed, &bytes).is_ok());
    assert_eq!(timestamp, "1795521660");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["version"], &body["status"], &body["receiver"]), (&"4".into(), &"firing".into(), &"it".into()));
    assert_eq!(body["groupKey"], "{}:{alertname=\"a\"}");
    assert_eq!(body["commonLabels"]["x"], "<&>");
    let alert = &body["alerts"][0];
    assert_eq!(
        (&alert["startsAt"], &alert["endsAt"]),
        (&"2026-11-24T12:00:00.000Z".into(), &"0001-01-01T00:00:00Z".into())
    );
    assert_eq!(alert["fingerprint"], notification(None).notices[0].fingerprint.to_string());
}

#[tokio::test]
async fn slack_gets_blocks_in_a_colour_that_tells_the_end() {
    let mut over = notification(Some(NOW));
    over.notices.extend(std::iter::repeat_n(over.notices[0].clone(), 40));
    let wording =
        Wording::new(&config("channels: { it: { ntfy: { topic: t } } }").channels[0], &About::default()).unwrap();
    let colour =
        |notification: &Notification| slack::payload(notification, &wording)["attachments"][0]["color"].clone();
    assert_eq!((colour(&notification(None)), colour(&over)), ("#e01e5a".into(), "#2eb67d".into()));
    let payload = slack::payload(&over, &wording);
    let blocks = payload["attachments"][0]["blocks"].as_array().unwrap();
    // Slack takes 50 blocks, 150 characters in a header and 3,000 in a section.
    assert!(blocks.len() <= 50);
    assert_eq!(blocks[0]["type"], "header");
    assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    let text = blocks[1]["text"]["text"].as_str().unwrap();
    assert!(text.contains("x=&lt;&amp;&gt;") && text.chars().count() <= 3_000, "{text}");
    assert_eq!(blocks[2]["elements"][0]["url"], "https://runbooks.example.com/a");
    assert_eq!(blocks.last().unwrap()["text"]["text"], "… and 21 more");
}

#[tokio::test]
async fn pagerduty_gets_one_key_for_all_pods_from_trigger_to_resolve() {
    let channel = "{ pagerduty: { routing_key: { env: KEY }, url: 'URL' } }";
    let (outcome, got) = sent(channel, &notification(None)).await;
    assert!(matches!(outcome, Outcome::Sent(_)));
    let trigger = &got[0].1;
    assert_eq!((&trigger["event_action"], &trigger["routing_key"]), (&"trigger".into(), &"secret".into()));
    let payload = &trigger["payload"];
    for needed in ["summary", "source", "severity"] {
        assert!(payload[needed].as_str().is_some_and(|text| !text.is_empty()), "{needed}");
    }
    assert_eq!((&payload["severity"], &payload["timestamp"]), (&"error".into(), &"2026-11-24T12:00:00.000Z".into()));
    assert_eq!(trigger["links"][0]["href"], "https://runbooks.example.com/a");
    let mut other_pod = notification(Some(NOW));
    other_pod.notices[0].labels = other_pod.notices[0].labels.with("pod", "p-2");
    let (_, got) = sent(channel, &other_pod).await;
    assert_eq!((&got[0].1["event_action"], &got[0].1["dedup_key"]), (&"resolve".into(), &trigger["dedup_key"]));
    assert!(got[0].1.get("payload").is_none());
    let (_, got) = sent(channel, &Notification { kind: Kind::Acknowledged, ..notification(None) }).await;
    assert_eq!(got[0].1["event_action"], "acknowledge");
}

#[tokio::test]
async fn an_event_that_pagerduty_would_not_take_goes_without_its_details() {
    let mut long = notification(None);
    long.notices[0].annotations = with(&long.notices[0], "detail", &"x".repeat(600_000));
    let (_, got) = sent("{ pagerduty: { routing_key: { env: KEY }, url: 'URL' } }", &long).await;
    let payload = &got[0].1["payload"];
    assert_eq!(payload["summary"], "something is wrong");
    assert!(payload["custom_details"]["left_out"].is_string() && payload.to_string().len() < 1_000, "{payload}");
}

#[tokio::test]
async fn alertmanagers_get_an_end_that_falls_due_when_we_fall_silent() {
    let (outcome, got) = sent("{ alertmanager: { urls: ['URL/', 'http://127.0.0.1:1'] } }", &notification(None)).await;
    assert_eq!(outcome, Outcome::Sent("202 Accepted said (1 of 2 failed)".into()));
    assert_eq!(got[0].1[0]["endsAt"], "2026-11-24T12:05:00.000Z");
    let (_, got) = sent("{ alertmanager: { urls: ['URL'] } }", &notification(Some(NOW))).await;
    assert_eq!(got[0].1[0]["endsAt"], "2026-11-24T12:01:00.000Z");
}

#[tokio::test]
async fn a_phone_gets_what_fits_and_how_urgent_it_is() {
    let channel = "{ ntfy: { url: 'URL', topic: oncall, token: { env: KEY } }, title: '{severity}: {rule_name} ({count:.0f})', text: '{message} {labels.x} {nothing}' }";
    let (_, got) = sent(channel, &notification(None)).await;
    let (headers, body) = &got[0];
    assert_eq!(headers["authorization"], "Bearer secret");
    assert_eq!((&body["topic"], &body["priority"]), (&"oncall".into(), &4.into()));
    assert_eq!((&body["title"], &body["message"]), (&"high: a (1)".into(), &"something is wrong <&> ".into()));
    let mut worst = notification(None);
    worst.notices[0].severity = Severity::Critical;
    assert_eq!(sent(channel, &worst).await.1[0].1["priority"], 5);
}

#[tokio::test]
async fn what_a_receiver_asks_for_is_heard_and_a_secret_url_is_not_told() {
    let (url, _) = receiver(429, &[("retry-after", "17")]).await;
    let hook = sender(&format!("{{ webhook: {{ url: '{url}' }} }}"));
    let outcome = hook.send(&notification(None), NOW).await;
    let after = Some(std::time::Duration::from_secs(17));
    assert_eq!(outcome, Outcome::Later { message: "429 Too Many Requests said".into(), after });
    let (url, got) = receiver(307, &[("location", "/other")]).await;
    assert!(matches!(
        sender(&format!("{{ webhook: {{ url: '{url}' }} }}")).send(&notification(None), NOW).await,
        Outcome::Refused(_)
    ));
    assert_eq!(got.lock().unwrap().len(), 1);
    let hook = sender("{ webhook: { url: 'http://127.0.0.1:1/hidden' } }");
    let Outcome::Later { message, after: None } = hook.send(&notification(None), NOW).await else { panic!("refused") };
    assert!(message.starts_with("cannot connect") && !message.contains("hidden"), "{message}");
}

#[test]
fn a_template_that_cannot_be_read_is_told_with_its_channel() {
    let alerting = config("channels: { it: { ntfy: { topic: t }, title: '{count:.2q}' } }");
    let error = Sender::new(&alerting.channels[0], &About::default()).unwrap_err();
    assert_eq!(error.path, "alerting.channels.it.title");
    assert!(error.message.starts_with("column 1: "), "{error}");
}
