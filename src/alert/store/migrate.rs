//! Files of earlier formats. The first kept fingerprints as texts, and what a channel knows as JSON.

use rusqlite::{Transaction, params};

use super::{OpenError, schema, write};
use crate::alert::notify::Told;
use crate::alert::state::Fingerprint;

/// Makes the tables of this format out of those of the first; all that is in them stays.
pub(super) fn from_first(all: &Transaction<'_>) -> Result<(), OpenError> {
    // A name of an index goes with its table, and would be taken.
    all.execute_batch(
        "DROP INDEX IF EXISTS transition_at;
        ALTER TABLE alert RENAME TO alert_1;
        ALTER TABLE told RENAME TO told_1;
        ALTER TABLE transition RENAME TO transition_1;",
    )?;
    schema::create(all)?;
    copy_alerts(all)?;
    copy_told(all)?;
    copy_transitions(all)?;
    // Ids rise from one to the next, whatever has been removed since.
    all.execute_batch(
        "DELETE FROM sqlite_sequence WHERE name = 'transition';
        UPDATE sqlite_sequence SET name = 'transition' WHERE name = 'transition_1';
        DROP TABLE alert_1;
        DROP TABLE told_1;
        DROP TABLE transition_1;",
    )?;
    Ok(())
}

fn copy_alerts(all: &Transaction<'_>) -> Result<(), OpenError> {
    let mut from = all.prepare("SELECT fingerprint, body FROM alert_1 ORDER BY fingerprint")?;
    let mut to = all.prepare("INSERT INTO alert (fingerprint, body) VALUES (?1, ?2)")?;
    let mut rows = from.query([])?;
    while let Some(row) = rows.next()? {
        to.execute(params![fingerprint(&row.get::<_, String>(0)?)?, row.get::<_, String>(1)?])?;
    }
    Ok(())
}

fn copy_told(all: &Transaction<'_>) -> Result<(), OpenError> {
    let mut from = all.prepare("SELECT channel, fingerprint, body FROM told_1 ORDER BY channel, fingerprint")?;
    let mut to = all.prepare(write::TOLD)?;
    let mut rows = from.query([])?;
    while let Some(row) = rows.next()? {
        let told: Told = serde_json::from_str(&row.get::<_, String>(2)?)?;
        write::put_told(&mut to, &row.get::<_, String>(0)?, fingerprint(&row.get::<_, String>(1)?)?, &told)?;
    }
    Ok(())
}

fn copy_transitions(all: &Transaction<'_>) -> Result<(), OpenError> {
    let mut from =
        all.prepare("SELECT id, at, fingerprint, rule, severity, move, detail, value FROM transition_1 ORDER BY id")?;
    let mut to = all.prepare(
        "INSERT INTO transition (id, at, fingerprint, rule, severity, move, detail, value) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut rows = from.query([])?;
    while let Some(row) = rows.next()? {
        to.execute(params![
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            fingerprint(&row.get::<_, String>(2)?)?,
            row.get::<_, String>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, String>(5)?,
            row.get::<_, String>(6)?,
            row.get::<_, Option<f64>>(7)?
        ])?;
    }
    Ok(())
}

fn fingerprint(text: &str) -> Result<Fingerprint, OpenError> {
    text.parse().map_err(OpenError::Damaged)
}
