//! What people do to alerts: acknowledge and suppress, and undo both.

use super::{Acknowledged, Alert, Fingerprint, Machine, Move, Phase, Suppressed, Transition};

/// The longest suppression, in minutes.
const DAY: i64 = 1_440;
const MINUTE: i64 = 60_000;

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such alert.
    #[error("there is no alert {0}")]
    Unknown(Fingerprint),
    /// It does not fire.
    #[error("alert {0} does not fire, so there is nothing to acknowledge")]
    NotFiring(Fingerprint),
    /// Nobody has acknowledged it.
    #[error("alert {0} is not acknowledged")]
    NotAcknowledged(Fingerprint),
    /// Nobody has suppressed it.
    #[error("alert {0} is not suppressed")]
    NotSuppressed(Fingerprint),
    /// For too short or too long.
    #[error("duration_minutes must be from 1 to 1440, found {0}")]
    Duration(i64),
}

impl Machine {
    /// `by` sees to the alert, until it resolves. Whoever does so later replaces whoever did before.
    pub fn acknowledge(&mut self, fingerprint: Fingerprint, by: &str, now: i64) -> Result<Transition, Refusal> {
        let alert = self.known(fingerprint)?;
        if alert.phase != Phase::Firing {
            return Err(Refusal::NotFiring(fingerprint));
        }
        alert.acknowledged = Some(Acknowledged { by: by.to_owned(), at: now });
        let moved = alert.moved(now, Move::Acknowledged, by);
        self.changed.insert(fingerprint);
        Ok(moved)
    }

    /// Nobody sees to the alert any more.
    pub fn unacknowledge(&mut self, fingerprint: Fingerprint, now: i64) -> Result<Transition, Refusal> {
        let alert = self.known(fingerprint)?;
        alert.acknowledged.take().ok_or(Refusal::NotAcknowledged(fingerprint))?;
        let moved = alert.moved(now, Move::Unacknowledged, "");
        self.changed.insert(fingerprint);
        Ok(moved)
    }

    /// Nobody wants to hear of the alert for 1 to 1440 minutes.
    pub fn suppress(&mut self, fingerprint: Fingerprint, minutes: i64, now: i64) -> Result<Transition, Refusal> {
        if !(1..=DAY).contains(&minutes) {
            return Err(Refusal::Duration(minutes));
        }
        let alert = self.known(fingerprint)?;
        alert.suppressed = Some(Suppressed { at: now, until: now + minutes * MINUTE });
        let moved = alert.moved(now, Move::Suppressed, format!("for {minutes} minutes"));
        self.changed.insert(fingerprint);
        Ok(moved)
    }

    /// Ends a suppression before its time.
    pub fn unsuppress(&mut self, fingerprint: Fingerprint, now: i64) -> Result<Transition, Refusal> {
        let alert = self.known(fingerprint)?;
        alert.suppressed.take().ok_or(Refusal::NotSuppressed(fingerprint))?;
        let moved = alert.moved(now, Move::Unsuppressed, "");
        self.changed.insert(fingerprint);
        Ok(moved)
    }

    /// Ends suppressions whose time is over.
    pub fn expire(&mut self, now: i64) -> Vec<Transition> {
        let over = |alert: &&mut Box<Alert>| alert.suppressed.is_some_and(|suppressed| suppressed.until <= now);
        let end = |alert: &mut Box<Alert>| {
            alert.suppressed = None;
            alert.moved(now, Move::Unsuppressed, "its time is over")
        };
        let moves: Vec<Transition> = self.alerts.values_mut().filter(over).map(end).collect();
        self.changed.extend(moves.iter().map(|moved| moved.fingerprint));
        moves
    }

    fn known(&mut self, fingerprint: Fingerprint) -> Result<&mut Alert, Refusal> {
        self.alerts.get_mut(&fingerprint).map(|alert| &mut **alert).ok_or(Refusal::Unknown(fingerprint))
    }
}
