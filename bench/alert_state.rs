//! What alerts cost: memory of alerting as a whole with 200 rules and 500 alerts that fire (at most 5 MB), and with 10,000 of
//! them (at most 50 MB), where a tick must also take less than 250 ms.
//!
//! Each measurement is a process of its own. It counts the anonymous memory that is resident after twenty ticks and was not
//! before the rules were loaded: rules, alerts, what channels know, notifications on their way, the store with its caches, and
//! the copy that the admin port shows. Every alert is told to a channel, and told again every other tick.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use outrider::alert::AlertMetrics;
use outrider::alert::engine::{Engine, Identity};
use outrider::alert::notify::Outcome;
use outrider::alert::rule::RuleSet;
use outrider::base::Labels;
use outrider::config::{self, Config};
use outrider::promql::Memory;
use outrider::promql::series::Sample;
use prometheus::Registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: usize = 200;
/// Alerts, megabytes they may take, and milliseconds of a tick.
const CASES: [(usize, f64, f64); 2] = [(500, 5.0, 50.0), (10_000, 50.0, 250.0)];
const TICKS: i64 = 20;
/// Milliseconds between two ticks.
const INTERVAL: i64 = 30_000;
/// The variable that tells a process which case is its.
const CASE: &str = "ALERT_STATE_CASE";

fn main() {
    if let Some(case) = std::env::var(CASE).ok().and_then(|case| case.parse::<usize>().ok()) {
        let (alerts, megabytes, milliseconds) = CASES[case];
        return measure(alerts, megabytes, milliseconds);
    }
    for case in 0..CASES.len() {
        let own = std::env::current_exe().expect("a path");
        let status = Command::new(own).env(CASE, case.to_string()).status().expect("this program runs again");
        assert!(status.success(), "a target is missed");
    }
}

fn measure(alerts: usize, most_megabytes: f64, most_milliseconds: f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut series = Memory::new();
    let values: Vec<Labels> = (0..alerts).map(|at| of(at % RULES, at / RULES)).collect();
    let samples = |labels: &Labels| (labels.clone(), (1..=TICKS).map(|tick| Sample { t: tick * INTERVAL, v: 9.0 }));
    values.iter().map(samples).for_each(|(labels, samples)| series.append(labels, samples));

    let config = config(folder.path());
    let before = resident();
    let mut engine = engine(&config);
    let mut shown = Arc::new(engine.snapshot(0));
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for tick in 1..=TICKS {
        let (start, used) = (Instant::now(), cpu_milliseconds());
        engine.tick(tick * INTERVAL, &series, &mut |_, _, _| {});
        wall.push(start.elapsed().as_secs_f64() * 1000.0);
        cpu.push(cpu_milliseconds() - used);
        for notification in engine.start_sends(tick * INTERVAL) {
            engine.sent(&notification.channel, tick * INTERVAL, &Outcome::Sent("200 OK".to_owned()));
        }
        shown = Arc::new(engine.snapshot(tick * INTERVAL));
    }
    let megabytes = (resident() - before) as f64 / 1e6;
    let active = shown.alerts.iter().filter(|shown| shown.status.is_active()).count();
    // The first tick stores every alert, and is no other's like.
    let first = wall.remove(0);
    let worst = wall.iter().copied().fold(0.0, f64::max);
    let of_cpu = cpu.iter().skip(1).copied().fold(0.0, f64::max);
    wall.sort_by(f64::total_cmp);
    println!(
        "{RULES} rules, {active} alerts: {megabytes:.1} MB; a tick: median {:.1} ms, worst {worst:.1} ms ({of_cpu:.1} ms of CPU), the first {first:.1} ms",
        wall[wall.len() / 2]
    );
    assert_eq!(active, alerts);
    assert!(megabytes <= most_megabytes, "more than {most_megabytes} MB");
    assert!(of_cpu < most_milliseconds && first < most_milliseconds * 4.0, "{most_milliseconds} ms or more");
}

fn of(rule: usize, which: usize) -> Labels {
    let endpoint = format!("/api/v1/resource{which}/{{id}}");
    Labels::new([("__name__", format!("errors_{rule}").as_str()), ("endpoint", &endpoint), ("method", "GET")])
}

fn config(folder: &Path) -> Config {
    let mut yaml = String::from(
        "alerting:\n  state: state\n  defaults: false\n  flap: { times: 0 }\n  repeat: 1m\n  group: { interval: 0s }\n\
         \x20 channels: { ops: { webhook: { url: 'http://localhost/' } } }\n  rules:\n",
    );
    for rule in 0..RULES {
        writeln!(yaml, "    - {{ name: rule_{rule}, condition: 'errors_{rule} > 5', message: '{{labels.method}} {{labels.endpoint}} fails {{value:.0f}} times a second', runbook: 'https://runbooks.example.com/rule_{rule}' }}")
            .expect("a string takes all");
    }
    config::parse(&yaml, folder, &|_| None).unwrap_or_else(|errors| panic!("{errors}"))
}

fn engine(config: &Config) -> Engine {
    let rules = RuleSet::load(config, &[], "bench").expect("valid rules");
    let identity = Identity { service: "shop".into(), environment: "production".into(), pod: "shop-7f9c".into() };
    Engine::start(identity, &config.alerting, rules, AlertMetrics::register(&Registry::new()).expect("new"), 0)
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a resident size");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kilobytes");
    kilobytes * 1024
}

/// What this thread has used, which other work on the machine changes little.
fn cpu_milliseconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number of nanoseconds");
    nanoseconds / 1e6
}
