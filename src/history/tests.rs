//! The history against a slow reference, and what its samples weigh.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::base::labels::NAME;
use crate::promql::series::{Op, STALE, Sample, is_stale};

fn history(limits: Limits) -> (History, HistoryMetrics) {
    let metrics = HistoryMetrics::register(&crate::metrics::Registry::new()).unwrap();
    (History::new(limits, metrics.clone()), metrics)
}

fn equal(name: &str, value: &str) -> Matcher {
    Matcher { name: name.into(), op: Op::Equal(value.into()) }
}

fn series(name: &str, at: u32) -> Labels {
    Labels::new([(NAME, name.to_owned()), ("at", at.to_string())])
}

fn bits(found: Vec<SeriesData>) -> BTreeMap<Labels, Vec<(i64, u64)>> {
    found
        .into_iter()
        .map(|series| {
            (series.labels, series.samples.into_iter().map(|sample| (sample.t, sample.v.to_bits())).collect())
        })
        .collect()
}

/// One sampling of a random run: which source, how much later, and what it reports.
#[derive(Clone, Debug)]
struct Sampling {
    source: u8,
    later: i64,
    reported: Vec<(u32, f64)>,
}

fn sampling(series: u32) -> impl Strategy<Value = Sampling> {
    let value = prop_oneof![(0..1_000_i64).prop_map(|n| n as f64), any::<f64>()];
    (0_u8..3, 0_i64..20_000, prop::collection::vec((0..series, value), 0..12))
        .prop_map(|(source, later, reported)| Sampling { source, later, reported })
}

/// Matchers over the labels that [`series`] makes, absent ones too.
fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(Op::Equal("3".into())),
        Just(Op::Equal(String::new())),
        Just(Op::NotEqual("3".into())),
        Just(Op::NotEqual(String::new())),
        Just(Op::Matches(regex::Regex::new("^(?:[1-4]|)$").unwrap())),
        Just(Op::Matches(regex::Regex::new("^(?:.*[24])$").unwrap())),
        Just(Op::NotMatches(regex::Regex::new("^(?:a|[1-4])$").unwrap())),
    ];
    (prop_oneof![Just("at"), Just("absent"), Just(NAME)], op).prop_map(|(name, op)| Matcher { name: name.into(), op })
}

/// What the history must hold when nothing has to go, in the plainest form.
#[derive(Default)]
struct Reference {
    series: BTreeMap<Labels, (u8, Vec<Sample>)>,
    reported: BTreeMap<u8, Vec<Labels>>,
}

impl Reference {
    fn push(&mut self, source: u8, labels: &Labels, sample: Sample) {
        let (owner, samples) = self.series.entry(labels.clone()).or_default();
        *owner = source;
        if samples.last().is_none_or(|last| last.t < sample.t) {
            samples.push(sample);
        }
    }

    fn sample(&mut self, source: u8, now: i64, reported: &[(Labels, f64)]) {
        for (labels, v) in reported {
            self.push(source, labels, Sample { t: now, v: *v });
        }
        let labels = reported.iter().map(|(labels, _)| labels.clone()).collect();
        for gone in self.reported.insert(source, labels).unwrap_or_default() {
            let (owner, samples) = &self.series[&gone];
            let alive = samples.last().is_some_and(|last| !is_stale(last.v));
            if *owner == source && alive && !reported.iter().any(|(labels, _)| *labels == gone) {
                self.push(source, &gone, Sample { t: now, v: f64::from_bits(STALE) });
            }
        }
    }

    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> BTreeMap<Labels, Vec<(i64, u64)>> {
        let passes = |labels: &Labels| matchers.iter().all(|matcher| matcher.accepts(labels));
        let window = |samples: &[Sample]| {
            samples.iter().filter(|s| (from..=to).contains(&s.t)).map(|s| (s.t, s.v.to_bits())).collect::<Vec<_>>()
        };
        let found = self.series.iter().filter(|(labels, _)| passes(labels));
        found.map(|(labels, (_, samples))| (labels.clone(), window(samples))).filter(|(_, s)| !s.is_empty()).collect()
    }
}

