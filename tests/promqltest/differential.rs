//! Generated queries answered by us, over our own compressed history, and by a real Prometheus over the same samples: it
//! scrapes a target while that runs, and the history is given each exposition at the instant at which Prometheus, asked for
//! it, says that it scraped it. So whatever Prometheus makes of a scrape that is late, fails or lacks a series is in both.
//!
//! The Prometheus is Debian's, of version 2: it takes a range to include a sample exactly at its start, and looks back to
//! include one exactly as old as may be, where version 3 does not. So that both are equal, no sample lies on such an edge:
//! when the instants of the scrapes are known, all ranges and the lookback are made multiples of a unit and so many
//! milliseconds more, and all queries are asked at so many milliseconds past a unit, that none does. Functions are asked for
//! by the name that both know. What else the versions answer differently is in `versions`: where two answers differ, a condition
//! that is stated there must hold of the query's own windows and values, or the test fails.
//!
//! More of it, with another seed:
//!
//! ```text
//! PROMQLTEST_QUERIES=20000 PROMQLTEST_SEED=7 cargo test --test promqltest a_real_prometheus -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use outrider::base::Labels;
use outrider::history::{self, History, HistoryMetrics};
use outrider::promql::series::{Sample, SeriesData};
use outrider::promql::{Limits, Options, Query, Value};
use serde_json::Value as Json;

use super::generate::{Generator, Times, seconds};
use super::peer::Peer;
use super::target::{Exposition, NUMBER, Target, expositions};
use super::versions::dispute;
use super::within::Asked;

