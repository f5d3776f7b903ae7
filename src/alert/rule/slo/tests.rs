//! Burn rates: what the workbook's table says, and an outage that spends the budget.

use std::time::Duration;

use super::*;

fn slo() -> Slo {
    Slo {
        name: "checkout".into(),
        objective: 0.999,
        window: Duration::from_secs(30 * 86_400),
        latency: None,
        endpoints: Vec::new(),
        channels: vec!["slack".into()],
        runbook: Some("https://example.com".into()),
    }
}

fn texts(slo: &Slo) -> Vec<(String, String)> {
    let group = group(std::slice::from_ref(slo), &Options::default(), &[0.1, 0.25], "agent.yaml").unwrap().unwrap();
    group.rules.iter().map(|rule| (rule.name().to_owned(), rule.query().text().to_owned())).collect()
}

#[test]
fn the_thresholds_are_the_workbooks() {
    let texts = texts(&slo());
    let of = |name: &str| &texts.iter().find(|(known, _)| known == name).unwrap().1;
    let fast = of("checkout_budget_burns_fast");
    assert!(
        fast.contains(r#"slo:error_ratio:1h{slo="checkout"} > 0.0144 and slo:error_ratio:5m{slo="checkout"} > 0.0144"#)
    );
    assert!(fast.contains(r#"slo:error_ratio:6h{slo="checkout"} > 0.006 and slo:error_ratio:30m"#), "{fast}");
    let slow = of("checkout_budget_burns_slowly");
    assert!(slow.contains("slo:error_ratio:1d{slo=\"checkout\"} > 0.003 and slo:error_ratio:2h"), "{slow}");
    assert!(slow.contains("slo:error_ratio:3d{slo=\"checkout\"} > 0.001 and slo:error_ratio:6h"), "{slow}");
}

#[test]
fn a_shorter_window_needs_a_lower_burn_rate_for_the_same_part_of_its_budget() {
    let texts = texts(&Slo { window: Duration::from_secs(7 * 86_400), ..slo() });
    assert!(
        texts.iter().any(|(_, text)| text.contains("slo:error_ratio:1h{slo=\"checkout\"} > 0.00336 ")),
        "{texts:#?}"
    );
}

#[test]
fn a_latency_must_be_a_bucket_and_counts_slow_requests_as_bad() {
    let with = Slo { latency: Some(Duration::from_millis(250)), ..slo() };
    assert!(texts(&with)[1].1.contains(r#"http_request_duration_seconds_bucket{le="0.25"}"#));
    let between = Slo { latency: Some(Duration::from_millis(300)), ..slo() };
    let faults = group(&[slo(), between], &Options::default(), &[0.1, 0.25], "agent.yaml").unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "agent.yaml: slos[1].latency (checkout): 0.3 s is no bound of a bucket in `metrics.buckets.duration`; there are 0.1, 0.25"
    );
}

#[test]
fn the_rules_read_no_series_of_requests_for_longer_than_minutes() {
    let group = group(&[slo()], &Options::default(), &[], "agent.yaml").unwrap().unwrap();
    for read in group.reads(30_000) {
        let name = format!("{:?}", read.matchers[0].op);
        assert!(read.window <= 400_000 || name.contains("slo:"), "{name}: {}", read.window);
    }
    assert!(group.reads(30_000).iter().any(|read| read.window > 3 * 86_400_000 - 60_000));
}

#[test]
fn no_objectives_give_no_group() {
    assert!(group(&[], &Options::default(), &[], "agent.yaml").unwrap().is_none());
}
