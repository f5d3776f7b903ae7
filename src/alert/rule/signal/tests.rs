//! The signals over traffic that is known.

use std::collections::BTreeMap;

use super::*;
use crate::alert::rule::Context;
use crate::base::Labels;
use crate::promql::notation::{Item, parse_series};
use crate::promql::series::Sample;
use crate::promql::{Limits, Memory};

fn options() -> Options {
    Options { min_requests: 20, exclude: vec!["/healthz".into(), "/users/{id}".into()], by: Vec::new() }
}

/// Each line is a series with a value every 30 s; the signals are those after ten minutes.
fn signals(options: &Options, lines: &[&str]) -> BTreeMap<String, f64> {
    let mut source = Memory::new();
    for line in lines {
        let (labels, items) = parse_series(line).unwrap();
        let samples = items.into_iter().enumerate().filter_map(|(at, item)| match item {
            Item::Value(v) => Some(Sample { t: at as i64 * 30_000, v }),
            _ => None,
        });
        source.append(labels, samples);
    }
    let context = Context {
        external_labels: &Labels::empty(),
        external_url: "",
        limits: Limits::default(),
        options: crate::promql::Options::default(),
    };
    let mut found = BTreeMap::new();
    for rule in group(options).rules {
        let Rule::Recording(rule) = rule else { panic!("signals are recorded") };
        for (labels, v) in rule.eval(600_000, &source, &context).unwrap() {
            found.insert(labels.to_string(), v);
        }
    }
    found
}

fn about(found: Option<&f64>, want: f64) -> bool {
    found.is_some_and(|found| (found - want).abs() < 1e-9)
}

#[test]
fn error_rate_is_the_part_of_5xx_among_requests_that_count() {
    let traffic = [
        r#"http_requests_total{endpoint="/a", status_code="200"} 0+90x20"#,
        r#"http_requests_total{endpoint="/a", status_code="404"} 0+5x20"#,
        r#"http_requests_total{endpoint="/b", status_code="503"} 0+5x20"#,
        r#"http_requests_total{endpoint="/healthz", status_code="500"} 0+100x20"#,
        r#"http_requests_total{endpoint="/users/{id}", status_code="500"} 0+100x20"#,
    ];
    let found = signals(&options(), &traffic);
    assert!(about(found.get("error_rate"), 0.05) && about(found.get("request_rate"), 100.0 / 30.0), "{found:?}");
    let all = signals(&Options { exclude: Vec::new(), ..options() }, &traffic);
    assert!(about(all.get("error_rate"), 205.0 / 300.0), "{all:?}");
}

