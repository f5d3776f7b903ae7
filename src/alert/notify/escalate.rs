//! Tells others when nobody acknowledges.

use crate::alert::state::Alert;
use crate::config::alerting::Escalation;

/// The steps of `policy` that are due for `alert` at `now` (Unix milliseconds): it fires, it was told, and nobody has seen to
/// it since.
pub(super) fn due<'a>(
    policy: &'a [Escalation],
    alert: &'a Alert,
    now: i64,
) -> impl Iterator<Item = (usize, &'a Escalation)> {
    let told_at = alert.told_at.filter(|_| alert.is_firing() && alert.acknowledged.is_none());
    let is_due = move |(at, step): &(usize, &Escalation)| {
        let Some(told_at) = told_at else { return false };
        let fits = step.severity.is_empty() || step.severity.contains(&alert.severity);
        let last = alert.escalated.iter().find(|(known, _)| known == at).map(|(_, at)| *at);
        fits && match (last, step.repeat) {
            (None, _) => now - told_at >= millis(step.after),
            (Some(last), Some(repeat)) => now - last >= millis(repeat),
            (Some(_), None) => false,
        }
    };
    policy.iter().enumerate().filter(is_due)
}

pub(super) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