/// Milliseconds between two scrapes.
const INTERVAL: usize = 100;
/// Half a minute of them.
const SCRAPES: usize = 300;
/// Milliseconds: what steps, offsets and instants are multiples of.
const UNIT: i64 = 200;
/// How far an instant query looks back, and the step of a subquery that names none, in units.
const LOOKBACK: i64 = 10;
const SUBQUERY_STEP: i64 = 5;
/// How many queries are asked, and the seed of all that is random, unless the environment says otherwise.
const QUERIES: u64 = 2000;
const SEED: u64 = 0x5eed;

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn a_real_prometheus_that_scrapes_what_we_sample_gives_the_same_answers() {
    let (queries, seed) = (number_from("PROMQLTEST_QUERIES", QUERIES), number_from("PROMQLTEST_SEED", SEED));
    let expositions = expositions(SCRAPES, seed + 1);
    let peer = scraped(&expositions);
    let lookback = LOOKBACK * UNIT;
    let instants = instants(&peer);
    let (past, more) = free_of_edges(&instants);
    let peer = peer.reading(lookback + more, SUBQUERY_STEP * UNIT);
    let history = sampled(&expositions, &instants);
    let first = instants[0].0;
    // Over the middle of the samples, so that ranges and offsets find some.
    let start = (first / UNIT + SCRAPES as i64 * INTERVAL as i64 * 4 / 10 / UNIT) * UNIT + past;
    let options = Options { lookback: lookback + more, subquery_step: SUBQUERY_STEP * UNIT, ..Options::default() };

    let mut generator = Generator::of_queries(seed, Times { start, unit: UNIT, more });
    let (mut answered, mut refused, mut empty) = (0, 0, 0);
    let mut disputed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for number in 0..queries {
        let text = generator.query();
        let at = start + UNIT * generator.below(60) as i64;
        let mut asked = Asked::instant(text.clone(), at, SUBQUERY_STEP * UNIT);
        let query = Query::parse(&text).map(|query| query.with_options(options));
        let (ours, theirs) = if number % 2 == 0 {
            let params = [("query", text.clone()), ("time", seconds(at))];
            (query.and_then(|query| query.instant(&history, at, &Limits::default())), peer.get("query", &params))
        } else {
            let (end, step) = (at + 10 * UNIT, UNIT * (1 + generator.below(9) as i64));
            (asked.end, asked.step) = (end, step);
            let of = [("start", at), ("end", end), ("step", step)].map(|(name, ms)| (name, seconds(ms)));
            let params: Vec<_> = of.into_iter().chain([("query", text.clone())]).collect();
            let ours = query.and_then(|query| query.range(&history, at, end, step, &Limits::default()));
            (ours, peer.get("query_range", &params))
        };
        match (ours, theirs) {
            (Err(_), Err(_)) => refused += 1,
            (Ok(ours), Ok(theirs)) => match differ(&ours.value, &theirs["result"], at) {
                Some(difference) => match dispute(&asked, &history, options, &peer) {
                    Some(why) => *disputed.entry(why).or_default() += 1,
                    None => faults.push(format!("{text}\n  at {at}, query {number}: {difference}")),
                },
                None if theirs["result"].as_array().is_some_and(Vec::is_empty) => empty += 1,
                None => answered += 1,
            },
            (Ok(_), Err(error)) => faults.push(format!("{text}\n  at {at}: only Prometheus refuses: {error}")),
            (Err(error), Ok(_)) => faults.push(format!("{text}\n  at {at}: only we refuse: {error}")),
        }
    }
    let held = history.stats();
    println!(
        "{} scrapes; {} series, {} samples in {} bytes; {answered} answers with samples, {empty} without, {refused} refused by both; \
         unlike version 2 {disputed:?}",
        instants.len(),
        held.series,
        held.samples,
        held.bytes
    );
    assert!(faults.is_empty(), "{} of {queries} differ\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(answered > queries / 2, "most queries find samples: {answered} of {queries}");
    let disputed = disputed.values().sum::<usize>() as u64;
    assert!(disputed <= queries / 20, "few answers differ by version: {disputed} of {queries}");
}

/// A Prometheus that has scraped all of it.
fn scraped(expositions: &[Exposition]) -> Peer {
    let target = Target::start(expositions);
    let peer = Peer::scraping(target.address, INTERVAL);
    let began = Instant::now();
    while target.served() <= SCRAPES {
        assert!(began.elapsed() < Duration::from_secs(180), "{} of {SCRAPES} scraped", target.served());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    peer
}

/// When Prometheus scraped, by its own account, and which exposition; none where the scrape failed.
fn instants(peer: &Peer) -> Vec<(i64, Option<usize>)> {
    let read = |query: &str| {
        let data = peer.get("query", &[("query", query.to_owned())]).expect("Prometheus reads its own samples");
        series_of(&data["result"]).remove(0).samples
    };
    let (up, numbers) = (read("up[1h]"), read(&format!("{NUMBER}[1h]")));
    let number = |t: i64| numbers.iter().find(|number| number.t == t).map(|number| number.v as usize);
    let instants: Vec<_> = up.iter().map(|up| (up.t, number(up.t))).collect();
    for (up, (t, number)) in up.iter().zip(&instants) {
        assert_eq!(up.v == 1.0, number.is_some(), "at {t} Prometheus found an exposition, or says that it did not");
    }
    let found = instants.iter().filter(|(_, number)| number.is_some()).count();
    assert!(found > SCRAPES * 9 / 10, "Prometheus has {found} of {SCRAPES} expositions");
    instants
}

/// So many milliseconds past a unit for queries, and so many more for ranges, that no sample lies where a range begins:
/// neither before a query nor before a step of a subquery, which is a multiple of the unit.
fn free_of_edges(instants: &[(i64, Option<usize>)]) -> (i64, i64) {
    let is_free = |offset: i64| instants.iter().all(|(t, _)| (t - offset).rem_euclid(UNIT) != 0);
    let more = (1..UNIT).find(|more| is_free(-more)).expect("scrapes are regular and leave some of a unit free");
    let past = (1..UNIT).find(|past| *past != more && is_free(past - more));
    (past.expect("likewise"), more)
}

/// Our history after the same scrapes.
fn sampled(expositions: &[Exposition], instants: &[(i64, Option<usize>)]) -> History {
    let metrics = HistoryMetrics::register(&outrider::metrics::Registry::new()).expect("a new registry");
    let history = History::new(history::Limits::default(), metrics);
    for (t, number) in instants {
        history.sample("target", *t, number.map_or(Vec::new(), |number| expositions[number].clone()));
    }
    history
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

/// Equal to 1e-9.
pub fn equal(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// The series of a result, whatever its type.
pub fn series_of(result: &Json) -> Vec<SeriesData> {
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
