//! A tick's transaction.

use std::fmt::Write as _;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, Transaction, params};

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

/// What is written for a row, in memory that is used again for the next.
#[derive(Default)]
struct Text {
    fingerprint: String,
    body: Vec<u8>,
}

impl Text {
    fn of(&mut self, fingerprint: Fingerprint) -> &str {
        self.fingerprint.clear();
        write!(self.fingerprint, "{fingerprint}").expect("a string takes all");
        &self.fingerprint
    }

    fn both(&mut self, fingerprint: Fingerprint, value: &impl serde::Serialize) -> (&str, &str) {
        self.of(fingerprint);
        self.json(value);
        (&self.fingerprint, std::str::from_utf8(&self.body).expect("JSON is UTF-8"))
    }

    fn json(&mut self, value: &impl serde::Serialize) -> &str {
        self.body.clear();
        serde_json::to_writer(&mut self.body, value).expect("texts, finite numbers and lists of them are JSON");
        std::str::from_utf8(&self.body).expect("JSON is UTF-8")
    }
}

/// While so many rows are written, more of the file is held in memory, so that a page is written once.
const LARGE: usize = 1_000;

pub(super) fn batch(connection: &mut Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let is_large = batch.alerts.len() + batch.transitions.len() + batch.told.len() + batch.notifications.len() > LARGE;
    if is_large {
        connection.execute_batch("PRAGMA cache_size = -8192")?;
    }
    let written = rows(connection, batch);
    if is_large {
        connection.execute_batch("PRAGMA cache_size = -256; PRAGMA shrink_memory")?;
    }
    written
}

fn rows(connection: &mut Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    let mut text = Text::default();
    put_alerts(&all, &batch.alerts, &mut text)?;
    let mut forget = all.prepare_cached("DELETE FROM alert WHERE fingerprint = ?1")?;
    for fingerprint in &batch.forgotten {
        forget.execute([text.of(*fingerprint)])?;
    }
    let mut moved = all.prepare_cached(MOVED)?;
    for one in batch.transitions {
        let (severity, to) = (one.severity.as_str(), one.to.as_str());
        moved.execute(params![one.at, text.of(one.fingerprint), one.rule, severity, to, one.detail, one.value])?;
    }
    let mut tell = all.prepare_cached(TOLD)?;
    let mut untell = all.prepare_cached("DELETE FROM told WHERE channel = ?1 AND fingerprint = ?2")?;
    for (channel, fingerprint, told) in &batch.told {
        match told {
            Some(told) => put_told(&mut tell, channel, *fingerprint, told, &mut text)?,
            None => drop(untell.execute(params![channel, text.of(*fingerprint)])?),
        }
    }
    let mut notify = all.prepare_cached(NOTIFICATION)?;
    for notification in batch.notifications {
        put_notification(&mut notify, notification, 0, notification.created, &mut text)?;
    }
    let mut delivered =
        all.prepare_cached("INSERT INTO delivery (notification, at, result, detail) VALUES (?1, ?2, ?3, ?4)")?;
    let mut tried = all.prepare_cached("UPDATE notification SET attempts = ?2, due = ?3 WHERE id = ?1")?;
    for delivery in batch.deliveries {
        delivered.execute(params![delivery.id, delivery.at, delivery.result, delivery.detail])?;
        tried.execute(params![delivery.id, delivery.attempts, delivery.due])?;
    }
    drop((forget, moved, tell, untell, notify, delivered, tried));
    all.commit()
}

/// Makes `to` hold what is current, and what `from` knows of the past, as far as that can be read.
pub(super) fn take_over(to: &mut Connection, from: &Connection, whole: &Whole<'_>) -> rusqlite::Result<()> {
    let all = to.transaction()?;
    all.execute_batch("DELETE FROM alert; DELETE FROM told; UPDATE notification SET due = NULL;")?;
    if let Err(error) = copy_past(&all, from) {
        tracing::warn!(%error, "the history of alerts cannot be taken over");
    }
    let mut text = Text::default();
    put_alerts(&all, &whole.alerts, &mut text)?;
    let mut tell = all.prepare_cached(TOLD)?;
    for (channel, fingerprint, told) in &whole.told {
        put_told(&mut tell, channel, *fingerprint, told, &mut text)?;
    }
    let mut notify = all.prepare_cached(NOTIFICATION)?;
    for waiting in &whole.waiting {
        put_notification(&mut notify, &waiting.notification, waiting.attempts, waiting.due, &mut text)?;
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
        to.prepare_cached(MOVED)?.execute(params![
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

const MOVED: &str =
    "INSERT INTO transition (at, fingerprint, rule, severity, move, detail, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const TOLD: &str = "INSERT OR REPLACE INTO told (channel, fingerprint, body) VALUES (?1, ?2, ?3)";
const NOTIFICATION: &str = "INSERT OR REPLACE INTO notification (id, created, channel, kind, body, attempts, due) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

fn put_alerts(all: &Transaction<'_>, alerts: &[&Alert], text: &mut Text) -> rusqlite::Result<()> {
    let mut put = all.prepare_cached("INSERT OR REPLACE INTO alert (fingerprint, body) VALUES (?1, ?2)")?;
    for alert in alerts {
        put.execute(text.both(alert.fingerprint, alert))?;
    }
    Ok(())
}

fn put_told(
    tell: &mut CachedStatement<'_>,
    channel: &str,
    fingerprint: Fingerprint,
    told: &Told,
    text: &mut Text,
) -> rusqlite::Result<()> {
    let (fingerprint, body) = text.both(fingerprint, told);
    tell.execute((channel, fingerprint, body)).map(drop)
}

fn put_notification(
    notify: &mut CachedStatement<'_>,
    notification: &Notification,
    attempts: u32,
    due: i64,
    text: &mut Text,
) -> rusqlite::Result<()> {
    let (kind, body) = (notification.kind.as_str(), text.json(notification));
    let Notification { id, created, channel, .. } = notification;
    notify.execute(params![id, created, channel, kind, body, attempts, due]).map(drop)
}
