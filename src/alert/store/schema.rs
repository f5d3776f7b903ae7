//! The tables, and whether a file is one of ours.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{OpenError, migrate};

/// The format that this build writes.
pub(super) const VERSION: i64 = 2;

/// A tick writes in the order of these keys, and they are numbers where that is of use: a row that comes behind all others is put
/// there without a search, and a page is written once.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS alert (
    fingerprint INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS transition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    move TEXT NOT NULL,
    detail TEXT NOT NULL,
    value REAL
);
CREATE INDEX IF NOT EXISTS transition_at ON transition (at);
CREATE TABLE IF NOT EXISTS told (
    channel TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    resolved INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    escalated INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (channel, fingerprint)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY,
    created INTEGER NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER
);
CREATE INDEX IF NOT EXISTS notification_waiting ON notification (id) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS notification_created ON notification (created);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notification INTEGER NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_at ON delivery (at);
PRAGMA user_version = 2;
";

/// Opens the file at `path`, or makes it.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    // Two agents with one file would send everything twice and overwrite each other: the second does without.
    connection.busy_timeout(Duration::from_millis(200))?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > VERSION {
        return Err(OpenError::Newer(version));
    }
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(OpenError::Damaged(sound));
    }
    // A commit is on the disk when it returns, also when the power goes. What is current lives in memory anyway: a small
    // cache, in KiB, does for the writing.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -256;")?;
    // The journal is moved into the file between ticks (`Store::rest`); within a commit only where that was not done for long.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 16000;")?;
    let all = connection.transaction()?;
    match version {
        VERSION => {}
        1 => migrate::from_first(&all)?,
        _ => create(&all)?,
    }
    all.commit()?;
    Ok(connection)
}

pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)
}

/// Writes what is there already: fails where nothing can be written.
pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA user_version = 2;")
}
