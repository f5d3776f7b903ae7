//! A tick's transaction.

use rusqlite::{Connection, Transaction, params};

use crate::alert::notify::{Delivery, Notification, Told, Waiting};
use crate::alert::state::{Alert, Fingerprint, Transition};

/// What a tick caused.
#[derive(Default)]
pub struct Batch<'a> {
    /// Alerts as they are now.
    pub alerts: Vec<&'a Alert>,
    /// Alerts that are forgotten.
    pub forgotten: Vec<Fingerprint>,
    /// Every move.
    pub transitions: &'a [Transition],
    /// What channels know now; `None` for what is forgotten.
    pub told: Vec<(String, Fingerprint, Option<Told>)>,
    /// What is to be sent.
    pub notifications: &'a [Notification],
    /// What came of what was sent.
    pub deliveries: &'a [Delivery],
}

impl Batch<'_> {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let things = self.alerts.len() + self.forgotten.len() + self.transitions.len();
        things + self.told.len() + self.notifications.len() + self.deliveries.len() == 0
    }
}

/// Everything that is current.
pub struct Whole<'a> {
    /// All alerts.
    pub alerts: Vec<&'a Alert>,
    /// All that channels know.
    pub told: Vec<(&'a str, Fingerprint, &'a Told)>,
    /// All that waits to be sent.
    pub waiting: Vec<&'a Waiting>,
}

pub(super) fn batch(connection: &mut Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    for alert in &batch.alerts {
        put_alert(&all, alert)?;
    }
    for fingerprint in &batch.forgotten {
        all.prepare_cached("DELETE FROM alert WHERE fingerprint = ?1")?.execute([fingerprint.to_string()])?;
    }
    for moved in batch.transitions {
        all.prepare_cached(
            "INSERT INTO transition (at, fingerprint, rule, severity, move, detail, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            moved.at,
            moved.fingerprint.to_string(),
            moved.rule,
            moved.severity.as_str(),
            moved.to.as_str(),
            moved.detail,
            moved.value
        ])?;
    }
    for (channel, fingerprint, told) in &batch.told {
        match told {
            Some(told) => put_told(&all, channel, *fingerprint, told)?,
            None => {
                all.prepare_cached("DELETE FROM told WHERE channel = ?1 AND fingerprint = ?2")?
                    .execute(params![channel, fingerprint.to_string()])?;
            }
        }
    }
    for notification in batch.notifications {
        put_notification(&all, notification, 0, notification.created)?;
    }
    for delivery in batch.deliveries {
        all.prepare_cached("INSERT INTO delivery (notification, at, result, detail) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![delivery.id, delivery.at, delivery.result, delivery.detail])?;
        all.prepare_cached("UPDATE notification SET attempts = ?2, due = ?3 WHERE id = ?1")?.execute(params![
            delivery.id,
            delivery.attempts,
            delivery.due
        ])?;
    }
    all.commit()
}

/// Makes `to` hold what is current, and what `from` knows of the past, as far as that can be read.
pub(super) fn take_over(to: &mut Connection, from: &Connection, whole: &Whole<'_>) -> rusqlite::Result<()> {
    let all = to.transaction()?;
    all.execute_batch("DELETE FROM alert; DELETE FROM told; UPDATE notification SET due = NULL;")?;
    if let Err(error) = copy_past(&all, from) {
        tracing::warn!(%error, "the history of alerts cannot be taken over");
    }
    for alert in &whole.alerts {
        put_alert(&all, alert)?;
    }
    for (channel, fingerprint, told) in &whole.told {
        put_told(&all, channel, *fingerprint, told)?;
    }
    for waiting in &whole.waiting {
        put_notification(&all, &waiting.notification, waiting.attempts, waiting.due)?;
    }
    all.commit()
}

/// Removes what is older than `before`.
pub(super) fn prune(connection: &mut Connection, before: i64) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    all.execute("DELETE FROM transition WHERE at < ?1", [before])?;
    all.execute("DELETE FROM delivery WHERE at < ?1", [before])?;
    all.execute("DELETE FROM notification WHERE created < ?1 AND due IS NULL", [before])?;
    all.commit()
}

/// The moves that `to` does not have: those behind its last. Ids are given anew, so that both pasts stay in order.
fn copy_past(to: &Transaction<'_>, from: &Connection) -> rusqlite::Result<()> {
    let last: i64 = to.query_row("SELECT coalesce(max(at), -1) FROM transition", [], |row| row.get(0))?;
    let mut moves = from.prepare(
        "SELECT at, fingerprint, rule, severity, move, detail, value FROM transition WHERE at > ?1 ORDER BY id",
    )?;
    let mut rows = moves.query([last])?;
    while let Some(row) = rows.next()? {
        to.prepare_cached(
            "INSERT INTO transition (at, fingerprint, rule, severity, move, detail, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, String>(5)?,
            row.get::<_, Option<f64>>(6)?
        ])?;
    }
    Ok(())
}

fn put_alert(all: &Transaction<'_>, alert: &Alert) -> rusqlite::Result<()> {
    all.prepare_cached("INSERT OR REPLACE INTO alert (fingerprint, body) VALUES (?1, ?2)")?
        .execute(params![alert.fingerprint.to_string(), json(alert)])
        .map(drop)
}

fn put_told(all: &Transaction<'_>, channel: &str, fingerprint: Fingerprint, told: &Told) -> rusqlite::Result<()> {
    all.prepare_cached("INSERT OR REPLACE INTO told (channel, fingerprint, body) VALUES (?1, ?2, ?3)")?
        .execute(params![channel, fingerprint.to_string(), json(told)])
        .map(drop)
}

fn put_notification(
    all: &Transaction<'_>,
    notification: &Notification,
    attempts: u32,
    due: i64,
) -> rusqlite::Result<()> {
    all.prepare_cached(
        "INSERT OR REPLACE INTO notification (id, created, channel, kind, body, attempts, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        notification.id,
        notification.created,
        notification.channel,
        notification.kind.as_str(),
        json(notification),
        attempts,
        due
    ])
    .map(drop)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, finite numbers and lists of them are JSON")
}
