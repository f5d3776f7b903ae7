//! Titles and texts: our own, or by a channel's templates, which are format strings as in rules.

use super::{About, cut, rfc3339};
use crate::alert::message::{Filling, Kind as Field, Message, MessageError};
use crate::alert::notify::{Kind, Notice, Notification};
use crate::config::alerting::Channel;

/// How many alerts are told in full; of the others only their number is.
pub(super) const MOST: usize = 20;

/// What a channel says.
#[derive(Debug)]
pub(super) struct Wording {
    title: Option<Message>,
    text: Option<Message>,
    about: About,
}

/// Annotations that say more than the message, and what they are called.
const MORE: [(&str, &str); 4] =
    [("blame", "Where to look"), ("top_endpoints", "Endpoints"), ("status_mix", "Statuses"), ("trace_ids", "Traces")];

impl Wording {
    /// Fails with the key of a template that cannot be read, and what is wrong with it.
    pub(super) fn new(channel: &Channel, about: &About) -> Result<Self, (&'static str, MessageError)> {
        let parse = |key, text: &Option<String>| match text {
            Some(text) => Message::parse(text, field).map(Some).map_err(|error| (key, error)),
            None => Ok(None),
        };
        Ok(Self { title: parse("title", &channel.title)?, text: parse("text", &channel.text)?, about: about.clone() })
    }

    /// One line: what it is about.
    pub(super) fn title(&self, notification: &Notification) -> String {
        let first = &notification.notices[0];
        if let Some(title) = &self.title {
            return cut(&self.fill(title, notification, first).replace(['\r', '\n'], " "), 200);
        }
        let firing = notification.notices.iter().filter(|notice| !notice.is_resolved()).count();
        let over = notification.notices.len() - firing;
        let what = match notification.kind {
            Kind::Drill => "TEST".to_owned(),
            Kind::Escalation => "ESCALATED".to_owned(),
            Kind::Acknowledged => "ACKNOWLEDGED".to_owned(),
            _ if over == 0 && firing == 1 => "FIRING".to_owned(),
            _ if firing == 0 && over == 1 => "RESOLVED".to_owned(),
            _ if over == 0 => format!("FIRING {firing}"),
            _ if firing == 0 => format!("RESOLVED {over}"),
            _ => format!("FIRING {firing}, RESOLVED {over}"),
        };
        let same = notification.notices.iter().all(|notice| notice.rule == first.rule);
        let rule = if same { first.rule.as_str() } else { "several rules" };
        let severity = notification.severity().as_str();
        cut(&format!("[{what}] {rule} ({severity}) on {}", self.about.service), 200)
    }

    /// What each alert says, in lines of `name: value` behind its message.
    pub(super) fn texts<'a>(&'a self, notification: &'a Notification) -> impl Iterator<Item = String> + 'a {
        let told = notification.notices.iter().take(MOST).map(|notice| match &self.text {
            Some(text) => self.fill(text, notification, notice),
            None => self.plain(notice),
        });
        told.chain(self.rest(notification))
    }

    /// How many more there are, if there are.
    pub(super) fn rest(&self, notification: &Notification) -> Option<String> {
        let more = notification.notices.len().saturating_sub(MOST);
        (more > 0).then(|| format!("… and {more} more"))
    }

    /// Names and values behind an alert's message.
    pub(super) fn facts(&self, notice: &Notice) -> Vec<(&'static str, String)> {
        let labels = notice.labels.iter().filter(|(name, _)| !matches!(*name, "alertname" | "severity"));
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
        let value = notice.value.map(crate::base::number::shortest).unwrap_or_default();
        let over = notice.ends_at.map(rfc3339).unwrap_or_default();
        let mut facts = vec![
            ("Severity", notice.severity.as_str().to_owned()),
            ("Since", rfc3339(notice.starts_at)),
            ("Until", over),
            ("Value", value),
            ("Labels", labels.join(", ")),
            ("Environment", self.about.environment.clone()),
            ("Acknowledged by", notice.acknowledged_by.clone().unwrap_or_default()),
        ];
        facts.extend(MORE.map(|(name, called)| (called, notice.annotation(name).to_owned())));
        facts.push(("Runbook", notice.annotation("runbook_url").to_owned()));
        facts.push(("Fingerprint", notice.fingerprint.to_string()));
        facts.retain(|(_, value)| !value.is_empty());
        facts
    }

    fn plain(&self, notice: &Notice) -> String {
        let state = if notice.is_resolved() { "Resolved" } else { "Firing" };
        let facts = self.facts(notice).into_iter().map(|(name, value)| format!("{name}: {value}"));
        let lines: Vec<String> = [format!("{state}: {}", notice.summary())].into_iter().chain(facts).collect();
        lines.join("\n")
    }

    fn fill(&self, message: &Message, notification: &Notification, notice: &Notice) -> String {
        message.render(|name| {
            let text = |text: &str| Filling::Text(text.to_owned());
            match name {
                "value" => Filling::Number(notice.value.unwrap_or(f64::NAN)),
                "count" => Filling::Number(notification.notices.len() as f64),
                "message" | "summary" => text(notice.summary()),
                "rule_name" | "rule" => text(&notice.rule),
                "severity" => text(notice.severity.as_str()),
                "status" => text(if notice.is_resolved() { "resolved" } else { "firing" }),
                "environment" => text(&self.about.environment),
                "started_at" => Filling::Text(rfc3339(notice.starts_at)),
                "fingerprint" => Filling::Text(notice.fingerprint.to_string()),
                "runbook" => text(notice.annotation("runbook_url")),
                name => match notice.label(name.strip_prefix("labels.").unwrap_or(name)) {
                    "" if name == "service" => text(&self.about.service),
                    "" => text(notice.annotation(name)),
                    value => text(value),
                },
            }
        })
    }
}

/// Labels and annotations are only known when there is an alert, so any name may stand in a template.
fn field(name: &str) -> Result<Field, String> {
    Ok(if matches!(name, "value" | "count") { Field::Number } else { Field::Text })
}
