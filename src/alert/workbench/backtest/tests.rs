//! An hour of a past that is known.

use super::*;
use crate::alert::rule::file;
use crate::promql::series::Sample;
use crate::promql::{Limits, Memory, Options};

const RULES: &str = r#"
groups:
  - name: g
    rules:
      - record: level
        expr: sum(x)
      - alert: High
        expr: level > 5
        for: 1m
        annotations: { summary: "level {{ $value }}" }
      - alert: Never
        expr: level > 100
      - alert: Short
        expr: level > 8
        for: 10m
      - alert: Broken
        expr: x * on () y
"#;

fn report() -> Report {
    let mut source = Memory::new();
    let samples =
        |value: &dyn Fn(i64) -> f64| (0..=60).map(|n| Sample { t: n * 60_000, v: value(n) }).collect::<Vec<_>>();
    // High from minute 10 to 19 and from 50 on.
    let x = |n| {
        if (10..20).contains(&n) {
            6.0 + (n % 4) as f64
        } else if n >= 50 {
            7.0
        } else {
            1.0
        }
    };
    source.append(Labels::new([(NAME, "x")]), samples(&x));
    // What an earlier version of the rules recorded must not count.
    source.append(Labels::new([(NAME, "level")]), samples(&|_| 1_000.0));
    source.append(Labels::new([(NAME, "y"), ("i", "1")]), samples(&|_| 1.0));
    source.append(Labels::new([(NAME, "y"), ("i", "2")]), samples(&|_| 1.0));
    let context = Context {
        external_labels: &Labels::empty(),
        external_url: "",
        limits: Limits::default(),
        options: Options::default(),
    };
    let range = Range { warm: 0, from: 300_000, to: 3_600_000, step: 30_000 };
    run(&file::parse("rules.yaml", RULES).unwrap(), &source, range, context)
}

#[test]
fn firings_have_their_times_and_values() {
    let report = report();
    let seen: Vec<(&str, i64, Option<i64>, f64, f64)> = report
        .firings
        .iter()
        .map(|firing| (&*firing.rule, firing.from / 60_000, firing.to.map(|to| to / 60_000), firing.least, firing.most))
        .collect();
    assert_eq!(seen, [("High", 11, Some(20), 6.0, 9.0), ("High", 51, None, 7.0, 7.0)]);
    assert_eq!(report.firings[0].said, [("summary".to_owned(), "level 9".to_owned())]);
    assert_eq!(report.evaluations, 111);
}

#[test]
fn the_report_tells_of_every_rule() {
    let text = report().to_string();
    for line in [
        "111 evaluations from 1970-01-01T00:05:00Z to 1970-01-01T01:00:00Z",
        "1970-01-01T00:11:00Z  {alertname=\"High\"}  for 9m  value 6 to 9",
        "    summary: level 9",
        "1970-01-01T00:51:00Z  {alertname=\"High\"}  to the end  value 7",
        "High: fired 2 times, active at 41 evaluations",
        "Never: never active",
        "Short: never fired, pending at 6 evaluations",
        "Broken: could not be evaluated: ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}\n{text}");
    }
}
