//! How long one tick of alerting takes: the nine rules that come with us on their signals and 200 typical ones, over six hours
//! of 2,000 series, which are sampled every 10 s into the history of a running Outrider. A tick is all of it: evaluation,
//! what rules record, moves of alerts and the transaction that stores them. It must take less than 50 ms, and the history
//! at most 2 bytes a sample; otherwise this fails.
//!
//! Forty of the 200 rules read all 500 series of a metric or more, as a rule for every endpoint does, and 160 a few of them.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use outrider::alert::AlertMetrics;
use outrider::alert::engine::{Engine, Identity};
use outrider::alert::rule::RuleSet;
use outrider::base::Labels;
use outrider::config;
use outrider::history::{self, History, HistoryMetrics};
use outrider::metrics::Registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: i64 = 6 * 360;
const INTERVAL: i64 = 10_000;
const TICKS: usize = 40;
/// Milliseconds that a tick may take.
const MOST: f64 = 50.0;
/// Bytes that a sample may take.
const BYTES: f64 = 2.0;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut gateway = Gateway::new();
    (0..SAMPLES).for_each(|at| gateway.sample(at * INTERVAL));
    let held = gateway.history.stats();
    let each = held.bytes as f64 / held.samples as f64;
    println!("{} series, {} samples in {} KiB: {each:.3} bytes a sample", held.series, held.samples, held.bytes >> 10);

    let mut engine = engine(folder.path());
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for tick in 0..TICKS {
        let now = (SAMPLES + tick as i64) * INTERVAL;
        gateway.sample(now);
        let (start, used) = (Instant::now(), cpu_milliseconds());
        let history = &gateway.history;
        engine.tick(now, history, &mut |key, t, series| history.sample(key, t, series));
        wall.push(start.elapsed().as_secs_f64() * 1000.0);
        cpu.push(cpu_milliseconds() - used);
    }
    let snapshot = engine.snapshot(SAMPLES * INTERVAL);
    println!("{} alerts; rules that failed: {:?}", snapshot.alerts.len(), snapshot.broken);
    let [(median, worst), (cpu, most)] = [wall, cpu].map(|mut all| {
        all.sort_by(f64::total_cmp);
        (all[TICKS / 2], all[TICKS - 1])
    });
    println!("a tick: median {median:.1} ms, worst {worst:.1} ms; of CPU {cpu:.1} ms, worst {most:.1} ms");
    assert!(snapshot.broken.is_empty() && snapshot.alerts.len() > 20, "the rules do something");
    assert!(median < MOST && most < MOST, "a tick takes {MOST} ms or more");
    assert!(each <= BYTES, "a sample takes more than {BYTES} bytes");
}

/// What this thread has used, which other work on the machine changes little.
fn cpu_milliseconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number of nanoseconds");
    nanoseconds / 1e6
}

/// An engine with the rules that come with us and those of a rule file.
fn engine(folder: &Path) -> Engine {
    std::fs::write(folder.join("rules.yaml"), rules()).expect("a file written");
    let yaml = "alerting: { state: state, rule_files: [ rules.yaml ] }";
    let config = config::parse(yaml, folder, &|_| None).expect("a valid configuration");
    let rules = RuleSet::load(&config, &[], "bench").expect("valid rules");
    let count = rules.groups().iter().map(|group| group.rules.len()).sum::<usize>();
    println!("{count} rules: 12 signals, the nine on them, and 200 more");
    let metrics = AlertMetrics::register(&Registry::new()).expect("a new registry");
    Engine::start(Identity::default(), &config.alerting, rules, metrics, 0)
}

