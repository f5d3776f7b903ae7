//! Who is told, by the environment. A channel is made where what it needs is there and the file has none of its kind.

use super::{Filling, scalar, words};
use crate::config::yaml::Yaml;

/// PagerDuty calls the key of the Events API a service key or an integration key; some people keep it as their only key.
const PAGERDUTY: [&str; 2] = ["PAGERDUTY_SERVICE_KEY", "PAGERDUTY_API_KEY"];

impl Filling<'_> {
    pub(super) fn channels(&mut self, tree: &mut Yaml) {
        for (kind, needed) in [
            ("email", &["ALERT_TO_EMAILS", "SMTP_HOST"][..]),
            ("slack", &["SLACK_WEBHOOK_URL"]),
            ("pagerduty", &PAGERDUTY),
        ] {
            let all = kind == "email";
            let there = |name: &&'static str| self.first(&[name]).is_some();
            let there = if all { needed.iter().all(there) } else { needed.iter().any(there) };
            let taken = written(tree).iter_mut().any(|(_, channel)| channel.existing(kind).is_some());
            if there && !taken {
                let channel = Yaml::Map(vec![(kind.to_owned(), Yaml::Map(Vec::new()))]);
                self.set(tree, "", &["alerting", "channels", kind], needed[0], channel);
            }
        }
        for (name, channel) in written(tree) {
            let path = format!("alerting.channels.{name}");
            if let Some(inner) = channel.existing("email") {
                self.email(inner, &format!("{path}.email"));
            }
            if let Some(inner) = channel.existing("slack") {
                self.secret(inner, &format!("{path}.slack"), "webhook_url", &["SLACK_WEBHOOK_URL"]);
            }
            if let Some(inner) = channel.existing("pagerduty") {
                self.secret(inner, &format!("{path}.pagerduty"), "routing_key", &PAGERDUTY);
            }
        }
    }

    fn email(&mut self, inner: &mut Yaml, path: &str) {
        for (key, name) in [("host", "SMTP_HOST"), ("username", "SMTP_USERNAME"), ("from", "ALERT_FROM_EMAIL")] {
            if let Some((name, value)) = self.first(&[name]) {
                self.set(inner, path, &[key], name, Yaml::Text(value));
            }
        }
        if let Some((name, value)) = self.first(&["SMTP_PORT"]) {
            self.set(inner, path, &["port"], name, scalar(&value));
        }
        if let Some((name, value)) = self.first(&["ALERT_TO_EMAILS"]) {
            let to = words(&value).map(|address| Yaml::Text(address.to_owned())).collect();
            self.set(inner, path, &["to"], name, Yaml::List(to));
        }
        self.secret(inner, path, "password", &["SMTP_PASSWORD"]);
    }

    fn secret(&mut self, inner: &mut Yaml, path: &str, key: &str, names: &[&'static str]) {
        if let Some((name, _)) = self.first(names) {
            let secret = Yaml::Map(vec![("env".to_owned(), Yaml::Text(name.to_owned()))]);
            self.set(inner, path, &[key], name, secret);
        }
    }
}

/// The channels that are there.
fn written(tree: &mut Yaml) -> &mut [(String, Yaml)] {
    let channels = tree.existing("alerting").and_then(|alerting| alerting.existing("channels"));
    channels.map_or(&mut [], Yaml::entries_mut)
}
