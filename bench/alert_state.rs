//! What alerts cost: memory of alerting as a whole with 200 rules and 500 alerts that fire (at most 5 MB), and with 10,000 of
//! them (at most 50 MB), where a tick must also take less than 250 ms: of CPU each of them, the first one, which stores every alert,
//! like any other, and the median of them in all.
//!
//! Each measurement is a process of its own. Every alert is told to a channel, and told again every other tick. For memory it
//! counts what is resident and anonymous after twenty ticks and was not before the rules were loaded: rules, alerts, what
//! channels know, notifications on their way, the store with its caches, and the copy that the admin port shows. For time the
//! rules read the history of a running Outrider, as which the alerts are recorded, too; a tick is all of it: evaluation, moves, what
//! is told and the transaction that stores it. Time in which another process had the CPU is told, but is not the tick's.
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
use outrider::history::{self, History, HistoryMetrics};
use outrider::metrics::Registry;
use outrider::promql::Memory;
use outrider::promql::series::Sample;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: usize = 200;
/// Alerts, megabytes they may take, and milliseconds of a tick.
const CASES: [(usize, f64, f64); 2] = [(500, 5.0, 50.0), (10_000, 50.0, 250.0)];
const TICKS: i64 = 20;
/// Milliseconds between two ticks.
const INTERVAL: i64 = 30_000;
/// The variable that tells a process which measurement is its.
const CASE: &str = "ALERT_STATE_CASE";
/// By how much a tick may once be over its time with what the disk took, which is not ours alone. Its CPU has no slack.
const SLACK: f64 = 1.5;

fn main() {
    if let Some(case) = std::env::var(CASE).ok().and_then(|case| case.parse::<usize>().ok()) {
        let (alerts, megabytes, milliseconds) = CASES[case / 2];
        return if case % 2 == 0 { memory(alerts, megabytes) } else { time(alerts, milliseconds) };
    }
    for case in 0..2 * CASES.len() {
        let own = std::env::current_exe().expect("a path");
        let status = Command::new(own).env(CASE, case.to_string()).status().expect("this program runs again");
        assert!(status.success(), "a target is missed");
    }
}

fn memory(alerts: usize, most: f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut series = Memory::new();
    let samples = |labels: Labels| (labels, (1..=TICKS).map(|tick| Sample { t: tick * INTERVAL, v: 9.0 }));
    values(alerts).map(samples).for_each(|(labels, samples)| series.append(labels, samples));

    let config = config(folder.path());
    let before = resident();
    let mut engine = engine(&config);
    let mut shown = Arc::new(engine.snapshot(0));
    for tick in 1..=TICKS {
        engine.tick(tick * INTERVAL, &series, &mut |_, _, _| {});
        shown = send(&mut engine, tick * INTERVAL);
    }
    let megabytes = (resident() - before) as f64 / 1e6;
    let active = shown.alerts.iter().filter(|shown| shown.status.is_active()).count();
    println!("{RULES} rules, {active} alerts: {megabytes:.1} MB");
    assert_eq!(active, alerts);
    assert!(megabytes <= most, "more than {most} MB");
}

fn time(alerts: usize, most: f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let metrics = HistoryMetrics::register(&Registry::new()).expect("a new registry");
    let history = History::new(history::Limits::default(), metrics);
    let mut engine = engine(&config(folder.path()));
    let mut ticks = Vec::new();
    for tick in 1..=TICKS {
        let now = tick * INTERVAL;
        history.sample("gateway", now, values(alerts).map(|labels| (labels, 9.0)));
        let (start, before) = (Instant::now(), Scheduled::now());
        engine.tick(now, &history, &mut |key, t, series| history.sample(key, t, series));
        let (wall, spent) = (start.elapsed().as_secs_f64() * 1000.0, before.since());
        ticks.push(Tick { wall, cpu: spent.cpu, own: wall - spent.waited });
        send(&mut engine, now);
    }
    // The first tick stores every alert, and is no other's like.
    let first = ticks.remove(0);
    ticks.sort_by(|a, b| a.own.total_cmp(&b.own));
    let worst = |of: fn(&Tick) -> f64| ticks.iter().map(of).fold(0.0, f64::max);
    let median = ticks[ticks.len() / 2].own;
    println!(
        "{RULES} rules, {alerts} alerts, a tick: median {median:.1} ms, worst {:.1} ms ({:.1} ms of CPU, {:.1} ms with other \
         processes' time); the first {:.1} ms ({:.1} ms of CPU, {:.1} ms)",
        worst(|tick| tick.own),
        worst(|tick| tick.cpu),
        worst(|tick| tick.wall),
        first.own,
        first.cpu,
        first.wall
    );
    assert!(median < most && first.cpu.max(worst(|tick| tick.cpu)) < most, "{most} ms or more");
    assert!(first.own.max(worst(|tick| tick.own)) < most * SLACK, "more than {SLACK} times {most} ms");
}

/// Milliseconds.
struct Tick {
    wall: f64,
    cpu: f64,
    /// Without the time in which it could have run and another had the CPU.
    own: f64,
}

/// What this thread has used and waited for, in milliseconds.
struct Scheduled {
    cpu: f64,
    waited: f64,
}

impl Scheduled {
    fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
        let mut fields = stat.split_ascii_whitespace().map(|n| n.parse::<f64>().expect("nanoseconds") / 1e6);
        Self { cpu: fields.next().expect("time on a CPU"), waited: fields.next().expect("time waited for one") }
    }

    fn since(&self) -> Self {
        let now = Self::now();
        Self { cpu: now.cpu - self.cpu, waited: now.waited - self.waited }
    }
}

/// Sends what there is, and shows people what there is.
fn send(engine: &mut Engine, now: i64) -> Arc<outrider::alert::engine::Snapshot> {
    for notification in engine.start_sends(now) {
        engine.sent(&notification.channel, now, &Outcome::Sent("200 OK".to_owned()));
    }
    engine.rest();
    Arc::new(engine.snapshot(now))
}

fn values(alerts: usize) -> impl Iterator<Item = Labels> {
    (0..alerts).map(|at| of(at % RULES, at / RULES))
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