proptest! {
    #[test]
    fn select_equals_a_slow_reference(
        run in prop::collection::vec(sampling(8), 1..300),
        matchers in prop::collection::vec(matcher(), 0..3),
        windows in prop::collection::vec((-10_000_i64..3_000_000, 0_i64..2_000_000), 1..6),
    ) {
        let (history, _) = history(Limits { budget: usize::MAX / 2, retention: i64::MAX });
        let mut reference = Reference::default();
        let mut now = 0;
        for (step, (_, back)) in run.into_iter().zip(windows.iter().cycle()) {
            now += step.later;
            let reported: Vec<_> = step.reported.iter().map(|(at, v)| (series("a", *at), *v)).collect();
            history.sample(&step.source.to_string(), now, reported.clone());
            reference.sample(step.source, now, &reported);
            // Between samplings, as rules do: what one read leaves behind must not show in the next.
            for from in [now - back / 20, now - back / 30, now - back / 10] {
                prop_assert_eq!(bits(history.select(&matchers, from, now)), reference.select(&matchers, from, now));
            }
        }
        for (from, length) in windows {
            let found = bits(history.select(&matchers, from, from + length));
            prop_assert_eq!(found, reference.select(&matchers, from, from + length));
        }
    }

    #[test]
    fn the_budget_is_never_exceeded(
        budget in 0_usize..200_000,
        run in prop::collection::vec(sampling(400), 1..300),
        guaranteed in 0_i64..1_000_000,
    ) {
        let (history, _) = history(Limits { budget, retention: 2_000_000 });
        history.guarantee(vec![Guarantee { matchers: vec![equal("at", "7")], window: guaranteed }]);
        let mut now = 0;
        for step in run {
            now += step.later;
            history.sample(&step.source.to_string(), now, step.reported.iter().map(|(at, v)| (series("a", *at), *v)));
            let stats = history.stats();
            prop_assert!(stats.bytes <= budget, "{stats:?}");
        }
    }
}

#[test]
fn a_series_that_vanishes_ends_with_a_stale_marker_once() {
    let (history, _) = history(Limits::default());
    history.sample("agent", 0, [(series("a", 1), 1.0), (series("a", 2), 2.0)]);
    history.sample("agent", 10, [(series("a", 2), 2.0)]);
    history.sample("agent", 20, [(series("a", 2), 2.0)]);
    let ended = history.select(&[equal("at", "1")], 0, 99);
    assert_eq!(bits(ended)[&series("a", 1)], [(0, 1.0_f64.to_bits()), (10, STALE)]);
    history.sample("agent", 30, [(series("a", 1), 3.0)]);
    assert_eq!(history.select(&[equal("at", "1")], 30, 99)[0].samples, [Sample { t: 30, v: 3.0 }]);
}

#[test]
fn a_source_that_is_down_ends_its_own_series_only() {
    let (history, _) = history(Limits::default());
    history.sample("agent", 0, [(series("ours", 1), 1.0)]);
    history.sample("merged", 0, [(series("theirs", 1), 1.0)]);
    history.sample("merged", 10, []);
    assert_eq!(history.select(&[equal(NAME, "ours")], 1, 99), []);
    assert!(is_stale(history.select(&[equal(NAME, "theirs")], 1, 99)[0].samples[0].v));
}

#[test]
fn retention_forgets_chunks_and_then_the_series() {
    let (history, metrics) = history(Limits { budget: 16 << 20, retention: 600_000 });
    for n in 0..1_000 {
        history.sample("agent", n * 10_000, [(series("a", 1), n as f64)]);
    }
    let stats = history.stats();
    assert!((60..=60 + 240 + 6).contains(&stats.samples), "{stats:?}");
    assert!(metrics.dropped_retention.get() >= 2);
    history.sample("agent", 20_000_000, []);
    history.sample("agent", 21_000_000, []);
    assert_eq!(history.stats(), Stats::default());
}

