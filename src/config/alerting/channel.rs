//! Ways to reach someone. Proxies are taken from the usual environment variables by who sends.

use std::path::PathBuf;

use serde::Serialize;

use crate::config::header::{Header, headers};
use crate::config::quantity::{Rate, rate};
use crate::config::read::{Keys, Node, nearest};
use crate::config::scalar::{flag, one_of, text, whole};
use crate::config::secret::Secret;
use crate::config::upstream::{Url, url};
use crate::config::yaml::Yaml;

/// A way to reach someone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Channel {
    /// The name that rules use.
    pub name: String,
    /// How.
    pub receiver: Receiver,
    /// Whether it is told too when an alert is over.
    pub send_resolved: bool,
    /// Notifications of this channel; `alerting.rate_limit.per_channel` when absent.
    pub rate_limit: Option<Rate>,
    /// A template of the title.
    pub title: Option<String>,
    /// A template of the text.
    pub text: Option<String>,
    /// A PEM file of authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

/// How someone is reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Receiver {
    /// Mail by SMTP.
    Email(Email),
    /// A Slack webhook.
    Slack {
        /// Its URL, which is a secret.
        webhook_url: Secret,
    },
    /// PagerDuty's Events API v2.
    PagerDuty {
        /// The integration key.
        routing_key: Secret,
        /// Where events go.
        url: Url,
    },
    /// Alertmanager's payload, posted.
    Webhook {
        /// Where to.
        url: Url,
        /// Signs the payload with HMAC-SHA256.
        secret: Option<Secret>,
        /// Sent with every request.
        headers: Vec<Header>,
    },
    /// Alertmanagers; each gets every alert.
    Alertmanager {
        /// Their URLs, without `/api/v2`; never empty.
        urls: Vec<Url>,
        /// Sent with every request.
        headers: Vec<Header>,
    },
    /// ntfy, which reaches phones.
    Ntfy {
        /// The server.
        url: Url,
        /// The topic.
        topic: String,
        /// An access token.
        token: Option<Secret>,
    },
}

/// Mail by SMTP.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Email {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Who we are to the server.
    pub username: Option<String>,
    /// Set exactly when `username` is.
    pub password: Option<Secret>,
    /// The sender.
    pub from: String,
    /// Who gets it; never empty.
    pub to: Vec<String>,
}

/// How a mail connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// It begins plain and must change to TLS.
    StartTls,
    /// It is TLS from the first byte.
    Tls,
    /// It is not; never with a password.
    None,
}

/// The kinds, as they are written.
const KINDS: [&str; 6] = ["email", "slack", "pagerduty", "webhook", "alertmanager", "ntfy"];

pub(super) fn read(node: &Node<'_>) -> Vec<Channel> {
    node.entries(|name, node| node.map(|keys| channel(name, &node, keys))).unwrap_or_default()
}

