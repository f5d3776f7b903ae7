//! What `/proc` and the control groups know of the gateway's processes.
//!
//! They are found by who listens where the gateway is: every process that has that socket, and their descendants. That needs a
//! shared PID namespace and the same user, or root. Where they are not found, a control group that the environment names
//! is read instead; where that is not there either, nothing is told.
//!
//! - `procfs`: what `/proc` says of processes
//! - `cgroup`: what a control group says

mod cgroup;
mod procfs;

use crate::metrics::GatewayMetrics;
use cgroup::Cgroup;
use procfs::{Pid, Procfs};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the files are, and what the pod's manifest says (Downward API).
#[derive(Clone, Debug)]
pub struct Places {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys/fs/cgroup`.
    pub cgroups: PathBuf,
    /// The gateway's own control group, where it is mounted: `OUTRIDER_GATEWAY_CGROUP`.
    pub gateway: Option<PathBuf>,
    /// The gateway's memory limit in bytes: `OUTRIDER_GATEWAY_MEMORY_LIMIT`.
    pub memory_limit: Option<u64>,
}

impl Places {
    /// The usual ones, and what `env` says.
    pub fn of(env: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            proc: "/proc".into(),
            cgroups: "/sys/fs/cgroup".into(),
            gateway: env("OUTRIDER_GATEWAY_CGROUP").map(PathBuf::from),
            memory_limit: env("OUTRIDER_GATEWAY_MEMORY_LIMIT").and_then(|text| text.trim().parse().ok()),
        }
    }
}

/// How the gateway is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Its processes, this many.
    Processes(usize),
    /// Its control group.
    Cgroup,
    /// Not at all.
    Nothing,
}

/// The gateway's processes, looked at now and then.
pub struct Process {
    places: Places,
    metrics: GatewayMetrics,
    /// CPU seconds that each process had at the last look: what a worker used is not lost when it ends.
    cpu: HashMap<Pid, f64>,
}

impl Process {
    /// Tells `metrics`.
    pub fn new(places: Places, metrics: GatewayMetrics) -> Self {
        Self { places, metrics, cpu: HashMap::new() }
    }

    /// Looks for who listens at one of `addresses`. Blocks on files that the kernel makes up.
    pub fn look(&mut self, addresses: &[SocketAddr]) -> Sight {
        let procfs = Procfs::new(&self.places.proc);
        let found = procfs.family(&procfs.listeners(addresses));
        if !found.is_empty() {
            self.processes(&procfs, &found);
            return Sight::Processes(found.len());
        }
        self.cpu.clear();
        match self.places.gateway.as_deref().map(Cgroup::at).filter(Cgroup::exists) {
            Some(cgroup) => {
                self.group(&cgroup);
                Sight::Cgroup
            }
            None => {
                self.metrics.forget();
                Sight::Nothing
            }
        }
    }

    fn processes(&mut self, procfs: &Procfs, found: &[Pid]) {
        let sum = |of: &dyn Fn(&Pid) -> Option<u64>| found.iter().filter_map(of).reduce(|one, two| one + two);
        self.metrics.memory(sum(&|pid| procfs.memory(pid)));
        self.metrics.threads(sum(&|pid| procfs.threads(pid)));
        self.metrics.open_fds(sum(&|pid| procfs.open_fds(pid)));
        let cpu: HashMap<Pid, f64> = found.iter().filter_map(|pid| Some((*pid, procfs.cpu_seconds(pid)?))).collect();
        let more = cpu.iter().map(|(pid, seconds)| seconds - self.cpu.get(pid).copied().unwrap_or(0.0));
        self.metrics.cpu_more(more.filter(|more| *more > 0.0).sum());
        self.cpu = cpu;
        let limit =
            || Cgroup::of_process(&self.places.proc, &self.places.cgroups, found.first()?.number())?.memory_limit();
        self.metrics.memory_limit(self.places.memory_limit.or_else(limit));
    }

    fn group(&mut self, cgroup: &Cgroup) {
        self.metrics.memory(cgroup.memory());
        self.metrics.threads(cgroup.threads());
        self.metrics.open_fds(None);
        self.metrics.cpu_total(cgroup.cpu_seconds());
        self.metrics.memory_limit(self.places.memory_limit.or_else(|| cgroup.memory_limit()));
    }
}

#[cfg(test)]
mod tests;