#[test]
fn what_rules_need_goes_last_and_outlives_retention() {
    let (history, metrics) = history(Limits { budget: 100_000, retention: 3_600_000 });
    history.guarantee(vec![Guarantee { matchers: vec![equal(NAME, "needed")], window: 40_000_000 }]);
    for n in 0..4_000 {
        let other = (0..40).map(|at| (series("other", at), (n * n % 1_000) as f64 / 3.0));
        history.sample("agent", n * 10_000, other.chain([(series("needed", 1), n as f64)]));
    }
    let needed = history.select(&[equal(NAME, "needed")], 0, i64::MAX);
    assert_eq!(needed[0].samples.len(), 4_000);
    assert!(metrics.dropped_budget.get() > 0 && metrics.dropped_needed.get() == 0);
}

#[test]
fn a_flood_of_new_series_does_not_stop_the_living() {
    let (history, metrics) = history(Limits { budget: 100_000, retention: 3_600_000 });
    for n in 0..100 {
        let flood = (0..100).map(|at| (series("flood", (n * 100 + at) as u32), 1.0));
        history.sample("agent", n * 10_000, [(series("living", 1), n as f64)].into_iter().chain(flood));
    }
    assert!(metrics.refused_budget.get() > 0);
    assert_eq!(history.select(&[equal(NAME, "living")], 0, i64::MAX)[0].samples.len(), 100);
}

#[test]
fn a_sample_that_is_not_later_is_refused_and_counted() {
    let (history, metrics) = history(Limits::default());
    history.sample("agent", 10, [(series("a", 1), 1.0), (series("a", 1), 2.0)]);
    history.sample("agent", 5, [(series("a", 1), 3.0)]);
    assert_eq!(metrics.refused_order.get(), 2);
    assert_eq!(history.select(&[], 0, 99)[0].samples, [Sample { t: 10, v: 1.0 }]);
}

/// A stream of numbers that look random and are always the same ones.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How many requests arrive where `mean` are expected.
    fn arrivals(&mut self, mean: f64) -> f64 {
        let normal = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (mean + mean.sqrt() * normal).round().max(0.0)
    }
}

/// Thirty endpoints over six hours at 10 s, as our registry shows them: four status codes and a histogram of eleven buckets
/// each, from two requests a minute to a thousand a second, the load swinging as it does over a day, the clock a little uneven.
#[test]
fn traffic_takes_at_most_two_bytes_per_sample() {
    let (history, _) = history(Limits { budget: 64 << 20, ..Limits::default() });
    let mut noise = Noise(7);
    let shares = [0.02, 0.1, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0];
    let mut totals = vec![[0.0; 4 + 11 + 1]; 30];
    for tick in 0..2_160 {
        let now = tick * 10_000 + (noise.next() * 6.0) as i64;
        let swing = 1.0 + 0.5 * (tick as f64 / 700.0).sin();
        let mut reported = Vec::new();
        for (endpoint, total) in totals.iter_mut().enumerate() {
            let rate = 0.33 * (10_000_f64 / 0.33).powf(endpoint as f64 / 29.0) * swing;
            let labels = |name: &str, more: (&str, String)| {
                Labels::new([(NAME, name.to_owned()), ("endpoint", format!("/api/v1/{endpoint}")), (more.0, more.1)])
            };
            for (status, share) in [0.97, 0.02, 0.008, 0.002].into_iter().enumerate() {
                total[status] += noise.arrivals(rate * share);
                reported.push((labels("http_requests_total", ("status_code", status.to_string())), total[status]));
            }
            let (mut arrived, mut below) = (0.0, 0.0);
            for (bucket, share) in shares.into_iter().enumerate() {
                arrived += noise.arrivals(rate * (share - below));
                below = share;
                total[4 + bucket] += arrived;
                reported.push((labels("seconds_bucket", ("le", bucket.to_string())), total[4 + bucket]));
            }
            total[15] += arrived * (0.05 + 0.01 * noise.next());
            reported.push((labels("seconds_sum", ("", String::new())), total[15]));
            reported.push((labels("seconds_count", ("", String::new())), total[14]));
        }
        history.sample("agent", now, reported);
    }
    let stats = history.stats();
    let each = stats.bytes as f64 / stats.samples as f64;
    println!(
        "{} series, {} samples, {} bytes: {each:.3} bytes per sample, all told",
        stats.series, stats.samples, stats.bytes
    );
    assert_eq!(stats.samples, 30 * 17 * 2_160);
    assert!(each <= 2.0, "{each}");
}

