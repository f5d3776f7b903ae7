//! What each channel knows of each alert: the end of repeats that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::state::{Alert, Fingerprint};

/// What a channel was last told of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When the firing that it was told of began.
    pub fired_at: i64,
    /// Whether it was told that it is over.
    pub resolved: bool,
    /// Whether it was told that somebody sees to it.
    pub acknowledged: bool,
    /// Whether it was told because nobody acknowledged, and not by its rule.
    pub escalated: bool,
    /// When it was told last.
    pub at: i64,
}

/// What all channels know.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<Arc<str>, Known>);

/// What one channel knows.
#[derive(Debug, Default)]
struct Known {
    told: BTreeMap<Fingerprint, Told>,
    changed: BTreeSet<Fingerprint>,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
    /// It was and is over, while nobody wanted to hear of it.
    Missed,
    /// It still fires.
    Again,
}

impl Ledger {
    /// As it was stored.
    pub fn new(stored: impl IntoIterator<Item = (String, Fingerprint, Told)>) -> Self {
        let mut ledger = Self::default();
        for (channel, fingerprint, told) in stored {
            ledger.0.entry(channel.into()).or_default().told.insert(fingerprint, told);
        }
        ledger
    }

    /// What `channel` knows of an alert.
    pub fn get(&self, channel: &str, fingerprint: Fingerprint) -> Option<&Told> {
        self.0.get(channel)?.told.get(&fingerprint)
    }

    /// All that it holds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Fingerprint, &Told)> {
        self.0.iter().flat_map(|(channel, known)| known.told.iter().map(|(of, told)| (&**channel, *of, told)))
    }

    /// What changed since this was last asked; `None` for what is forgotten.
    pub fn take_changed(&mut self) -> Vec<(Arc<str>, Fingerprint, Option<Told>)> {
        let entries = self.0.iter_mut().flat_map(|(channel, Known { told, changed })| {
            std::mem::take(changed).into_iter().map(|of| (channel.clone(), of, told.get(&of).copied()))
        });
        entries.collect()
    }

    /// Whether some channel believes that the alert fires.
    pub fn is_open(&self, fingerprint: Fingerprint) -> bool {
        self.0.values().any(|known| known.told.get(&fingerprint).is_some_and(|told| !told.resolved))
    }

    pub(super) fn set(&mut self, channel: &str, fingerprint: Fingerprint, told: Told) {
        if !self.0.contains_key(channel) {
            self.0.insert(channel.into(), Known::default());
        }
        if let Some(known) = self.0.get_mut(channel) {
            known.told.insert(fingerprint, told);
            known.changed.insert(fingerprint);
        }
    }

    /// Forgets alerts that nobody holds any more, and channels that are not there any more.
    pub fn forget(&mut self, gone: &[Fingerprint], is_channel: impl Fn(&str) -> bool) {
        for (channel, Known { told, changed }) in &mut self.0 {
            let lost: Vec<Fingerprint> = match is_channel(channel) {
                true => gone.iter().filter(|of| told.contains_key(of)).copied().collect(),
                false => told.keys().copied().collect(),
            };
            for of in lost {
                told.remove(&of);
                changed.insert(of);
            }
        }
        self.0.retain(|_, known| !known.told.is_empty() || !known.changed.is_empty());
    }

    /// What there is to tell `channel` of `alert`; `repeat` is in milliseconds.
    pub(super) fn news(&self, channel: &str, alert: &Alert, now: i64, repeat: i64) -> Option<News> {
        let told = self.get(channel, alert.fingerprint);
        let fired_at = alert.fired_at?;
        let knows = told.filter(|told| told.fired_at == fired_at);
        if alert.is_firing() {
            return match knows {
                None => Some(News::Firing),
                Some(told) if told.escalated || alert.acknowledged.is_some() => None,
                Some(told) => (now - told.at >= repeat && alert.unknown_since.is_none()).then_some(News::Again),
            };
        }
        match told {
            Some(told) if !told.resolved => Some(News::Resolved),
            // It fired and was over between two looks, or while nobody wanted to hear of it.
            _ if knows.is_none() && alert.resolved_at.is_some() => Some(News::Missed),
            _ => None,
        }
    }
}
