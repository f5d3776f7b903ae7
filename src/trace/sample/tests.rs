//! Rates, budgets and what is kept.

use super::*;
use crate::config::Config;
use crate::trace::id::Ids;

const SECOND: Duration = Duration::from_secs(1);

fn sampler(yaml: &str, now: Instant) -> Sampler {
    let text = format!("tracing: {{ {yaml} }}");
    let config = crate::config::parse(&text, std::path::Path::new(""), &|_| None);
    Sampler::new(&config.unwrap_or_else(|errors| panic!("{errors}")).tracing, now)
}

fn remote(sampled: Option<bool>) -> Remote {
    Remote { ids: None, sampled, random: false, debug: false }
}

fn traces(count: usize) -> Vec<TraceId> {
    let mut ids = Ids::from_seed([3; 32]);
    (0..count).map(|_| ids.trace()).collect()
}

#[test]
fn a_rate_takes_its_share_and_the_same_traces_everywhere() {
    let traces = traces(20_000);
    let taken = |rate: f64| traces.iter().filter(|trace| Share::new(rate).takes(trace)).count();
    assert_eq!((taken(0.0), taken(1.0)), (0, 20_000));
    assert!((1_800..2_200).contains(&taken(0.1)), "{}", taken(0.1));
    // Who takes less takes a part of what others take.
    assert!(traces.iter().all(|trace| !Share::new(0.1).takes(trace) || Share::new(0.3).takes(trace)));
}

#[test]
fn the_caller_decides_before_the_endpoint_and_the_endpoint_before_the_rate() {
    let now = Instant::now();
    let sampler = sampler("sample_rate: 0", now);
    let trace = &traces(1)[0];
    let decide = |remote: Option<Remote>, route| sampler.decide(now, trace, remote.as_ref(), route);
    assert_eq!(decide(None, None), Decision { sampled: false, why: Why::Rate });
    assert_eq!(decide(None, Some(Share::new(1.0))), Decision { sampled: true, why: Why::Route });
    assert_eq!(decide(Some(remote(None)), None), Decision { sampled: false, why: Why::Rate });
    assert_eq!(decide(Some(remote(Some(true))), None), Decision { sampled: true, why: Why::Caller });
    let no = decide(Some(remote(Some(false))), Some(Share::new(1.0)));
    assert_eq!(no, Decision { sampled: false, why: Why::Caller });
}

#[test]
fn no_second_has_more_spans_than_the_budget() {
    let began = Instant::now();
    let sampler = sampler("max_spans_per_second: 100", began);
    for second in 0..5 {
        let now = began + SECOND * second;
        let made = traces(1_000).iter().filter(|trace| sampler.decide(now, trace, None, None).sampled).count();
        let late = (0..1_000).filter(|_| sampler.keep(now, true, SECOND).is_some()).count();
        assert!(made <= 90, "{made} in second {second}");
        // From the second on, the rate makes what it should and not the limit.
        assert!(made >= 60, "{made} in second {second}");
        assert_eq!(made + late, 100, "in second {second}");
    }
}

#[test]
fn the_rate_falls_with_the_load_and_rises_again() {
    let began = Instant::now();
    let sampler = sampler("max_spans_per_second: 100", began);
    assert_eq!(sampler.factor(), 1.0);
    let ask = |second: u32, count| {
        let now = began + SECOND * second;
        traces(count).iter().for_each(|trace| assert!(sampler.decide(now, trace, None, None).why != Why::Caller));
    };
    ask(0, 900);
    ask(1, 50);
    assert!((sampler.factor() - 0.1).abs() < 1e-9, "{}", sampler.factor());
    ask(2, 1);
    assert_eq!(sampler.factor(), 1.0);
    ask(2, 1_799);
    // Ten seconds of which one was busy are not busy.
    ask(22, 1);
    assert_eq!(sampler.factor(), 1.0);
}

#[test]
fn errors_and_slow_ones_are_kept() {
    let now = Instant::now();
    let with = sampler("sample_rate: 0, keep: { errors: true, slower_than: 5s }", now);
    assert_eq!(with.keep(now, true, Duration::ZERO), Some(Why::Error));
    assert_eq!(with.keep(now, false, 6 * SECOND), Some(Why::Slow));
    assert_eq!(with.keep(now, false, 5 * SECOND), None);
    let without = sampler("sample_rate: 0, keep: { errors: false, slower_than: off }", now);
    assert_eq!(without.keep(now, true, 60 * SECOND), None);
    assert_eq!(Config::default().tracing.keep.slower_than, Some(5 * SECOND));
}
