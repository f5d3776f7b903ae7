//! What the kernel says about processes and cores. Time on a core comes from `schedstat`, in nanoseconds and exact;
//! its split into user and system from `stat`, in ticks.

use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// Totals of one or more processes since they started, all live threads together.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    running_ns: u64,
    /// Runnable, but not on a core: above 0 somebody else had it.
    waiting_ns: u64,
    user_ticks: u64,
    system_ticks: u64,
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
                total.running_ns += fields.next().unwrap_or(0);
                total.waiting_ns += fields.next().unwrap_or(0);
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
    pub fn until(self, later: Self, requests: u64, wall: Duration) -> Value {
        let (requests, wall) = (requests.max(1) as f64, wall.as_secs_f64());
        let running = (later.running_ns - self.running_ns) as f64;
        let waiting = (later.waiting_ns - self.waiting_ns) as f64;
        json!({
            "us_per_request": running / 1e3 / requests,
            "user_us_per_request": seconds(later.user_ticks - self.user_ticks) * 1e6 / requests,
            "system_us_per_request": seconds(later.system_ticks - self.system_ticks) * 1e6 / requests,
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
        let before = Cpu::of(&pid);
        let mut sum = 0_u64;
        while Cpu::of(&pid).running_ns == before.running_ns {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let used = before.until(Cpu::of(&pid), 1, Duration::from_secs(1));
        assert!(used["us_per_request"].as_f64() > Some(0.0), "{used}");
        assert!(!Core::all().is_empty());
    }
}
