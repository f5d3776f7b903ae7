//! Generated queries answered by us and by a real Prometheus over the same samples.
//!
//! The Prometheus is Debian's, of version 2: it takes a range to include a sample exactly at its start, and looks back to
//! include one exactly five minutes old, where version 3 does not. So that both are equal, no sample and no step of a
//! subquery lies on such an edge: samples are taken at fractions of a second, queries at 7 s past a multiple of 10 s, and
//! all durations are multiples of 10 s. Version 2 also extends a counter to its zero point by other rules where samples are
//! missing at the start of a range; so counters here have no gaps. Functions are asked for by the name that both know.

use outrider::base::Labels;
use outrider::promql::series::{Sample, SeriesData};
use outrider::promql::{Limits, Memory, Query, Value};
use serde_json::Value as Json;

use super::generate::Generator;
use super::peer::Peer;

/// Unix seconds of the first sample.
const START: i64 = 1_600_000_000;
const SAMPLES: i64 = 480;
const INTERVAL: i64 = 15;
const QUERIES: usize = 2000;
const SEED: u64 = 0x5eed;

#[test]
fn a_real_prometheus_gives_the_same_answers() {
    let series = samples();
    let peer = Peer::start(&series);
    let mut memory = Memory::new();
    series.iter().for_each(|one| memory.append(one.labels.clone(), one.samples.iter().copied()));

    let mut generator = Generator::new(SEED, START);
    let (mut answered, mut refused, mut empty) = (0, 0, 0);
    let mut faults = Vec::new();
    for number in 0..QUERIES {
        let text = generator.query();
        // Over the middle of the samples, so that ranges and offsets find some.
        let at = START + 3600 + 7 + 10 * generator.below(240) as i64;
        let steps = if number % 2 == 0 { None } else { Some((at + 600, 10 * (1 + generator.below(9) as i64))) };
        let (ours, theirs) = match steps {
            None => (
                Query::parse(&text).and_then(|query| query.instant(&memory, at * 1000, &Limits::default())),
                peer.get("query", &[("query", text.clone()), ("time", at.to_string())]),
            ),
            Some((end, step)) => (
                Query::parse(&text)
                    .and_then(|query| query.range(&memory, at * 1000, end * 1000, step * 1000, &Limits::default())),
                peer.get(
                    "query_range",
                    &[
                        ("query", text.clone()),
                        ("start", at.to_string()),
                        ("end", end.to_string()),
                        ("step", step.to_string()),
                    ],
                ),
            ),
        };
        match (ours, theirs) {
            (Err(_), Err(_)) => refused += 1,
            (Ok(ours), Ok(theirs)) => match differ(&ours.value, &theirs["result"], at * 1000) {
                Some(difference) => faults.push(format!("{text}\n  at {at} {steps:?}: {difference}")),
                None if theirs["result"].as_array().is_some_and(Vec::is_empty) => empty += 1,
                None => answered += 1,
            },
            (Ok(_), Err(error)) => {
                faults.push(format!("{text}\n  at {at} {steps:?}: only Prometheus refuses: {error}"))
            }
            (Err(error), Ok(_)) => faults.push(format!("{text}\n  at {at} {steps:?}: only we refuse: {error}")),
        }
    }
    println!("{answered} answers with samples, {empty} without, {refused} refused by both");
    assert!(faults.is_empty(), "{} of {QUERIES} differ\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(answered > QUERIES / 2, "most queries find samples: {answered} of {QUERIES}");
}

/// What is different, if anything is. Answers are compared as sets; their order is what scripts test.
fn differ(ours: &Value, theirs: &Json, at: i64) -> Option<String> {
    let mut ours = match ours {
        Value::Scalar(value) => {
            vec![SeriesData { labels: Labels::empty(), samples: vec![Sample { t: at, v: *value }] }]
        }
        Value::Vector(elements) => {
            let one =
                |e: &outrider::promql::Element| SeriesData { labels: e.labels.clone(), samples: vec![e.sample(at)] };
            elements.iter().map(one).collect()
        }
        Value::Matrix(rows) => rows.clone(),
        Value::String(_) => return Some("a string".into()),
    };
    let mut theirs = series_of(theirs);
    ours.sort_by(|a, b| a.labels.cmp(&b.labels));
    theirs.sort_by(|a, b| a.labels.cmp(&b.labels));
    let labels = |all: &[SeriesData]| all.iter().map(|one| one.labels.to_string()).collect::<Vec<_>>();
    if labels(&ours) != labels(&theirs) {
        return Some(format!("ours {:?}\n  theirs {:?}", labels(&ours), labels(&theirs)));
    }
    let different = |(a, b): &(&SeriesData, &SeriesData)| {
        a.samples.len() != b.samples.len()
            || a.samples.iter().zip(&b.samples).any(|(a, b)| a.t != b.t || !equal(a.v, b.v))
    };
    ours.iter()
        .zip(&theirs)
        .find(different)
        .map(|(a, b)| format!("{}\n  ours   {:?}\n  theirs {:?}", a.labels, a.samples, b.samples))
}

fn equal(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn series_of(result: &Json) -> Vec<SeriesData> {
    let sample = |pair: &Json| Sample {
        t: (pair[0].as_f64().expect("a time") * 1000.0).round() as i64,
        v: pair[1].as_str().expect("a value").parse().expect("a number"),
    };
    let Some(list) = result.as_array() else { return Vec::new() };
    // A scalar is its time and its value.
    if list.first().is_some_and(Json::is_number) {
        return vec![SeriesData { labels: Labels::empty(), samples: vec![sample(result)] }];
    }
    let one = |entry: &Json| {
        let pairs = entry["metric"].as_object().expect("labels").iter();
        let labels = Labels::new(pairs.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())));
        let samples = match entry["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&entry["value"])],
        };
        SeriesData { labels, samples }
    };
    list.iter().map(one).collect()
}