/// Names of channels that are there.
pub(super) fn names(node: &Node<'_>, known: &[&str]) -> Vec<String> {
    let names = node.one_or_many(|item| {
        let name = item.get(text)?;
        if !known.contains(&name.as_str()) {
            let hint = nearest(&name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            item.fault(format!("there is no channel `{name}` under alerting.channels{hint}"));
        }
        Some(name)
    });
    names.unwrap_or_default()
}

fn channel(name: &str, node: &Node<'_>, keys: &mut Keys<'_>) -> Option<Channel> {
    let kinds = KINDS.map(|kind| (kind, keys.key(kind)));
    let mut given = kinds.iter().filter(|(_, node)| node.is_set());
    let receiver = match (given.next(), given.next()) {
        (Some((kind, node)), None) => node.map(|keys| receiver(kind, keys)),
        _ => {
            node.fault(format!("needs exactly one of {}", KINDS.join(", ")));
            None
        }
    };
    let send_resolved = keys.key("send_resolved").get(flag).unwrap_or(true);
    let rate_limit = keys.key("rate_limit").get(rate);
    let (title, body) = (keys.key("title").get(text), keys.key("text").get(text));
    let ca = keys.key("ca").file();
    Some(Channel { name: name.to_owned(), receiver: receiver?, send_resolved, rate_limit, title, text: body, ca })
}

fn receiver(kind: &str, keys: &mut Keys<'_>) -> Option<Receiver> {
    match kind {
        "email" => email(keys).map(Receiver::Email),
        "slack" => {
            let node = keys.key("webhook_url");
            let webhook_url = Secret::need(&node)?;
            // The URL is the secret, so what is wrong with it is not told.
            if webhook_url.is_fetched() && webhook_url.expose().parse::<Url>().is_err() {
                node.fault("the secret is not a URL");
            }
            Some(Receiver::Slack { webhook_url })
        }
        "pagerduty" => {
            let routing_key = Secret::need(&keys.key("routing_key"));
            let url = keys.key("url").get(url).or_else(|| "https://events.pagerduty.com/v2/enqueue".parse().ok());
            Some(Receiver::PagerDuty { routing_key: routing_key?, url: url? })
        }
        "webhook" => {
            let url = keys.key("url").need(url);
            let (secret, headers) = (Secret::read(&keys.key("secret")), headers(&keys.key("headers")));
            Some(Receiver::Webhook { url: url?, secret, headers })
        }
        "alertmanager" => {
            let node = keys.key("urls");
            let urls = node.one_or_many(|item| item.get(url)).unwrap_or_default();
            if urls.is_empty() && (!node.is_set() || node.is_list()) {
                node.fault("needs at least one URL");
            }
            Some(Receiver::Alertmanager { urls, headers: headers(&keys.key("headers")) })
        }
        _ => {
            let url = keys.key("url").get(url).or_else(|| "https://ntfy.sh".parse().ok());
            let (topic, token) = (keys.key("topic").need(text), Secret::read(&keys.key("token")));
            Some(Receiver::Ntfy { url: url?, topic: topic?, token })
        }
    }
}

fn email(keys: &mut Keys<'_>) -> Option<Email> {
    let (host, port) = (keys.key("host").need(text), keys.key("port").get(whole(1..=65_535)).unwrap_or(587));
    let tls_node = keys.key("tls");
    // Port 465 is the one where TLS begins at once (RFC 8314).
    let usual = if port == 465 { MailTls::Tls } else { MailTls::StartTls };
    let tls = tls_node
        .get(one_of(&[("starttls", MailTls::StartTls), ("tls", MailTls::Tls), ("none", MailTls::None)]))
        .unwrap_or(usual);
    let (user_node, password_node) = (keys.key("username"), keys.key("password"));
    let (username, password) = (user_node.get(text), Secret::read(&password_node));
    match (user_node.is_set(), password_node.is_set()) {
        (true, false) => user_node.fault("needs its `password`"),
        (false, true) => password_node.fault("needs its `username`"),
        (true, true) if tls == MailTls::None => tls_node.fault("a password must not go over a plain connection"),
        _ => {}
    }
    let from = keys.key("from").need(mailbox);
    let to_node = keys.key("to");
    let to = to_node.one_or_many(|item| item.get(mailbox)).unwrap_or_default();
    if to.is_empty() && (!to_node.is_set() || to_node.is_list()) {
        to_node.fault("needs at least one address");
    }
    Some(Email { host: host?, port: u16::try_from(port).ok()?, tls, username, password, from: from?, to })
}

/// A mail address, as far as its shape tells: the server has the last word.
fn mailbox(value: &Yaml) -> Result<String, String> {
    let address = text(value)?;
    let bare = address.rsplit_once('<').map_or(&*address, |(_, bare)| bare.trim_end_matches('>'));
    let parts = bare.rsplit_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
    match parts.is_some() && !bare.contains(char::is_whitespace) && !address.contains(['\r', '\n']) {
        true => Ok(address),
        false => Err(format!("expected a mail address such as oncall@example.com, found `{address}`")),
    }
}
