//! A child process that ends with its guard. Its lines are kept and shown when the test fails.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::wait::{self, PATIENCE};

/// A running child and every line it has printed, stdout and stderr in the order they were read.
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Lines>,
}

#[derive(Default)]
struct Lines {
    read: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Process {
    /// Starts `command` with its output captured.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start ({command:?}): {error}"));
        let lines = Arc::new(Lines::default());
        lines.follow(child.stdout.take().expect("stdout is piped"));
        lines.follow(child.stderr.take().expect("stderr is piped"));
        Self { name: name.to_owned(), child, lines }
    }

    /// The operating system's id of the child.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line in which `find` finds something, and returns that; earlier lines count too.
    #[track_caller]
    pub fn wait_for_line<T>(&self, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        let mut lines = self.lines.read.lock().expect("no reader panics");
        loop {
            if let Some(found) = lines[seen..].iter().find_map(|line| find(line)) {
                return found;
            }
            seen = lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(lines);
                panic!("{}: {what} was not printed within {PATIENCE:?}", self.name);
            }
            lines = self.lines.grown.wait_timeout(lines, left).expect("no reader panics").0;
        }
    }

    /// Whether a line so far holds `text`.
    pub fn has_printed(&self, text: &str) -> bool {
        self.lines.read.lock().expect("no reader panics").iter().any(|line| line.contains(text))
    }

    /// Sends a signal by name, as `kill -NAME ID` does.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits until the child is gone.
    #[track_caller]
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let (name, child) = (&self.name, &mut self.child);
        wait::until(&format!("the end of {name}"), || child.try_wait().expect("a child can be waited for"))
    }

    /// Whether the child still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// From now on `VmHWM` is the most of what comes (`man 5 proc`, `clear_refs`).
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5").expect("it is our child");
    }

    /// A figure out of `/proc/ID/status` in KiB, such as `VmHWM`.
    pub fn memory_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("the child runs");
        let line = status.lines().find(|line| line.starts_with(field)).expect("the kernel writes the field");
        line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("the figure is in KiB")
    }
}

/// Sends a signal by name, as `kill -NAME ID` does.
pub fn signal(id: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status();
    assert!(status.is_ok_and(|status| status.success()), "process {id} takes no SIG{name}");
}

/// Waits until every thread of the process sleeps: it has then read all that had arrived, since on loopback a segment
/// arrives, and wakes its reader, before the write of it returns.
#[track_caller]
pub fn wait_until_idle(id: u32) {
    let deadline = Instant::now() + PATIENCE;
    while !is_idle(id) {
        assert!(Instant::now() < deadline, "process {id} never came to rest");
        std::thread::yield_now();
    }
}

fn is_idle(id: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("the process runs");
    threads.flatten().all(|thread| {
        // `ID (NAME) STATE …`; a thread that has just ended is at rest too.
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('S'))
    })
}

impl Lines {
    fn follow(self: &Arc<Self>, output: impl Read + Send + 'static) {
        let lines = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                lines.read.lock().expect("no reader panics").push(String::from_utf8_lossy(&line).into_owned());
                lines.grown.notify_all();
            }
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A child that has already ended cannot be killed, and that is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = self.lines.read.lock().map(|lines| lines.join("\n")).unwrap_or_default();
            eprintln!("---- {} printed ----\n{lines}\n----", self.name);
        }
    }
}