fn samples() -> Vec<SeriesData> {
    let mut random = Generator::new(SEED + 1, START);
    let mut out = Vec::new();
    let mut add = |labels: &[(&str, &str)], value: &mut dyn FnMut(i64) -> Option<f64>| {
        let sample = |at: i64| value(at).map(|v| Sample { t: (START + at * INTERVAL) * 1000 + 3217, v });
        out.push(SeriesData {
            labels: Labels::new(labels.iter().copied()),
            samples: (0..SAMPLES).filter_map(sample).collect(),
        });
    };
    for job in ["api", "worker"] {
        for instance in ["0", "1", "2"] {
            for code in ["200", "404", "500"] {
                let mut count = 1e6;
                add(
                    &[("__name__", "requests_total"), ("job", job), ("instance", instance), ("code", code)],
                    &mut |_| {
                        count += random.below(50) as f64;
                        if random.below(90) == 0 {
                            count = random.below(10) as f64;
                        }
                        Some(count)
                    },
                );
            }
            let mut memory = 1e9;
            add(&[("__name__", "memory_bytes"), ("job", job), ("instance", instance)], &mut |at| {
                memory += random.below(2_000_000) as f64 - 1e6;
                // Missing now and then, and for longer than the lookback once.
                let gone = instance == "2" && (200..230).contains(&at);
                (random.below(12) != 0 && !gone).then_some(memory)
            });
            add(&[("__name__", "temperature"), ("job", job), ("instance", instance)], &mut |_| {
                let value = random.below(6000) as f64 / 100.0 - 20.0;
                Some(if random.below(60) == 0 { f64::NAN } else { value })
            });
        }
        for version in ["1.2", "1.3"] {
            add(&[("__name__", "build_info"), ("job", job), ("version", version)], &mut |at| {
                ((version == "1.2") == (at < 260)).then_some(1.0)
            });
        }
        let mut counts = [0.0; 5];
        for (bound, le) in ["0.1", "0.5", "1", "5", "+Inf"].into_iter().enumerate() {
            let mut seed = Generator::new(SEED + 2, START);
            add(&[("__name__", "latency_seconds_bucket"), ("job", job), ("le", le)], &mut |_| {
                // Every bucket counts the same observations, so that counts rise with the bound.
                (0..5).for_each(|bucket| {
                    counts[bucket] = if bucket <= bound {
                        counts[bucket] + seed.below(20) as f64
                    } else {
                        seed.below(20);
                        counts[bucket]
                    }
                });
                Some(1e5 * (bound + 1) as f64 + counts[..=bound].iter().sum::<f64>())
            });
            counts = [0.0; 5];
        }
    }
    out
}