#[test]
fn without_any_5xx_the_error_rate_is_zero_and_with_few_requests_it_is_absent() {
    let found = signals(&options(), &[r#"http_requests_total{endpoint="/a", status_code="200"} 0+10x20"#]);
    assert_eq!(found.get("error_rate"), Some(&0.0));
    let few = signals(&options(), &[r#"http_requests_total{endpoint="/a", status_code="500"} 0+1x20"#]);
    assert_eq!(few.get("error_rate"), None, "ten requests in five minutes");
    assert!(few.contains_key("request_rate"));
    let any = Options { min_requests: 0, ..options() };
    let found = signals(&any, &[r#"http_requests_total{endpoint="/a", status_code="500"} 0+1x20"#]);
    assert_eq!(found.get("error_rate"), Some(&1.0));
    let none = signals(&any, &[r#"http_requests_total{endpoint="/a", status_code="500"} 7x20"#]);
    assert_eq!(none.get("error_rate"), None, "no request at all has no rate");
}

#[test]
fn response_times_are_average_and_quantiles() {
    let found = signals(
        &options(),
        &[
            r#"http_request_duration_seconds_bucket{endpoint="/a", le="0.1"} 0+90x20"#,
            r#"http_request_duration_seconds_bucket{endpoint="/a", le="1"} 0+100x20"#,
            r#"http_request_duration_seconds_bucket{endpoint="/a", le="+Inf"} 0+100x20"#,
            r#"http_request_duration_seconds_sum{endpoint="/a"} 0+20x20"#,
            r#"http_request_duration_seconds_count{endpoint="/a"} 0+100x20"#,
        ],
    );
    assert!(about(found.get("avg_response_time"), 0.2), "{found:?}");
    assert!(about(found.get("p95_response_time"), 0.55) && about(found.get("p99_response_time"), 0.91), "{found:?}");
}

#[test]
fn breakers_and_services_are_told_apart() {
    let found = signals(
        &options(),
        &[
            r#"circuit_breaker_state{service="a", state="open"} 1x20"#,
            r#"circuit_breaker_state{service="a", state="closed"} 0x20"#,
            r#"circuit_breaker_state{service="b", state="open"} 0x20"#,
            r#"service_instances_total{service="a", health="healthy"} 0x20"#,
            r#"service_instances_total{service="a", health="unhealthy"} 2x20"#,
            r#"service_instances_total{service="b", health="healthy"} 1x20"#,
            r#"service_instances_total{service="b", health="unhealthy"} 1x20"#,
            r#"service_instances_total{service="c", health="healthy"} 0x20"#,
            r#"service_instances_total{service="c", health="unhealthy"} 0x20"#,
        ],
    );
    let value = |signal: &str, service: &str| found.get(&format!("{signal}{{service={service:?}}}")).copied();
    assert_eq!(["a", "b"].map(|service| value("circuit_breaker_open", service)), [Some(1.0), Some(0.0)]);
    let unavailable = ["a", "b", "c"].map(|service| value("service_unavailable", service));
    assert_eq!(unavailable, [Some(1.0), Some(0.0), Some(0.0)], "a service that nobody has checked yet is not down");
}

#[test]
fn the_other_signals_say_what_their_names_say() {
    let found = signals(
        &options(),
        &[
            "gateway_memory_bytes 450x20",
            "gateway_memory_limit_bytes 500x20",
            r#"rate_limit_requests_total{result="limited"} 0+10x20"#,
            r#"code_generations_total{framework="a", status="success"} 0+3x20"#,
            r#"code_generations_total{framework="b", status="failed"} 0+1x20"#,
            r#"code_generations_total{framework="b", status="pending"} 0+9x20"#,
            r#"image_generations_total{status="success"} 0+2x20"#,
            r#"websocket_connections_total{event="closed", endpoint="/ws"} 0+9x20"#,
            r#"websocket_connections_total{event="aborted", endpoint="/ws"} 0+1x20"#,
            r#"websocket_connections_total{event="opened", endpoint="/ws"} 0+50x20"#,
        ],
    );
    assert!(about(found.get("memory_usage"), 0.9), "{found:?}");
    // Prometheus' increase reaches at most half an interval beyond what was seen.
    assert!(found["rate_limit_violations_per_hour"] >= 200.0, "{found:?}");
    assert!(about(found.get("code_generation_failure_rate"), 0.25), "{found:?}");
    assert!(about(found.get("image_generation_failure_rate"), 0.0), "{found:?}");
    assert!(about(found.get("websocket_disconnection_rate"), 0.1), "{found:?}");
}

#[test]
fn signals_can_be_kept_apart_by_labels() {
    let by = Options { by: vec!["namespace".into(), "job".into()], ..options() };
    let found = signals(
        &by,
        &[
            r#"http_requests_total{namespace="n", job="a", status_code="200"} 0+10x20"#,
            r#"http_requests_total{namespace="n", job="b", status_code="500"} 0+10x20"#,
        ],
    );
    assert_eq!(found[r#"error_rate{job="a", namespace="n"}"#], 0.0);
    assert_eq!(found[r#"error_rate{job="b", namespace="n"}"#], 1.0);
}

#[test]
fn every_shape_of_options_gives_valid_expressions() {
    for exclude in [Vec::new(), vec!["/a\"b\\{c}".to_owned()]] {
        for by in [Vec::new(), vec!["job".to_owned()]] {
            assert_eq!(group(&Options { min_requests: 1, exclude: exclude.clone(), by }).rules.len(), names().count());
        }
    }
}
