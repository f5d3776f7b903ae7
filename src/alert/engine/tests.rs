//! The whole way from series to what is sent, and over restarts. The nine rules that come with us have tests of their own,
//! in `tests/default_rules`.

use std::time::{Duration, Instant};

use crate::metrics::Registry;
use tempfile::TempDir;

use super::*;
use crate::alert::notify::sample::config;
use crate::alert::notify::{Kind, Outcome};
use crate::base::labels::NAME;
use crate::config::{Config, Severity};
use crate::promql::Memory;
use crate::promql::series::Sample;

const MINUTE: i64 = 60_000;
/// Long after the warmth of a start.
const START: i64 = 1_800_000_000_000;

/// An engine, its folder and the series that it sees.
struct Bench {
    folder: TempDir,
    lines: String,
    engine: Engine,
    series: Memory,
    now: i64,
}

fn alerting(folder: &TempDir, lines: &str) -> Alerting {
    let usual = "interval: 60s\ndefaults: false\nrepeat: 30d\ngroup: { interval: 0s }\n\
                 channels: { ops: { webhook: { url: 'http://localhost/' }, rate_limit: 1000/s } }\n";
    let usual: String = usual
        .lines()
        .filter(|line| !lines.lines().any(|own| own.split(':').next() == line.split(':').next()))
        .map(|line| format!("{line}\n"))
        .collect();
    config(&format!("state: {}\n{usual}{lines}", folder.path().display()))
}

fn engine(folder: &TempDir, lines: &str, now: i64) -> Engine {
    let alerting = alerting(folder, lines);
    let config = Config { alerting: alerting.clone(), ..Config::default() };
    let rules = RuleSet::load(&config, &[], "test").unwrap();
    let identity = Identity { service: "shop".into(), environment: "test".into(), pod: "p-1".into() };
    Engine::start(identity, &alerting, rules, AlertMetrics::register(&Registry::new()).unwrap(), now)
}

impl Bench {
    fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder, lines, START);
        Self { folder, lines: lines.to_owned(), engine, series: Memory::new(), now: START }
    }

    /// A minute passes, in which the series `errors{of}` is worth `value`, where it is there.
    fn minute(&mut self, values: &[(&str, f64)]) -> Vec<(Kind, String, bool)> {
        self.now += MINUTE;
        for (of, v) in values {
            self.series.append(Labels::new([(NAME, "errors"), ("of", of)]), [Sample { t: self.now, v: *v }]);
        }
        let series = self.series.clone();
        self.engine.tick(self.now, &series, &mut |_, _, _| {});
        self.sends()
    }

    /// All that is to be sent, sent.
    fn sends(&mut self) -> Vec<(Kind, String, bool)> {
        let mut all = Vec::new();
        loop {
            let next = self.engine.start_sends(self.now);
            if next.is_empty() {
                return all;
            }
            for notification in next {
                let first = &notification.notices[0];
                all.push((notification.kind, first.summary().to_owned(), first.is_resolved()));
                self.engine.sent(&notification.channel, self.now, &Outcome::Sent("200".into()));
            }
        }
    }

    /// The process ends, however that comes about, and another begins.
    fn restart(&mut self) {
        // The file belongs to one engine at a time.
        self.engine = engine(&tempfile::tempdir().unwrap(), &self.lines, self.now);
        self.engine = engine(&self.folder, &self.lines, self.now);
    }

    fn only(&mut self) -> Fingerprint {
        self.engine.snapshot(self.now).alerts[0].alert.fingerprint
    }

    fn status(&mut self) -> Vec<Status> {
        self.engine.snapshot(self.now).alerts.iter().map(|shown| shown.status).collect()
    }
}

const RULE: &str = "rules: [{ name: errors, condition: errors > 5, for: 2m, message: '{labels.of}: {value:.0f}' }]";

fn change(text: &str, over: bool) -> (Kind, String, bool) {
    (Kind::Change, text.to_owned(), over)
}

#[test]
fn an_alert_goes_the_whole_way_and_back_with_the_gateways_labels() {
    let mut bench = Bench::new(RULE);
    assert_eq!(bench.minute(&[("a", 9.0)]), []);
    assert_eq!(bench.status(), [Status::Pending]);
    assert_eq!(bench.minute(&[("a", 9.0)]), []);
    assert_eq!(bench.minute(&[("a", 7.0)]), [change("a: 7", false)]);
    let shown = bench.engine.snapshot(bench.now).alerts.remove(0);
    let labels = &shown.alert.labels;
    let names = ["alertname", "of", "service", "environment", "pod", "severity"];
    assert_eq!(names.map(|name| labels.get(name)), ["errors", "a", "shop", "test", "p-1", "medium"]);
    assert_eq!(bench.minute(&[("a", 1.0)]), [change("a: 7", true)]);
    assert_eq!(bench.status(), [Status::Resolved]);
    let past = Past { until: i64::MAX, limit: 9, ..Past::default() };
    let Story { events, rules, .. } = bench.engine.past(&past).unwrap();
    let moves: Vec<&str> = events.iter().map(|event| event.to.as_str()).collect();
    assert_eq!(moves, ["resolved", "firing", "pending"]);
    assert_eq!(rules["errors"].mttr, Some(60.0));
}