/// A folder of this test's own, gone when the test is over.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("outrider-history-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Two sources, a gap, a series that has ended, values of both kinds.
fn filled() -> History {
    let (history, _) = history(Limits::default());
    for n in 0..700 {
        let some = (0..3).filter(|at| n < 500 || *at != 1).map(|at| (series("a", at), (n * i64::from(at)) as f64));
        history.sample("agent", n * 10_000, some);
        history.sample("merged", n * 10_000, [(series("b", 1), n as f64 / 7.0)]);
    }
    history
}

#[test]
fn a_restart_goes_on_where_the_last_run_stopped() {
    let folder = Folder::new("restart");
    let (path, before) = (folder.0.join("history"), filled());
    before.save(&path).unwrap();
    let (after, _) = history(Limits::default());
    after.load(&path).unwrap();
    assert_eq!(bits(after.select(&[], i64::MIN, i64::MAX)), bits(before.select(&[], i64::MIN, i64::MAX)));
    after.sample("agent", 7_010_000, [(series("a", 0), 1.0)]);
    assert_eq!(after.select(&[equal("at", "0")], 7_000_000, i64::MAX)[0].samples.len(), 1, "it goes on");
    assert!(is_stale(after.select(&[equal("at", "2")], 7_000_000, i64::MAX)[0].samples[0].v), "gone with the last run");
    assert_eq!(after.select(&[equal("at", "1"), equal(NAME, "a")], 7_000_000, i64::MAX), [], "had ended before");
}

#[test]
fn what_does_not_fit_the_budget_of_the_new_run_is_what_is_oldest() {
    let folder = Folder::new("budget");
    let (path, before) = (folder.0.join("history"), filled());
    before.save(&path).unwrap();
    let (after, metrics) = history(Limits { budget: 6_000, ..Limits::default() });
    after.load(&path).unwrap();
    assert!(after.stats().bytes <= 6_000 && metrics.dropped_budget.get() > 0);
    assert_eq!(after.select(&[equal(NAME, "b")], 6_990_000, i64::MAX)[0].samples.len(), 1);
}

#[test]
fn a_file_that_cannot_be_trusted_is_refused_with_the_reason() {
    let folder = Folder::new("refused");
    let path = folder.0.join("history");
    filled().save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let (history, _) = history(Limits::default());
        let error = history.load(&path).unwrap_err().to_string();
        assert_eq!(history.stats(), Stats::default());
        error
    };
    let changed =
        |at: usize, to: u8| good.iter().enumerate().map(|(n, b)| if n == at { to } else { *b }).collect::<Vec<_>>();
    assert_eq!(refused(b"not ours"), "it is not a history file");
    assert_eq!(refused(&good[..10]), "it is damaged (cut short)");
    assert_eq!(refused(&good[..good.len() - 100]), "it is damaged (its checksum is wrong)");
    assert_eq!(refused(&changed(good.len() / 2, !good[good.len() / 2])), "it is damaged (its checksum is wrong)");
    assert_eq!(refused(&changed(8, 2)), "it has version 2, this release reads version 1");
    assert!(matches!(history(Limits::default()).0.load(&folder.0.join("none")), Err(SpillError::Read(_))));
}