/// The kinds of rules that people write, over every endpoint and service there is.
fn rules() -> String {
    let mut file = String::from("groups:\n  - name: bench\n    rules:\n");
    let mut add = |kind: &str, name: &str, n: usize, expression: &str| {
        writeln!(file, "      - {{ {kind}: {name}_{n}, expr: '{expression}' }}").expect("a string takes all");
    };
    for n in 0..20 {
        let method = ["GET", "POST"][n % 2];
        let endpoint = format!("endpoint=\"/api/v1/resource{n}\"");
        add(
            "alert",
            "errors",
            n,
            &format!(
                "sum(rate(http_requests_total{{{endpoint},status_code=~\"5..\"}}[5m])) / sum(rate(http_requests_total{{{endpoint}}}[5m])) > 0.05"
            ),
        );
        add(
            "alert",
            "p95",
            n,
            &format!(
                "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{{endpoint}}}[5m]))) > 5"
            ),
        );
        add(
            "record",
            "statuses",
            n,
            &format!("sum by (status_code) (increase(http_requests_total{{method=\"{method}\",{endpoint}}}[1h]))"),
        );
        add(
            "record",
            "average",
            n,
            &format!(
                "rate(http_request_duration_seconds_sum{{{endpoint}}}[5m]) / rate(http_request_duration_seconds_count{{{endpoint}}}[5m])"
            ),
        );
        add(
            "alert",
            "open",
            n,
            &format!("max_over_time(circuit_breaker_state{{service=\"service{n}\",state=\"open\"}}[10m]) == 1"),
        );
        add(
            "alert",
            "memory",
            n,
            &format!("avg_over_time(gateway_memory_bytes[{}m]) / gateway_memory_limit_bytes > 0.85", 5 + n),
        );
        add("alert", "absent", n, &format!("absent(http_requests_total{{{endpoint}}})"));
        add(
            "record",
            "busiest",
            n,
            &format!("topk(5, sum by (endpoint) (rate(http_requests_total{{method=\"{method}\"}}[{}m])))", 1 + n % 5),
        );
        add(
            "alert",
            "endpoints",
            n,
            "sum by (endpoint) (rate(http_requests_total{status_code!~\"2..\"}[5m])) / on (endpoint) sum by (endpoint) (rate(http_requests_total[5m])) > 0.1",
        );
        add(
            "alert",
            "full",
            n,
            &format!("predict_linear(gateway_memory_bytes[1h], {}) > gateway_memory_limit_bytes", 600 * (n + 1)),
        );
    }
    file
}

/// A busy gateway, and the history that samples it.
struct Gateway {
    history: History,
    counters: Vec<(Labels, f64)>,
    gauges: Vec<Labels>,
    random: u64,
}

impl Gateway {
    fn new() -> Self {
        let metrics = HistoryMetrics::register(&outrider::metrics::Registry::new()).expect("a new registry");
        let history = History::new(history::Limits::default(), metrics);
        let (counters, gauges) = series();
        Self { history, counters: counters.into_iter().map(|labels| (labels, 0.0)).collect(), gauges, random: 1 }
    }

    fn sample(&mut self, now: i64) {
        let mut random = |below: u64| {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            (self.random % below) as f64
        };
        // Two of three counters stand still in any ten seconds.
        self.counters.iter_mut().for_each(|(_, total)| *total += (random(30) - 20.0).max(0.0));
        let gauges: Vec<_> = self.gauges.iter().map(|labels| (labels.clone(), random(1000))).collect();
        self.history.sample("gateway", now, self.counters.iter().cloned().chain(gauges));
    }
}

fn series() -> (Vec<Labels>, Vec<Labels>) {
    let (mut counters, mut gauges) = (Vec::new(), Vec::new());
    for n in 0..50 {
        let endpoint = format!("/api/v1/resource{n}");
        for method in ["GET", "POST"] {
            let mut add = |name: &str, more: Option<(&str, &str)>| {
                let of = [("__name__", name), ("method", method), ("endpoint", &endpoint)];
                counters.push(Labels::new(of.into_iter().chain(more)));
            };
            for code in ["200", "201", "404", "500", "503"] {
                add("http_requests_total", Some(("status_code", code)));
            }
            for le in ["0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "+Inf"] {
                add("http_request_duration_seconds_bucket", Some(("le", le)));
            }
            add("http_request_duration_seconds_sum", None);
            add("http_request_duration_seconds_count", None);
        }
    }
    for n in 0..20 {
        for state in ["open", "closed", "half_open"] {
            let service = format!("service{n}");
            gauges.push(Labels::new([("__name__", "circuit_breaker_state"), ("service", &service), ("state", state)]));
        }
    }
    gauges.push(Labels::new([("__name__", "gateway_memory_bytes")]));
    gauges.push(Labels::new([("__name__", "gateway_memory_limit_bytes")]));
    (counters, gauges)
}
