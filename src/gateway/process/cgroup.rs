//! A control group of version 2, as the kernel's `cgroup-v2` document has it.

use std::fs;
use std::path::{Path, PathBuf};

/// One group, by its folder.
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The group of a process.
    pub(super) fn of_process(proc: &Path, mounted: &Path, number: u32) -> Option<Self> {
        let text = fs::read_to_string(proc.join(number.to_string()).join("cgroup")).ok()?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
        // A path with `..` is outside of what is mounted here.
        (!path.contains("..")).then(|| Self(mounted.join(path)))
    }

    pub(super) fn exists(&self) -> bool {
        self.0.join("memory.current").exists()
    }

    /// Bytes.
    pub(super) fn memory(&self) -> Option<u64> {
        self.number("memory.current")
    }

    /// Bytes; `max` is none.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.number("memory.max")
    }

    pub(super) fn threads(&self) -> Option<u64> {
        self.number("pids.current")
    }

    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        let text = fs::read_to_string(self.0.join("cpu.stat")).ok()?;
        let micros: u64 = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?.trim().parse().ok()?;
        Some(micros as f64 / 1e6)
    }

    fn number(&self, file: &str) -> Option<u64> {
        fs::read_to_string(self.0.join(file)).ok()?.trim().parse().ok()
    }
}
