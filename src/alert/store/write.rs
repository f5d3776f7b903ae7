//! A tick's transaction.

use std::sync::Arc;

use rusqlite::{Connection, Statement, Transaction, params};

use super::json::Json;
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
    pub told: Vec<(Arc<str>, Fingerprint, Option<Told>)>,
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

/// So many moves are written by one statement.
const TOGETHER: usize = 16;

pub(super) fn batch(connection: &mut Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    let mut json = Json::default();
    put_alerts(&all, &batch.alerts, &mut json)?;
    let mut forget = all.prepare_cached("DELETE FROM alert WHERE fingerprint = ?1")?;
    for fingerprint in &batch.forgotten {
        forget.execute([fingerprint])?;
    }
    put_moves(&all, batch.transitions)?;
    let mut tell = all.prepare_cached(TOLD)?;
    let mut untell = all.prepare_cached("DELETE FROM told WHERE channel = ?1 AND fingerprint = ?2")?;
    for (channel, fingerprint, told) in &batch.told {
        match told {
            Some(told) => put_told(&mut tell, channel, *fingerprint, told)?,
            None => drop(untell.execute(params![channel, fingerprint])?),
        }
    }
    let mut notify = all.prepare_cached(NOTIFICATION)?;
    for notification in batch.notifications {
        put_notification(&mut notify, notification, 0, notification.created, &mut json)?;
    }
    let mut delivered =
        all.prepare_cached("INSERT INTO delivery (notification, at, result, detail) VALUES (?1, ?2, ?3, ?4)")?;
    let mut tried = all.prepare_cached("UPDATE notification SET attempts = ?2, due = ?3 WHERE id = ?1")?;
    for delivery in batch.deliveries {
        delivered.execute(params![delivery.id, delivery.at, delivery.result, delivery.detail])?;
        tried.execute(params![delivery.id, delivery.attempts, delivery.due])?;
    }
    drop((forget, tell, untell, notify, delivered, tried));
    all.commit()
}

/// Makes `to` hold what is current, and what `from` knows of the past, as far as that can be read.
pub(super) fn take_over(to: &mut Connection, from: &Connection, whole: &Whole<'_>) -> rusqlite::Result<()> {
    let all = to.transaction()?;
    all.execute_batch("DELETE FROM alert; DELETE FROM told; UPDATE notification SET due = NULL;")?;
    if let Err(error) = copy_past(&all, from) {
        tracing::warn!(%error, "the history of alerts cannot be taken over");
    }
    let mut json = Json::default();
    put_alerts(&all, &whole.alerts, &mut json)?;
    let mut tell = all.prepare_cached(TOLD)?;
    for (channel, fingerprint, told) in &whole.told {
        put_told(&mut tell, channel, *fingerprint, told)?;
    }
    let mut notify = all.prepare_cached(NOTIFICATION)?;
    for waiting in &whole.waiting {
        put_notification(&mut notify, &waiting.notification, waiting.attempts, waiting.due, &mut json)?;
    }
    drop((tell, notify));
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
        to.prepare_cached(&moved(1))?.execute(params![
            row.get::<_, i64>(0)?,
            row.get::<_, Fingerprint>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, String>(5)?,
            row.get::<_, Option<f64>>(6)?
        ])?;
    }
    Ok(())
}

pub(super) const TOLD: &str = "INSERT OR REPLACE INTO told \
    (channel, fingerprint, fired_at, resolved, acknowledged, escalated, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const NOTIFICATION: &str = "INSERT OR REPLACE INTO notification (id, created, channel, kind, body, attempts, due) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The statement for so many moves.
fn moved(count: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?)"; count].join(", ");
    format!("INSERT INTO transition (at, fingerprint, rule, severity, move, detail, value) VALUES {rows}")
}

fn put_alerts(all: &Transaction<'_>, alerts: &[&Alert], json: &mut Json) -> rusqlite::Result<()> {
    let mut put = all.prepare_cached("INSERT OR REPLACE INTO alert (fingerprint, body) VALUES (?1, ?2)")?;
    for alert in alerts {
        put.execute((alert.fingerprint, json.alert(alert)))?;
    }
    Ok(())
}

fn put_moves(all: &Transaction<'_>, moves: &[Transition]) -> rusqlite::Result<()> {
    let (many, few) = moves.split_at(moves.len() - moves.len() % TOGETHER);
    for (together, moves) in [(TOGETHER, many), (1, few)] {
        let mut put = all.prepare_cached(&moved(together))?;
        for these in moves.chunks(together) {
            for (at, one) in these.iter().enumerate() {
                let (before, severity, to) = (at * 7, one.severity.as_str(), one.to.as_str());
                put.raw_bind_parameter(before + 1, one.at)?;
                put.raw_bind_parameter(before + 2, one.fingerprint)?;
                put.raw_bind_parameter(before + 3, &one.rule)?;
                put.raw_bind_parameter(before + 4, severity)?;
                put.raw_bind_parameter(before + 5, to)?;
                put.raw_bind_parameter(before + 6, &one.detail)?;
                put.raw_bind_parameter(before + 7, one.value)?;
            }
            put.raw_execute()?;
        }
    }
    Ok(())
}

pub(super) fn put_told(
    tell: &mut Statement<'_>,
    channel: &str,
    fingerprint: Fingerprint,
    told: &Told,
) -> rusqlite::Result<()> {
    let Told { fired_at, resolved, acknowledged, escalated, at } = told;
    tell.execute(params![channel, fingerprint, fired_at, resolved, acknowledged, escalated, at]).map(drop)
}

fn put_notification(
    notify: &mut Statement<'_>,
    notification: &Notification,
    attempts: u32,
    due: i64,
    json: &mut Json,
) -> rusqlite::Result<()> {
    let (kind, body) = (notification.kind.as_str(), json.notification(notification));
    let Notification { id, created, channel, .. } = notification;
    notify.execute(params![id, created, channel, kind, body, attempts, due]).map(drop)
}
