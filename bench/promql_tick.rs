//! How long one tick of alerting takes: 200 typical rules over six hours of 2,000 series, which are sampled every 10 s into
//! the history of a running Outrider. The target is 50 ms.
//!
//! Forty rules read all 500 series of a metric or more, as a rule for every endpoint does, and 160 a few of them.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use outrider::base::Labels;
use outrider::history::{self, History, HistoryMetrics};
use outrider::promql::{Limits, Query, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: i64 = 6 * 360;
const INTERVAL: i64 = 10_000;
const TICKS: usize = 40;

fn main() {
    let queries = rules();
    let mut gateway = Gateway::new();
    (0..SAMPLES).for_each(|at| gateway.sample(at * INTERVAL));
    let held = gateway.history.stats();
    println!("{} series, {} samples in {} KiB, {} rules", held.series, held.samples, held.bytes >> 10, queries.len());

    let (mut ticks, mut cpu) = (Vec::new(), 0.0);
    let mut rules = vec![0.0; queries.len()];
    let mut elements = 0;
    for tick in 0..TICKS {
        let now = (SAMPLES + tick as i64) * INTERVAL;
        gateway.sample(now);
        let (start, used) = (Instant::now(), cpu_milliseconds());
        for (query, spent) in queries.iter().zip(&mut rules) {
            let began = Instant::now();
            let answer = query.instant(&gateway.history, now, &Limits::default()).expect("a rule has an answer");
            *spent += milliseconds(began) / TICKS as f64;
            if let Value::Vector(found) = answer.value {
                elements += found.len();
            }
        }
        ticks.push(milliseconds(start));
        cpu += (cpu_milliseconds() - used) / TICKS as f64;
    }
    ticks.sort_by(f64::total_cmp);
    let (median, worst) = (ticks[TICKS / 2], ticks[TICKS - 1]);
    println!("a tick: {cpu:.1} ms of CPU; median {median:.1} ms, worst {worst:.1} ms; {} elements", elements / TICKS);
    let mut slowest: Vec<(f64, &str)> = rules.into_iter().zip(queries.iter().map(Query::text)).collect();
    slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (spent, text) in slowest.iter().step_by(25) {
        println!("{spent:7.3} ms {text}");
    }
}

/// What this thread has used, which other work on the machine changes little.
fn cpu_milliseconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number of nanoseconds");
    nanoseconds / 1e6
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The kinds of rules that people write, over every endpoint and service there is.
fn rules() -> Vec<Query> {
    let mut texts = Vec::new();
    for n in 0..20 {
        let method = ["GET", "POST"][n % 2];
        let endpoint = format!("/api/v1/resource{n}");
        texts.push(format!("sum(rate(http_requests_total{{endpoint=\"{endpoint}\",status_code=~\"5..\"}}[5m])) / sum(rate(http_requests_total{{endpoint=\"{endpoint}\"}}[5m])) > 0.05"));
        texts.push(format!("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{endpoint=\"{endpoint}\"}}[5m]))) > 5"));
        texts.push(format!(
            "sum by (status_code) (increase(http_requests_total{{method=\"{method}\",endpoint=\"{endpoint}\"}}[1h]))"
        ));
        texts.push(format!("rate(http_request_duration_seconds_sum{{endpoint=\"{endpoint}\"}}[5m]) / rate(http_request_duration_seconds_count{{endpoint=\"{endpoint}\"}}[5m])"));
        texts.push(format!("max_over_time(circuit_breaker_state{{service=\"service{n}\",state=\"open\"}}[10m]) == 1"));
        texts.push(format!("avg_over_time(gateway_memory_bytes[{}m]) / gateway_memory_limit_bytes > 0.85", 5 + n));
        texts.push(format!("absent(http_requests_total{{endpoint=\"{endpoint}\"}})"));
        texts.push(format!(
            "topk(5, sum by (endpoint) (rate(http_requests_total{{method=\"{method}\"}}[{}m])))",
            1 + n % 5
        ));
        texts.push("sum by (endpoint) (rate(http_requests_total{status_code!~\"2..\"}[5m])) / on (endpoint) sum by (endpoint) (rate(http_requests_total[5m])) > 0.1".to_owned());
        texts.push(format!("predict_linear(gateway_memory_bytes[1h], {}) > gateway_memory_limit_bytes", 600 * (n + 1)));
    }
    texts.iter().map(|text| Query::parse(text).expect("a valid rule")).collect()
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
        let metrics = HistoryMetrics::register(&prometheus::Registry::new()).expect("a new registry");
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
