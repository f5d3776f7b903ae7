//! What must outlive the process, in SQLite: alerts, their transitions, what channels know, notifications and deliveries.
//!
//! Everything that a tick causes is one transaction, committed before anything is sent. Where the file cannot be used (a full or
//! read-only disk, a file that is broken or from a newer version), the same tables live in memory, [`Store::trouble`] says
//! why, and the file is left as it is. A file that worked and stopped working is tried again, and takes over all that is
//! current once it works.
//!
//! - `schema`: the tables, and whether a file is one of ours · `migrate`: files of earlier formats
//! - `key`: fingerprints as keys of tables · `json`: alerts and notifications as they are stored
//! - `write`: a tick's transaction
//! - `read`: what a start goes on from
//! - `past`: the timeline and its times to acknowledge and to resolve

mod json;
mod key;
mod migrate;
mod past;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod write;

pub use past::{Event, Past, RuleTimes, Story};
pub use read::Resumed;
pub use write::{Batch, Whole};

use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// The name of the file in the state's folder.
const FILE: &str = "alerts.db";
/// Bytes of journal from which on it is moved into the file.
const JOURNAL: u64 = 4 << 20;
/// How long between two tries to use the file again.
const RETRY: i64 = 60_000;

/// The tables, in a file or in memory.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    trouble: Option<Trouble>,
}

/// Why the file is not used.
#[derive(Debug)]
struct Trouble {
    reason: String,
    /// When to look again; never, where the file holds what was not taken over.
    retry: Option<i64>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    #[error("another process uses it")]
    Taken,
    #[error("{0}")]
    Folder(#[from] std::io::Error),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it was written by a newer version of Outrider (its format is {0}, this build knows {known})", known = schema::VERSION)]
    Newer(i64),
    #[error("what it holds cannot be read: {0}")]
    Content(#[from] serde_json::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Taken,
            _ => Self::Sqlite(error),
        }
    }
}

impl Store {
    /// Opens the file in `folder`, which is made where it is not there, and reads what it holds.
    pub fn open(folder: &Path) -> (Self, Resumed) {
        let path = folder.join(FILE);
        let opened = std::fs::create_dir_all(folder).map_err(OpenError::from).and_then(|()| {
            let connection = schema::open(&path)?;
            let resumed = read::resume(&connection)?;
            // A file that can be read only is found out now, not when the first alert fires.
            schema::touch(&connection)?;
            Ok((connection, resumed))
        });
        match opened {
            Ok((connection, resumed)) => (Self { connection, path, trouble: None }, resumed),
            Err(error) => {
                let reason = format!("{}: {error}", path.display());
                tracing::error!(%reason, "alerts are kept in memory only");
                // A file that may hold what was not read is never written over.
                let retry = (!path.exists()).then_some(0);
                (Self { connection: in_memory(), path, trouble: Some(Trouble { reason, retry }) }, Resumed::default())
            }
        }
    }

    /// Why alerts are kept in memory only, if they are.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| trouble.reason.as_str())
    }

    /// Writes what a tick caused. `whole` is all that is current with it: what is written when the file stops or begins to work.
    pub fn commit(&mut self, now: i64, batch: &Batch<'_>, whole: &Whole<'_>) {
        self.look_again(now, whole);
        if let Err(error) = write::batch(&mut self.connection, batch) {
            self.fall_back(now, &error, batch, whole);
        }
    }

    /// Moves what was written into the file itself, where there is much of it: SQLite would do so within a commit, while
    /// notifications wait for it.
    pub fn rest(&mut self) {
        let journal = self.path.with_file_name(format!("{FILE}-wal"));
        let is_long = self.trouble.is_none() && std::fs::metadata(journal).is_ok_and(|found| found.len() > JOURNAL);
        if is_long && let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the journal of alerts cannot be moved into their file");
        }
    }

    /// Forgets what is older than `before` (Unix milliseconds) and over.
    pub fn prune(&mut self, before: i64) {
        if let Err(error) = write::prune(&mut self.connection, before) {
            tracing::warn!(%error, "old alerts cannot be removed");
        }
    }

    fn look_again(&mut self, now: i64, whole: &Whole<'_>) {
        let Some(trouble) = &mut self.trouble else { return };
        if trouble.retry.is_none_or(|retry| now < retry) {
            return;
        }
        trouble.retry = Some(now + RETRY);
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let opened = std::fs::create_dir_all(folder).map_err(OpenError::from).and_then(|()| {
            let mut file = schema::open(&self.path)?;
            write::take_over(&mut file, &self.connection, whole)?;
            Ok(file)
        });
        match opened {
            Ok(file) => {
                tracing::info!(path = %self.path.display(), "alerts are kept in their file again");
                (self.connection, self.trouble) = (file, None);
            }
            Err(error) => trouble.reason = format!("{}: {error}", self.path.display()),
        }
    }

    fn fall_back(&mut self, now: i64, error: &rusqlite::Error, batch: &Batch<'_>, whole: &Whole<'_>) {
        let reason = format!("{}: {error}", self.path.display());
        tracing::error!(%reason, "alerts are kept in memory only");
        let mut memory = in_memory();
        let written =
            write::take_over(&mut memory, &self.connection, whole).and_then(|()| write::batch(&mut memory, batch));
        if let Err(error) = written {
            tracing::error!(%error, "the history of alerts is lost");
        }
        self.connection = memory;
        self.trouble = Some(Trouble { reason, retry: Some(now + RETRY) });
    }
}

fn in_memory() -> Connection {
    let connection = Connection::open_in_memory().expect("a database in memory needs memory only");
    schema::create(&connection).expect("the statements are tested");
    connection
}