#[test]
fn an_alert_of_the_service_has_no_pod() {
    let mut bench = Bench::new("rules: [{ name: errors, condition: errors > 5, scope: service }]");
    bench.minute(&[("a", 9.0)]);
    assert_eq!(bench.engine.snapshot(bench.now).alerts[0].alert.labels.get("pod"), "");
}

#[test]
fn no_data_is_neither_firing_nor_resolved() {
    let mut bench = Bench::new(RULE);
    bench.minute(&[("a", 9.0), ("b", 9.0)]);
    bench.minute(&[("a", 9.0), ("b", 9.0)]);
    assert_eq!(bench.minute(&[("a", 9.0), ("b", 9.0)]).len(), 1);
    // Beyond the five minutes for which a sample counts.
    for _ in 0..10 {
        assert_eq!(bench.minute(&[("b", 9.0)]), []);
    }
    assert_eq!(bench.status(), [Status::Firing; 2]);
    assert_eq!(bench.minute(&[("a", 1.0), ("b", 9.0)]), [change("a: 9", true)]);
}

#[test]
fn a_rule_that_reads_no_series_always_knows() {
    let mut bench = Bench::new("rules: [{ name: even, condition: 'vector(time()) / 60 % 2 < 1', message: e }]");
    assert_eq!(bench.minute(&[]), []);
    assert_eq!(bench.minute(&[]), [change("e", false)]);
    assert_eq!(bench.minute(&[]), [change("e", true)]);
}

#[test]
fn a_condition_for_clearing_holds_an_alert() {
    let lines = "rules: [{ name: errors, condition: errors > 5, clear: errors < 2, message: e }]";
    let mut bench = Bench::new(lines);
    assert_eq!(bench.minute(&[("a", 9.0)]), [change("e", false)]);
    assert_eq!(bench.minute(&[("a", 4.0)]), []);
    assert_eq!(bench.minute(&[("a", 1.0)]), [change("e", true)]);
}

#[test]
fn a_restart_goes_on_with_timers_acknowledgements_escalations_and_what_was_not_sent() {
    let lines = format!(
        "{RULE}\nchannels: {{ ops: {{ webhook: {{ url: 'http://localhost/' }} }}, boss: {{ webhook: {{ url: 'http://localhost/' }} }} }}\n\
         escalation: [{{ after: 3m, channels: boss }}]"
    );
    let lines = lines.replace("message:", "channels: ops, message:");
    let mut bench = Bench::new(&lines);
    bench.minute(&[("a", 9.0)]);
    bench.restart();
    bench.minute(&[("a", 9.0)]);
    // It fires by a `for` that began before the restart; the process ends before anything was sent.
    bench.now += MINUTE;
    bench.series.append(Labels::new([(NAME, "errors"), ("of", "a")]), [Sample { t: bench.now, v: 9.0 }]);
    let series = bench.series.clone();
    bench.engine.tick(bench.now, &series, &mut |_, _, _| {});
    bench.restart();
    assert_eq!(bench.sends(), [change("a: 9", false)]);
    bench.restart();
    assert_eq!(bench.sends(), []);
    assert_eq!(bench.minute(&[("a", 9.0)]), []);
    assert_eq!(bench.minute(&[("a", 9.0)]), []);
    bench.restart();
    assert_eq!(bench.minute(&[("a", 9.0)]), [(Kind::Escalation, "a: 9".to_owned(), false)]);
    let of = bench.only();
    bench.engine.acknowledge(of, "ann", bench.now).unwrap();
    bench.restart();
    assert_eq!(bench.status(), [Status::Acknowledged]);
    assert_eq!(bench.minute(&[("a", 1.0)]).len(), 2);
}

#[test]
fn what_fired_before_a_restart_stays_until_there_is_data() {
    let mut bench = Bench::new(RULE);
    (0..3).for_each(|_| drop(bench.minute(&[("a", 9.0)])));
    bench.series = Memory::new();
    bench.restart();
    assert_eq!(bench.minute(&[]), []);
    assert_eq!(bench.status(), [Status::Firing]);
    assert_eq!(bench.minute(&[("a", 0.0)]), [change("a: 9", true)]);
}

#[test]
fn a_rule_that_is_gone_takes_its_alerts_with_it() {
    let mut bench = Bench::new(RULE);
    (0..3).for_each(|_| drop(bench.minute(&[("a", 9.0)])));
    bench.lines = "rules: []".to_owned();
    let alerting = alerting(&bench.folder, &bench.lines);
    bench.engine.follow(Identity::default(), &alerting, RuleSet::default(), bench.now);
    assert_eq!(bench.minute(&[("a", 9.0)]), [change("a: 9", true)]);
}

