//! The log of changes: one JSON line for each that was asked for, who asked and what came of it. The file is opened for each
//! line, so that it can be moved away at any time, and the answer waits for it: a change that is answered is written.

use super::Caller;
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, rfc3339};
use crate::config::admin::{Audit, Role};
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What of a query is kept.
const QUERY: usize = 1024;

/// Something that was asked for.
pub(super) struct Deed {
    id: Option<CorrelationId>,
    who: Option<String>,
    role: Role,
    from: std::net::IpAddr,
    method: String,
    path: String,
    query: Option<String>,
}

impl Deed {
    pub(super) fn of(request: &Request, caller: &Caller) -> Self {
        let uri = request.uri();
        Self {
            id: request.extensions().get().cloned(),
            who: caller.name.clone(),
            role: caller.role,
            from: caller.from.to_canonical(),
            method: request.method().to_string(),
            path: uri.path().to_owned(),
            query: uri.query().map(|query| query.chars().take(QUERY).collect()),
        }
    }

    /// Tells it, with what came of it.
    pub(super) async fn told(self, view: &Shared, status: StatusCode) {
        let result = match status.as_u16() {
            ..400 => "done",
            400..500 => "refused",
            _ => "failed",
        };
        view.metrics.change(result);
        let id = self.id.as_ref().map_or("", CorrelationId::as_str);
        let who = self.who.as_deref().unwrap_or("anonymous");
        tracing::info!(
            correlation_id = id,
            who,
            from = %self.from,
            method = self.method,
            path = self.path,
            status = status.as_u16(),
            result,
            "a change was asked for"
        );
        let Some(audit) = view.config.load().admin.audit.clone() else { return };
        let line = json!({
            "time": rfc3339(SystemTime::now()),
            "correlation_id": id,
            "who": who,
            "role": self.role,
            "from": self.from.to_string(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": status.as_u16(),
            "result": result,
        });
        let turn = view.auditing.clone().lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            write(&audit, &format!("{line}\n"))
        });
        if let Ok(Err(error)) = written.await {
            view.metrics.audit_failures.inc();
            tracing::error!(%error, "the audit log cannot be written");
        }
    }
}

/// Appends `line`, to a new file where the one that is there would grow too large. Blocks on the file system.
fn write(audit: &Audit, line: &str) -> io::Result<()> {
    let held = fs::metadata(&audit.path).map_or(0, |file| file.len());
    if held > 0 && held + line.len() as u64 > audit.max_size {
        rotate(&audit.path, audit.keep)?;
    }
    OpenOptions::new().create(true).append(true).open(&audit.path)?.write_all(line.as_bytes())
}

/// `a` becomes `a.1`, `a.1` becomes `a.2`, and so on; `keep` of them stay.
fn rotate(path: &Path, keep: usize) -> io::Result<()> {
    if keep == 0 {
        return fs::remove_file(path);
    }
    let nth = |n: usize| PathBuf::from(format!("{}.{n}", path.display()));
    for n in (1..keep).rev().filter(|n| nth(*n).exists()) {
        fs::rename(nth(n), nth(n + 1))?;
    }
    fs::rename(path, nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_files_are_kept_up_to_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit { path: path.clone(), max_size: 8, keep: 2 };
        for n in 1..=7 {
            write(&audit, &format!("{n}..\n")).unwrap();
        }
        let held = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(held("audit.jsonl"), "7..\n");
        assert_eq!((held("audit.jsonl.1").as_str(), held("audit.jsonl.2").as_str()), ("5..\n6..\n", "3..\n4..\n"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        write(&Audit { keep: 0, ..audit }, "a very long line\n").unwrap();
        assert_eq!(held("audit.jsonl"), "a very long line\n");
    }
}
