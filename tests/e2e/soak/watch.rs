//! What the agent holds: memory, descriptors, threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What a process holds.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub kib: u64,
    pub descriptors: usize,
    pub threads: usize,
}

/// The memory of a process over time.
pub struct Growth {
    samples: Vec<u64>,
}

/// A thread that looks.
pub struct Watching {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Growth>,
}

impl Figures {
    /// Of the process `id` now.
    pub fn of(id: u32) -> Self {
        let entries = |folder: &str| std::fs::read_dir(format!("/proc/{id}/{folder}")).map_or(0, Iterator::count);
        Self { kib: resident_kib(id), descriptors: entries("fd"), threads: entries("task") }
    }
}

/// Looks at the process `id` until it is stopped.
pub fn start(id: u32) -> Watching {
    let stop = Arc::new(AtomicBool::new(false));
    let until = stop.clone();
    let thread = std::thread::spawn(move || {
        let mut samples = Vec::new();
        while !until.load(Ordering::Relaxed) {
            samples.push(resident_kib(id));
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Growth { samples }
    });
    Watching { stop, thread }
}

impl Watching {
    /// What was seen.
    pub fn stop(self) -> Growth {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only looks")
    }
}

impl Growth {
    /// The median of the last quarter over that of the second, KiB: the first one fills what is kept.
    pub fn kib(&self) -> u64 {
        self.quarter(3).saturating_sub(self.quarter(1))
    }

    /// The median of a quarter, from 0, KiB.
    pub fn quarter(&self, nth: usize) -> u64 {
        let each = self.samples.len() / 4;
        let mut of_it = self.samples[nth * each..(nth + 1) * each].to_vec();
        of_it.sort_unstable();
        of_it.get(each / 2).copied().unwrap_or_default()
    }

    /// The most that was seen, KiB.
    pub fn most(&self) -> u64 {
        self.samples.iter().max().copied().unwrap_or_default()
    }
}

fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
