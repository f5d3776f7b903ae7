//! Says when files are no longer what was read, and when a pattern names others.
//!
//! Their folders are watched, not they themselves: an editor puts a new file in the old one's place, and Kubernetes swaps
//! the `..data` link that a mounted ConfigMap's files go through. What happens there only makes us look; whether
//! something changed is decided by what the files hold. Where the kernel tells nothing (no inotify left, a network file
//! system, a link into another folder), looking now and then finds it.
//!
//! - `tests`: real files

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::seen::Seen;

/// How fast a change is told.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Nothing must happen for so long before we look: whoever writes should be done.
    pub quiet: Duration,
    /// We look so often in any case.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { quiet: Duration::from_millis(200), poll: Duration::from_secs(10) }
    }
}

/// A folder where something always happens makes us look after so many `quiet`s.
const PATIENCE: u32 = 10;

/// The watch; it ends with this value.
pub struct Watch {
    messages: Sender<Message>,
    changes: watch::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    /// Something happened in a folder.
    Touched,
    /// These are the files from now on.
    Follow(Vec<Seen>),
    Stop,
}

impl Watch {
    /// Watches `files`, on a thread of its own.
    pub fn start(files: Vec<Seen>, timing: Timing) -> io::Result<Self> {
        let (messages, inbox) = mpsc::channel();
        let (told, changes) = watch::channel(());
        let touched = messages.clone();
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let mut watching = Watching { files, folders: Folders::new(touched), told };
            watching.folders.cover(&watching.files);
            watching.run(&inbox, timing);
        })?;
        Ok(Self { messages, changes, thread: Some(thread) })
    }

    /// Waits until a file holds something else than what was seen of it, and was not told yet. Can be dropped and called
    /// again without losing a change.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The thread is gone, and no change will ever be told.
            std::future::pending::<()>().await;
        }
    }

    /// From now on these are the files, and this is what was last read of them.
    pub fn follow(&self, files: Vec<Seen>) {
        // The thread lives until `drop` stops it.
        let _ = self.messages.send(Message::Follow(files));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Watching {
    files: Vec<Seen>,
    folders: Folders,
    told: watch::Sender<()>,
}

impl Watching {
    fn run(&mut self, inbox: &Receiver<Message>, timing: Timing) {
        loop {
            self.look();
            let (mut wait, mut touched) = (timing.poll, None);
            loop {
                match inbox.recv_timeout(wait) {
                    Ok(Message::Touched) => {
                        let since = *touched.get_or_insert_with(Instant::now);
                        if since.elapsed() > timing.quiet * PATIENCE {
                            break;
                        }
                        wait = timing.quiet;
                    }
                    Ok(Message::Follow(files)) => {
                        self.folders.cover(&files);
                        self.files = files;
                        break;
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        }
    }

    /// Tells once when any file holds something else.
    fn look(&mut self) {
        let now: Vec<Seen> = self.files.iter().map(Seen::again).collect();
        if now != self.files {
            self.files = now;
            self.told.send_replace(());
        }
    }
}

/// The folders that the kernel tells us about.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    covered: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(touched: Sender<Message>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                let _ = touched.send(Message::Touched);
            }
        };
        let watcher = notify::recommended_watcher(handler);
        let watcher = watcher.map_err(|error| ::tracing::warn!(%error, "files are looked at now and then only")).ok();
        Self { watcher, covered: BTreeSet::new() }
    }

    fn cover(&mut self, files: &[Seen]) {
        let Some(watcher) = &mut self.watcher else { return };
        let folders: BTreeSet<PathBuf> = files.iter().map(Seen::folder).collect();
        for gone in self.covered.difference(&folders) {
            // It fails for a folder that is gone already.
            let _ = watcher.unwatch(gone);
        }
        for new in folders.difference(&self.covered) {
            if let Err(error) = watcher.watch(new, RecursiveMode::NonRecursive) {
                ::tracing::warn!(folder = %new.display(), %error, "files here are looked at now and then only");
            }
        }
        self.covered = folders;
    }
}

/// Whether a file may hold something else now. That somebody opened or read one says nothing, and that somebody may be us.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
