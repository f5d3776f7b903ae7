//! What a start goes on from.

use rusqlite::Connection;

use super::OpenError;
use super::json::Stored;
use crate::alert::notify::{Told, Waiting};
use crate::alert::state::{Alert, Fingerprint};

/// What was there when the process ended.
#[derive(Debug, Default)]
pub struct Resumed {
    /// All alerts.
    pub alerts: Vec<Alert>,
    /// What channels know.
    pub told: Vec<(String, Fingerprint, Told)>,
    /// What was stored and not sent, in order.
    pub waiting: Vec<Waiting>,
    /// The last id of a notification.
    pub last_id: i64,
    /// When the last drill was.
    pub last_drill: Option<i64>,
}

pub(super) fn resume(connection: &Connection) -> Result<Resumed, OpenError> {
    let mut resumed = Resumed::default();
    let mut alerts = connection.prepare("SELECT body FROM alert")?;
    let mut rows = alerts.query([])?;
    while let Some(row) = rows.next()? {
        resumed.alerts.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
    }
    let mut told =
        connection.prepare("SELECT channel, fingerprint, fired_at, resolved, acknowledged, escalated, at FROM told")?;
    let mut rows = told.query([])?;
    while let Some(row) = rows.next()? {
        let told = Told {
            fired_at: row.get(2)?,
            resolved: row.get(3)?,
            acknowledged: row.get(4)?,
            escalated: row.get(5)?,
            at: row.get(6)?,
        };
        resumed.told.push((row.get(0)?, row.get(1)?, told));
    }
    let mut waiting =
        connection.prepare("SELECT body, attempts, due FROM notification WHERE due IS NOT NULL ORDER BY id")?;
    let mut rows = waiting.query([])?;
    while let Some(row) = rows.next()? {
        let stored: Stored = serde_json::from_str(&row.get::<_, String>(0)?)?;
        resumed.waiting.push(Waiting { notification: stored.whole(), attempts: row.get(1)?, due: row.get(2)? });
    }
    resumed.last_id = connection.query_row("SELECT coalesce(max(id), 0) FROM notification", [], |row| row.get(0))?;
    let last_drill = "SELECT max(created) FROM notification WHERE kind = 'drill'";
    resumed.last_drill = connection.query_row(last_drill, [], |row| row.get(0))?;
    Ok(resumed)
}
