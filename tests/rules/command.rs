//! The rest of the command line: exit codes, faults, and what would have fired.

use std::process::Command;

use outrider::base::Labels;
use outrider::history::{History, HistoryMetrics, Limits};

use crate::both::outrider_with;

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn check_tells_every_fault_of_a_configurations_rules() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "a.yaml", "groups: [{name: a, rules: [{alert: A, expr: 'up =='}]}]");
    let config = write(
        &folder,
        "agent.yaml",
        "alerting:\n  rule_files: [a.yaml]\n  rules: [{name: mine, condition: up > 1, message: '{upp:.1f}'}]\n",
    );
    let said = outrider_with(&["check", "--config", &config]);
    assert!(!said.good);
    for part in [
        "outrider: the rules have 2 faults",
        "a.yaml: groups[0].rules[0].expr (A): could not parse expression: 1:6: parse error",
        "agent.yaml: alerting.rules[0].message (mine): column 1: `upp` is no signal",
    ] {
        assert!(said.text.contains(part), "{part}\n{}", said.text);
    }
    std::fs::write(&config, "alerting: { defaults: true }\n").unwrap();
    let said = outrider_with(&["check", "--config", &config]);
    assert!(said.good && said.text.contains("outrider-signals: 12 rules found"), "{}", said.text);
}

#[test]
fn bad_usage_ends_with_two() {
    for args in [
        &["rules"][..],
        &["rules", "test"],
        &["rules", "backtest", "--since", "x"],
        &["rules", "export", "--kind", "x"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_outrider")).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

/// One request in ten fails from minute 20 to minute 39.
fn failed(minute: i64) -> bool {
    (20..40).contains(&minute)
}

const FIRED: &str = "high_error_rate: fired once";

#[test]
fn a_backtest_of_a_history_file_tells_what_would_have_fired() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(&folder, "agent.yaml", "alerting: { defaults: true }\n");
    let path = folder.path().join("history");
    let history =
        History::new(Limits::default(), HistoryMetrics::register(&outrider::metrics::Registry::new()).unwrap());
    let start = 1_700_000_000_000;
    let (mut good, mut bad) = (0.0, 0.0);
    for tick in 0..360 {
        good += 90.0;
        bad += if failed(tick / 6) { 10.0 } else { 0.0 };
        let series =
            |code: &str| Labels::new([("__name__", "http_requests_total"), ("endpoint", "/a"), ("status_code", code)]);
        history.sample("agent", start + tick * 10_000, [(series("200"), good), (series("500"), bad)]);
    }
    history.save(&path).unwrap();
    let said = outrider_with(&["backtest", "--config", &config, "--from", path.to_str().unwrap()]);
    assert!(said.good && said.text.contains(FIRED), "{}", said.text);
    assert!(said.text.contains("    summary: High error rate detected: "), "{}", said.text);
    let quiet = ["backtest", "--config", &config, "--from", path.to_str().unwrap(), "--since", "10m"];
    let said = outrider_with(&quiet);
    assert!(said.good && said.text.contains("high_error_rate: never active"), "{}", said.text);
}

#[test]
fn a_backtest_of_openmetrics_takes_rule_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("# TYPE up gauge\n");
    for minute in 0..60 {
        text.push_str(&format!("up{{job=\"a\"}} {} {}\n", u8::from(!failed(minute)), 1_700_000_000 + minute * 60));
    }
    let past = write(&folder, "past.txt", &(text.clone() + "# EOF\n"));
    let rules = write(&folder, "rules.yaml", "groups: [{name: a, rules: [{alert: Down, expr: up == 0, for: 5m}]}]");
    let said = outrider_with(&["backtest", "--rules", &rules, "--from", &past, "--step", "1m"]);
    assert!(said.good && said.text.contains("Down: fired once, active at 20 evaluations"), "{}", said.text);
    assert!(
        said.text.contains("2023-11-14T22:38:20Z  {alertname=\"Down\", job=\"a\"}  for 15m  value 0"),
        "{}",
        said.text
    );

    let broken = write(&folder, "broken.txt", "up 1\n# EOF\n");
    let said = outrider_with(&["backtest", "--rules", &rules, "--from", &broken]);
    assert!(!said.good && said.text.contains("broken.txt: line 1: it has no time"), "{}", said.text);
    let damaged = write(&folder, "history", "OUTRHIST and more");
    let said = outrider_with(&["backtest", "--rules", &rules, "--from", &damaged]);
    assert!(!said.good && said.text.contains("history: it "), "{}", said.text);
}
