//! Alerts and notifications as they are stored. It is the JSON that serde makes of them, but texts, which are nearly all of it, are
//! looked at as a whole and not byte by byte: a tick may store ten thousand of each. What all notices of a notification have in
//! their labels stands there once.

use std::io::Write as _;

use serde::{Deserialize, Serialize};

use crate::alert::notify::{Notice, Notification};
use crate::alert::state::{Alert, Fingerprint, pairs};
use crate::base::Labels;

/// A notification as it was stored.
#[derive(Deserialize)]
pub(super) struct Stored {
    /// The labels that each of the notices has beside its own; absent where there are none.
    #[serde(with = "pairs", default)]
    shared: Labels,
    #[serde(flatten)]
    notification: Notification,
}

impl Stored {
    /// As it was before it was stored.
    pub(super) fn whole(self) -> Notification {
        let Self { mut notification, shared } = self;
        for notice in &mut notification.notices {
            notice.labels = notice.labels.with_all(shared.iter());
        }
        notification
    }
}

/// What is written for a row, in memory that is used again for the next.
#[derive(Default)]
pub(super) struct Json(Vec<u8>);

impl Json {
    pub(super) fn alert(&mut self, alert: &Alert) -> &str {
        // All of them, so that none is left out.
        let Alert {
            fingerprint,
            rule,
            labels,
            element,
            severity,
            annotations,
            value,
            phase,
            since,
            fired_at,
            resolved_at,
            gone_since,
            unknown_since,
            fired,
            acknowledged,
            suppressed,
            told_at,
            escalated,
        } = alert;
        self.0.clear();
        self.raw(r#"{"fingerprint":"#).fingerprint(*fingerprint);
        self.raw(r#","rule":"#).text(rule);
        self.raw(r#","labels":"#).object(labels);
        self.raw(r#","element":"#).object(element);
        self.raw(r#","severity":"#).text(severity.as_str());
        self.raw(r#","annotations":"#).pairs(texts(annotations));
        self.some(r#","value":"#, value.as_ref());
        self.raw(r#","phase":"#).value(phase);
        self.raw(r#","since":"#).value(since);
        self.some(r#","fired_at":"#, fired_at.as_ref());
        self.some(r#","resolved_at":"#, resolved_at.as_ref());
        self.some(r#","gone_since":"#, gone_since.as_ref());
        self.some(r#","unknown_since":"#, unknown_since.as_ref());
        self.raw(r#","fired":"#).value(fired);
        self.some(r#","acknowledged":"#, acknowledged.as_ref());
        self.some(r#","suppressed":"#, suppressed.as_ref());
        self.some(r#","told_at":"#, told_at.as_ref());
        self.raw(r#","escalated":"#).value(escalated);
        self.raw("}").done()
    }

    pub(super) fn notification(&mut self, notification: &Notification) -> &str {
        let Notification { id, created, channel, kind, group, notices } = notification;
        let shared = shared(notices);
        self.0.clear();
        self.raw(r#"{"id":"#).value(id);
        self.raw(r#","created":"#).value(created);
        self.raw(r#","channel":"#).text(channel);
        self.raw(r#","kind":"#).value(kind);
        self.raw(r#","group":"#).pairs(texts(group));
        if !shared.is_empty() {
            self.raw(r#","shared":"#).pairs(shared.iter().copied());
        }
        self.raw(r#","notices":["#);
        for (at, notice) in notices.iter().enumerate() {
            self.raw(if at > 0 { "," } else { "" }).notice(notice, &shared);
        }
        self.raw("]}").done()
    }

    fn notice(&mut self, notice: &Notice, shared: &[(&str, &str)]) {
        let Notice { fingerprint, rule, labels, annotations, severity, value, starts_at, ends_at, acknowledged_by } =
            notice;
        let own = labels.iter().filter(|(name, _)| !shared.iter().any(|(known, _)| known == name));
        self.raw(r#"{"fingerprint":"#).fingerprint(*fingerprint);
        self.raw(r#","rule":"#).text(rule);
        self.raw(r#","labels":"#).pairs(own);
        self.raw(r#","annotations":"#).pairs(texts(annotations));
        self.raw(r#","severity":"#).text(severity.as_str());
        self.some(r#","value":"#, value.as_ref());
        self.raw(r#","starts_at":"#).value(starts_at);
        self.some(r#","ends_at":"#, ends_at.as_ref());
        self.some(r#","acknowledged_by":"#, acknowledged_by.as_ref());
        self.raw("}");
    }

    fn object(&mut self, labels: &Labels) {
        self.raw("{");
        for (at, (name, value)) in labels.iter().enumerate() {
            self.raw(if at > 0 { "," } else { "" }).text(name).raw(":").text(value);
        }
        self.raw("}");
    }

    fn pairs<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
        self.raw("[");
        for (at, (name, value)) in pairs.enumerate() {
            self.raw(if at > 0 { ",[" } else { "[" }).text(name).raw(",").text(value).raw("]");
        }
        self.raw("]");
    }

    fn fingerprint(&mut self, of: Fingerprint) {
        write!(self.0, "\"{of}\"").expect("memory takes all");
    }

    fn text(&mut self, text: &str) -> &mut Self {
        // Without an end before the last byte, so that many bytes are looked at at once.
        let is_plain = |all: bool, byte: u8| all & (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        match text.bytes().fold(true, is_plain) {
            true => self.raw("\"").raw(text).raw("\""),
            false => self.value(text),
        }
    }

    fn some(&mut self, name: &str, value: Option<&impl Serialize>) {
        if let Some(value) = value {
            self.raw(name).value(value);
        }
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        serde_json::to_writer(&mut self.0, value).expect("texts, finite numbers and lists of them are JSON");
        self
    }

    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn done(&self) -> &str {
        std::str::from_utf8(&self.0).expect("JSON is UTF-8")
    }
}

fn texts(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The labels that all of them have, where there are several.
fn shared(notices: &[Notice]) -> Vec<(&str, &str)> {
    let [first, others @ ..] = notices else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    let mut shared: Vec<(&str, &str)> = first.labels.iter().collect();
    for other in others {
        // Both are in order of their names.
        let mut labels = other.labels.iter().peekable();
        shared.retain(|pair| {
            while labels.next_if(|label| label.0 < pair.0).is_some() {}
            labels.next_if_eq(pair).is_some()
        });
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notify::Kind;
    use crate::alert::notify::sample::alert;
    use crate::alert::state::{Acknowledged, Phase, Suppressed};

    #[test]
    fn an_alert_is_written_as_serde_writes_it() {
        let plain = alert(&[("alertname", "a"), ("path", "/a/{id}")]);
        let odd = "\"quotes\", \\, a\nline, \u{1}, \u{7f}, é and 🦀";
        let full = Alert {
            rule: odd.into(),
            element: Labels::new([("__name__", "errors"), (odd, odd)]),
            annotations: vec![("summary".into(), odd.into()), (String::new(), String::new())].into(),
            value: Some(1e300),
            phase: Phase::Resolved,
            resolved_at: Some(-1),
            gone_since: Some(2),
            unknown_since: Some(3),
            fired: vec![4, 5],
            acknowledged: Some(Acknowledged { by: odd.into(), at: 6 }),
            suppressed: Some(Suppressed { at: 7, until: 8 }),
            told_at: Some(9),
            escalated: vec![(0, 10), (1, 11)],
            ..alert(&[(odd, odd)])
        };
        let bare =
            Alert { value: None, fired_at: None, fired: Vec::new(), annotations: Default::default(), ..alert(&[]) };
        let mut json = Json::default();
        for alert in [plain, full, bare] {
            assert_eq!(json.alert(&alert), serde_json::to_string(&alert).unwrap());
        }
    }

    #[test]
    fn a_notification_comes_back_with_the_labels_that_are_stored_once() {
        let all = [
            &[("alertname", "a"), ("at", "1"), ("only", "\"here\"")][..],
            &[("alertname", "a"), ("at", "2")],
            &[("alertname", "a"), ("at", "3"), ("service", "s")],
        ];
        let mut notices: Vec<Notice> = all.into_iter().map(|labels| Notice::of(&alert(labels))).collect();
        (notices[0].ends_at, notices[0].acknowledged_by, notices[1].value) = (Some(7), Some("ann".into()), None);
        let (channel, group) = ("ops".to_owned(), vec![("alertname".to_owned(), "a".to_owned())]);
        let whole = Notification { id: 1, created: 5, channel, kind: Kind::Change, group, notices };
        let mut json = Json::default();
        for count in 0..=3 {
            let part = Notification { notices: whole.notices[..count].to_vec(), ..whole.clone() };
            let (short, long) = (json.notification(&part), serde_json::to_string(&part).unwrap());
            assert_eq!(short.matches(r#"["alertname","a"]"#).count(), count.min(1) + 1, "{short}");
            assert_eq!(serde_json::from_str::<Stored>(short).unwrap().whole(), part);
            // As it was stored by the first format, and is where nothing is shared.
            assert_eq!(serde_json::from_str::<Stored>(&long).unwrap().whole(), part);
            assert_eq!(short == long, count < 2);
        }
    }
}
