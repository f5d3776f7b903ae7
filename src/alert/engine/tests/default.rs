//! The nine rules that come with us, on the signals, with their real durations: each fires when its trouble has lasted for
//! long enough, and resolves when the trouble is over.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use super::*;
use crate::promql::series::{Matcher, STALE, SeriesData};

/// Series that came in, and what rules made of them.
#[derive(Default)]
struct Seen(Mutex<Memory>);

impl Series for Seen {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<SeriesData> {
        self.0.lock().unwrap().select(matchers, from, to)
    }
}

/// A metric, its labels, and what it gains each minute while there is trouble, and while there is none. What it is worth,
/// where `gains` is false.
struct Input {
    metric: &'static str,
    labels: &'static [(&'static str, &'static str)],
    trouble: f64,
    well: f64,
    gains: bool,
}

const fn gains(
    metric: &'static str,
    labels: &'static [(&'static str, &'static str)],
    trouble: f64,
    well: f64,
) -> Input {
    Input { metric, labels, trouble, well, gains: true }
}

const fn is(metric: &'static str, labels: &'static [(&'static str, &'static str)], trouble: f64, well: f64) -> Input {
    Input { metric, labels, trouble, well, gains: false }
}

/// Rule, minutes of its `for`, minutes within which it must be over, what it looks at, and what it says.
const CASES: [(&str, i64, i64, &[Input], &str); 9] = [
    (
        "high_error_rate",
        5,
        10,
        &[
            gains("http_requests_total", &[("status_code", "500")], 30.0, 0.0),
            gains("http_requests_total", &[("status_code", "200")], 70.0, 100.0),
        ],
        "High error rate detected: 30.00% of requests failed",
    ),
    (
        "high_response_time",
        5,
        10,
        &[
            gains("http_request_duration_seconds_sum", &[], 600.0, 10.0),
            gains("http_request_duration_seconds_count", &[], 100.0, 100.0),
            gains("http_request_duration_seconds_bucket", &[("le", "10")], 100.0, 100.0),
            gains("http_request_duration_seconds_bucket", &[("le", "+Inf")], 100.0, 100.0),
        ],
        "High response time: 6.00 s on average, 95th percentile 9.50 s",
    ),
    (
        "circuit_breaker_open",
        1,
        1,
        &[is("circuit_breaker_state", &[("service", "code"), ("state", "open")], 1.0, 0.0)],
        "The circuit breaker of code is open",
    ),
    (
        "service_unavailable",
        2,
        1,
        &[
            is("service_instances_total", &[("service", "code"), ("health", "healthy")], 0.0, 2.0),
            is("service_instances_total", &[("service", "code"), ("health", "unhealthy")], 2.0, 0.0),
        ],
        "code is unavailable: none of its instances passes its health check",
    ),
    (
        "high_memory_usage",
        10,
        1,
        &[is("gateway_memory_bytes", &[], 90.0, 50.0), is("gateway_memory_limit_bytes", &[], 100.0, 100.0)],
        "High memory usage: the gateway has taken 90.0% of its limit",
    ),
    (
        "rate_limit_violations",
        0,
        65,
        &[gains("rate_limit_requests_total", &[("result", "limited")], 50.0, 0.0)],
        "requests were limited within an hour",
    ),
    (
        "code_generation_failures",
        5,
        10,
        &[
            gains("code_generations_total", &[("status", "failure")], 2.0, 0.0),
            gains("code_generations_total", &[("status", "success")], 8.0, 10.0),
        ],
        "20.0% of code generations failed",
    ),
    (
        "image_generation_failures",
        5,
        10,
        &[
            gains("image_generations_total", &[("status", "failure")], 5.0, 0.0),
            gains("image_generations_total", &[("status", "success")], 5.0, 10.0),
        ],
        "50.0% of image generations failed",
    ),
    (
        "websocket_connection_issues",
        5,
        10,
        &[
            gains("websocket_connections_total", &[("event", "aborted")], 4.0, 0.0),
            gains("websocket_connections_total", &[("event", "closed")], 6.0, 10.0),
        ],
        "40.0% of WebSocket sessions ended without being closed",
    ),
];

/// Half a minute after half a minute, as the default interval has it.
const STEP: i64 = MINUTE / 2;

struct Run {
    engine: Engine,
    seen: Seen,
    now: i64,
    counters: Vec<f64>,
    recorded: BTreeMap<String, HashSet<Labels>>,
}

impl Run {
    fn step(&mut self, inputs: &[Input], is_trouble: bool) -> Option<Status> {
        self.now += STEP;
        for (input, counter) in inputs.iter().zip(&mut self.counters) {
            let value = if is_trouble { input.trouble } else { input.well };
            *counter = if input.gains { *counter + value / 2.0 } else { value };
            let labels = Labels::new(input.labels.iter().copied().chain([(NAME, input.metric)]));
            self.seen.0.lock().unwrap().append(labels, [Sample { t: self.now, v: *counter }]);
        }
        let (seen, recorded) = (&self.seen, &mut self.recorded);
        self.engine.tick(self.now, seen, &mut |key, t, series| {
            let mut memory = seen.0.lock().unwrap();
            let given: HashSet<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
            let before = recorded.insert(key.to_owned(), given.clone()).unwrap_or_default();
            for gone in before.difference(&given) {
                memory.append(gone.clone(), [Sample { t, v: f64::from_bits(STALE) }]);
            }
            series.into_iter().for_each(|(labels, v)| memory.append(labels, [Sample { t, v }]));
        });
        let shown = self.engine.snapshot(self.now).alerts;
        assert!(shown.len() <= 1, "{shown:?}");
        shown.first().map(|shown| shown.status)
    }
}

#[test]
fn each_of_the_nine_rules_fires_after_its_time_and_resolves() {
    for (rule, minutes, most, inputs, message) in CASES {
        let folder = tempfile::tempdir().unwrap();
        let alerting = config(&format!("state: {}\nmin_requests: 20", folder.path().display()));
        let config = Config { alerting: alerting.clone(), ..Config::default() };
        let rules = RuleSet::load(&config, &[], "test").unwrap();
        let metrics = AlertMetrics::register(&Registry::new()).unwrap();
        let engine = Engine::start(Identity::default(), &alerting, rules, metrics, START);
        let (seen, recorded) = (Seen::default(), BTreeMap::new());
        let mut run = Run { engine, seen, now: START, counters: vec![0.0; inputs.len()], recorded };
        (0..40).for_each(|_| assert_eq!(run.step(inputs, false), None, "{rule}"));
        let (mut pending_at, mut steps) = (None, 0);
        while run.step(inputs, true) != Some(Status::Firing) {
            steps += 1;
            assert!(steps < 60, "{rule} never fires");
            let shown = run.engine.snapshot(run.now).alerts;
            pending_at = pending_at.or(shown.first().map(|shown| shown.alert.since));
        }
        let alert = run.engine.snapshot(run.now).alerts.remove(0).alert;
        assert_eq!((alert.rule.as_str(), alert.fired_at), (rule, Some(run.now)));
        assert_eq!(run.now - pending_at.unwrap_or(run.now), minutes * MINUTE, "{rule}");
        // By then the windows of five minutes hold nothing but trouble.
        assert!(alert.annotation("summary").contains(message), "{rule}: {:?}", alert.annotations);
        (0..12).for_each(|_| assert_eq!(run.step(inputs, true), Some(Status::Firing), "{rule}"));
        let mut steps = 0;
        while run.step(inputs, false) != Some(Status::Resolved) {
            steps += 1;
            assert!(steps <= most * 2, "{rule} never resolves");
        }
    }
}