#[test]
fn a_drill_goes_to_every_channel_and_comes_back_with_what_they_said() {
    let lines = "channels: { ops: { webhook: { url: 'http://localhost/' } }, pd: { pagerduty: { routing_key: { env: KEY } } } }";
    let mut bench = Bench::new(lines);
    let ids = bench.engine.drill(Severity::Medium, "Test", bench.now);
    assert_eq!(ids.len(), 2);
    bench.restart();
    let sends = bench.engine.start_sends(bench.now);
    assert_eq!(sends.iter().map(|send| send.id).collect::<Vec<_>>(), ids);
    assert!(bench.engine.sent("ops", bench.now, &Outcome::Sent("200".into())).is_empty());

    let ids = bench.engine.drill(Severity::Medium, "Test", bench.now);
    let failed = Outcome::Later { message: "503".into(), after: Some(Duration::from_secs(9)) };
    bench.engine.start_sends(bench.now);
    bench.engine.sent("pd", bench.now, &Outcome::Sent("202".into()));
    let done = bench.engine.sent("ops", bench.now, &failed);
    let result = DrillResult { channel: "ops".into(), delivered: false, detail: "503".into() };
    assert_eq!(done, [Drilled { id: ids[0], result }]);
    bench.engine.start_sends(bench.now);
    let done = bench.engine.sent("pd", bench.now, &Outcome::Sent("202".into()));
    assert!(done[0].result.delivered);
    let end = bench.engine.start_sends(bench.now).remove(0);
    assert_eq!((end.channel.as_str(), end.is_resolved()), ("pd", true));
}

#[test]
fn a_weekly_drill_begins_at_once_and_outlives_restarts() {
    let mut bench = Bench::new("drill: weekly");
    assert_eq!(bench.minute(&[]).len(), 1);
    bench.restart();
    assert_eq!(bench.minute(&[]), []);
    bench.now += 7 * 24 * 60 * MINUTE;
    assert_eq!(bench.minute(&[])[0].0, Kind::Drill);
}

#[test]
fn ten_thousand_alerts_are_no_burden() {
    let mut bench = Bench::new("rules: [{ name: errors, condition: errors > 5, message: '{value}' }]");
    let names: Vec<String> = (0..10_000).map(|at| at.to_string()).collect();
    let values: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 9.0)).collect();
    assert_eq!(bench.minute(&values).len(), 1);
    assert_eq!(bench.status().len(), 10_000);
    bench.minute(&values);
    bench.now += MINUTE;
    let series = bench.series.clone();
    let began = Instant::now();
    bench.engine.tick(bench.now, &series, &mut |_, _, _| {});
    let took = began.elapsed();
    println!("a tick of 10,000 active alerts took {took:?}");
    // What is promised is of the optimised build; without, and beside other tests, only a blunder can be found.
    let most = if cfg!(debug_assertions) { 10_000 } else { 250 };
    assert!(took < Duration::from_millis(most), "{took:?}");
}

#[test]
fn the_circumstances_can_be_asked_for() {
    let mut series = Memory::new();
    for (t, count) in [(0, 0.0), (MINUTE, 30.0)] {
        let of =
            |status: &str| Labels::new([(NAME, "http_requests_total"), ("endpoint", "/a"), ("status_code", status)]);
        series.append(of("500"), [Sample { t, v: count }]);
        series.append(of("200"), [Sample { t, v: 0.0 }]);
    }
    let said = circumstances::now(MINUTE, &series, &[]);
    assert_eq!(said.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["top_endpoints", "status_mix"]);
    assert!(said[0].1.starts_with("/a ×"), "{said:?}");
    let traced = circumstances::now(MINUTE, &series, &["4bf9".to_owned(), "ffee".to_owned()]);
    assert_eq!(traced[2], ("trace_ids".to_owned(), "4bf9, ffee".to_owned()));
    let open = Labels::new([(NAME, "circuit_breaker_open"), ("service", "code")]);
    series.append(open, [Sample { t: MINUTE, v: 1.0 }]);
    assert!(circumstances::now(MINUTE, &series, &[])[2].1.ends_with("calls: code"));
}

#[test]
fn where_nothing_fails_the_slowest_endpoints_are_told_and_whose_calls_fail_is_to_blame() {
    let mut series = Memory::new();
    let mut gains = |name: &str, labels: &[(&str, &str)], by: f64| {
        let labels = Labels::new([(NAME, name)].iter().chain(labels).copied());
        series.append(labels, [(0, 0.0), (MINUTE, by)].map(|(t, v)| Sample { t, v }));
    };
    for (endpoint, seconds) in [("/slow", 90.0), ("/quick", 3.0)] {
        gains("http_request_duration_seconds_sum", &[("endpoint", endpoint)], seconds);
        gains("http_request_duration_seconds_count", &[("endpoint", endpoint)], 30.0);
    }
    gains("service_requests_total", &[("service", "pay"), ("status_code", "200")], 60.0);
    gains("service_requests_total", &[("service", "pay"), ("status_code", "0")], 30.0);
    gains("service_requests_total", &[("service", "mail"), ("status_code", "404")], 30.0);
    let said = circumstances::now(MINUTE, &series, &[]);
    assert_eq!(said[0], ("top_endpoints".to_owned(), "/slow 3.00 s, /quick 0.10 s".to_owned()));
    assert_eq!(said[1], ("blame".to_owned(), "services that the gateway calls: pay".to_owned()));
}
