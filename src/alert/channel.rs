//! Ways to reach someone.
//!
//! A [`Sender`] makes one attempt and says what came of it: sent, worth another try (when, if the receiver said), or refused for
//! good. Repeats can happen, so each attempt of a notification carries the same key, by whatever means its receiver has.
//! Certificates are verified; proxies are those of the usual environment variables.
//!
//! - `http`: what all but mail go through
//! - `wording`: titles and texts
//! - `alertmanager`, `email`, `ntfy`, `pagerduty`, `slack`, `webhook`: the receivers

mod alertmanager;
mod email;
mod http;
mod ntfy;
mod pagerduty;
mod slack;
#[cfg(test)]
mod tests;
mod webhook;
mod wording;

use super::notify::{Notification, Outcome};
use crate::config::Fault;
use crate::config::alerting::{Channel, Receiver};
use http::Http;
use wording::Wording;

/// Who we are to receivers.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The gateway's name.
    pub service: String,
    /// Where it runs.
    pub environment: String,
    /// Where people find us; `""` where nobody said.
    pub url: String,
}

/// A channel, ready to send.
#[derive(Debug)]
pub struct Sender {
    how: How,
    wording: Wording,
}

#[derive(Debug)]
enum How {
    Email(Box<email::Email>),
    Slack(slack::Slack),
    PagerDuty(pagerduty::PagerDuty),
    Webhook(webhook::Webhook),
    Alertmanager(alertmanager::Alertmanager),
    Ntfy(ntfy::Ntfy),
}

impl Sender {
    /// Of what is configured; reads the file of authorities. Fails with what is wrong with a template or a certificate.
    pub fn new(channel: &Channel, about: &About) -> Result<Self, Fault> {
        let path = |key: &str| format!("alerting.channels.{}{key}", channel.name);
        let fault = |message: String| Fault { path: path(""), message };
        let ca = match &channel.ca {
            Some(file) => Some(std::fs::read(file).map_err(|error| Fault {
                path: path(".ca"),
                message: format!("cannot read {}: {error}", file.display()),
            })?),
            None => None,
        };
        let wording = Wording::new(channel, about)
            .map_err(|(key, error)| Fault { path: path(&format!(".{key}")), message: error.to_string() })?;
        let http = || Http::new(ca.as_deref()).map_err(fault);
        let how = match &channel.receiver {
            Receiver::Email(configured) => {
                How::Email(Box::new(email::Email::new(configured, ca.as_deref()).map_err(fault)?))
            }
            Receiver::Slack { webhook_url } => How::Slack(slack::Slack::new(http()?, webhook_url)),
            Receiver::PagerDuty { routing_key, url } => {
                How::PagerDuty(pagerduty::PagerDuty::new(http()?, url, routing_key, about))
            }
            Receiver::Webhook { url, secret, headers } => {
                How::Webhook(webhook::Webhook::new(http()?, url, secret.as_ref(), headers, about))
            }
            Receiver::Alertmanager { urls, headers } => {
                How::Alertmanager(alertmanager::Alertmanager::new(http()?, urls, headers, about))
            }
            Receiver::Ntfy { url, topic, token } => {
                How::Ntfy(ntfy::Ntfy::new(http()?, url, topic, token.as_ref(), about))
            }
        };
        Ok(Self { how, wording })
    }

    /// One attempt at `now` (Unix milliseconds). It ends within seconds, whatever the receiver does.
    pub async fn send(&self, notification: &Notification, now: i64) -> Outcome {
        match &self.how {
            How::Email(email) => email.send(notification, &self.wording, now).await,
            How::Slack(slack) => slack.send(notification, &self.wording, now).await,
            How::PagerDuty(pagerduty) => pagerduty.send(notification, now).await,
            How::Webhook(webhook) => webhook.send(notification, now).await,
            How::Alertmanager(alertmanager) => alertmanager.send(notification, now).await,
            How::Ntfy(ntfy) => ntfy.send(notification, &self.wording, now).await,
        }
    }
}

/// `2026-11-24T12:00:00.000Z`
fn rfc3339(millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// At most `most` characters, the end told by an ellipsis.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
