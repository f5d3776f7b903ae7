//! What the kernel says about processes and cores. Time on a core comes from `schedstat`, in nanoseconds and exact;
//! its split into user and system from `stat`, in ticks.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Totals of one or more processes since they started.
#[derive(Default)]
pub struct Cpu {
    /// By the id of a live thread: what an ended one took is in no sum any more, which would so shrink.
    threads: HashMap<u64, Thread>,
    user_ticks: u64,
    system_ticks: u64,
}

#[derive(Clone, Copy, Default)]
struct Thread {
    running_ns: u64,
    /// Runnable, but not on a core: above 0 somebody else had it.
    waiting_ns: u64,
}

/// Busy and stolen ticks of one core.
#[derive(Clone, Copy)]
pub struct Core {
    busy_ticks: u64,
    stolen_ticks: u64,
}

impl Cpu {
    pub fn of(pids: &[u32]) -> Self {
        let mut total = Self::default();
        for pid in pids {
            for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                let mut fields = text.split_whitespace().map(|field| field.parse().unwrap_or(0));
                let mut next = || fields.next().unwrap_or(0);
                let thread = Thread { running_ns: next(), waiting_ns: next() };
                total.threads.insert(task.file_name().to_string_lossy().parse().unwrap_or(0), thread);
            }
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The second field is the program's name in parentheses, which may hold anything.
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            let mut ticks = after_name.split_whitespace().skip(11).map(|field| field.parse().unwrap_or(0));
            total.user_ticks += ticks.next().unwrap_or(0);
            total.system_ticks += ticks.next().unwrap_or(0);
        }
        total
    }

    /// What was used between `self` and `later`, per request and per second of `wall`.
    pub fn until(&self, later: &Self, requests: u64, wall: Duration) -> Value {
        let (requests, wall) = (requests.max(1) as f64, wall.as_secs_f64());
        let used = |of: fn(&Thread) -> u64| {
            let began = |id| self.threads.get(id).map_or(0, of);
            later.threads.iter().map(|(id, thread)| of(thread).saturating_sub(began(id))).sum::<u64>() as f64
        };
        let (running, waiting) = (used(|thread| thread.running_ns), used(|thread| thread.waiting_ns));
        json!({
            "us_per_request": running / 1e3 / requests,
            "user_us_per_request": seconds(later.user_ticks.saturating_sub(self.user_ticks)) * 1e6 / requests,
            "system_us_per_request": seconds(later.system_ticks.saturating_sub(self.system_ticks)) * 1e6 / requests,
            "core_share": running / 1e9 / wall,
            "wait_share": waiting / 1e9 / wall,
        })
    }
}

impl Core {
    /// Every core, in order.
    pub fn all() -> Vec<Self> {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let cores = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
        cores
            .map(|line| {
                let ticks: Vec<u64> = line.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
                // user, nice, system, idle, iowait, irq, softirq, steal
                let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
                Self { busy_ticks: at(0) + at(1) + at(2) + at(5) + at(6), stolen_ticks: at(7) }
            })
            .collect()
    }

    /// Shares of `wall` between `self` and `later`.
    pub fn until(self, later: Self, wall: Duration) -> Value {
        json!({
            "busy": seconds(later.busy_ticks - self.busy_ticks) / wall.as_secs_f64(),
            "stolen": seconds(later.stolen_ticks - self.stolen_ticks) / wall.as_secs_f64(),
        })
    }
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_uses_time() {
        let pid = [std::process::id()];
        let (before, began, mut sum) = (Cpu::of(&pid), std::time::Instant::now(), 0_u64);
        let used = || before.until(&Cpu::of(&pid), 1, Duration::from_secs(1))["us_per_request"].as_f64();
        while used() == Some(0.0) && began.elapsed() < Duration::from_secs(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(used().is_some_and(|used| used > 0.0));
        assert!(!Core::all().is_empty());
    }

    #[test]
    fn a_thread_that_ends_takes_nothing_back() {
        let at = |threads: &[(u64, u64)]| Cpu {
            threads: threads.iter().map(|&(id, running_ns)| (id, Thread { running_ns, waiting_ns: 0 })).collect(),
            ..Cpu::default()
        };
        let used = at(&[(1, 9_000), (2, 70_000)]).until(&at(&[(1, 12_000), (3, 5_000)]), 4, Duration::from_secs(1));
        assert_eq!(used["us_per_request"], 2.0, "{used}");
    }
}
