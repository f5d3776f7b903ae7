//! Test files that pass and that fail; `tests/rules.rs` asks promtool for its verdict on more of them.

use super::*;

struct Files(tempfile::TempDir);

impl Files {
    fn new(rules: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        std::fs::write(files.0.path().join("rules.yaml"), rules).unwrap();
        files
    }

    /// The failures and warnings of a test file.
    fn run(&self, test: &str) -> Vec<String> {
        let path = self.0.path().join("test.yaml");
        std::fs::write(&path, test).unwrap();
        let verdict = run(&path, &[]);
        verdict.failures.into_iter().chain(verdict.warnings).collect()
    }
}

const RULES: &str = r#"
groups:
  - name: g
    rules:
      - record: job:x:sum
        expr: sum by (job) (x)
      - alert: Big
        expr: job:x:sum > 2
        for: 2m
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }} is {{ $value }}" }
"#;

#[test]
fn a_file_whose_expectations_hold_passes() {
    let test = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'x{job="a", i="1"}', values: '0+1x10' }
      - { series: 'x{job="a", i="2"}', values: '0x4 stale' }
    alert_rule_test:
      - { eval_time: 4m59s, alertname: Big }
      - eval_time: 5m
        alertname: Big
        exp_alerts:
          - exp_labels: { severity: page, job: a }
            exp_annotations: { summary: a is 5 }
    promql_expr_test:
      - { expr: job:x:sum, eval_time: 4m, exp_samples: [{ labels: 'job:x:sum{job="a"}', value: 4 }] }
      - expr: ALERTS
        eval_time: 5m
        exp_samples:
          - labels: 'ALERTS{alertname="Big", alertstate="firing", job="a", severity="page"}'
            value: 1
      - expr: ALERTS_FOR_STATE
        eval_time: 5m
        exp_samples: [{ labels: 'ALERTS_FOR_STATE{alertname="Big", job="a", severity="page"}', value: 180 }]
      - { expr: 'x{i="2"}', eval_time: 5m, exp_samples: [] }
      - { expr: time(), eval_time: 5m, exp_samples: [{ labels: '{}', value: 300 }] }
"#;
    assert_eq!(Files::new(RULES).run(test), [""; 0]);
}

#[test]
fn what_went_otherwise_is_told_in_promtools_words() {
    let test = r#"
rule_files: [rules.yaml, none-*.yaml]
tests:
  - name: the first
    input_series: [{ series: 'x{job="a"}', values: '3x10' }]
    alert_rule_test: [{ eval_time: 2m, alertname: Big, exp_alerts: [{ exp_labels: { job: b } }] }]
    promql_expr_test:
      - { expr: job:x:sum * 1500, eval_time: 1m, exp_samples: [{ labels: '{job="a"}', value: 1 }] }
      - { expr: job:x:sum +, eval_time: 1m }
      - { expr: 'x[1m]', eval_time: 1m }
"#;
    let files = Files::new(RULES);
    let found = files.run(test);
    let alerts = r#"    name: the first,
    alertname: Big, time: 2m, 
        exp:[
            0:
              Labels:{alertname="Big", job="b"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Big", job="a", severity="page"}
              Annotations:{summary="a is 3"}
            ]"#;
    assert_eq!(found[0], alerts);
    let samples =
        "    expr: \"job:x:sum * 1500\", time: 1m,\n        exp: {job=\"a\"} 1E+00\n        got: {job=\"a\"} 4.5E+03";
    assert_eq!(found[1], samples);
    assert!(
        found[2].starts_with("    expr: \"job:x:sum +\", time: 1m, err: 1:12: parse error: unexpected end of input")
    );
    assert_eq!(found[3], "    expr: \"x[1m]\", time: 1m, err: rule result is not a vector or scalar");
    assert!(found[4].starts_with("no file match pattern ") && found.len() == 5, "{found:#?}");
}

#[test]
fn a_file_that_is_not_one_says_why() {
    let files = Files::new(RULES);
    let only = |test: &str| {
        let found = files.run(test);
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].clone()
    };
    assert!(only("tests: [{intervall: 1m}]").contains("unknown field `intervall`"));
    assert!(only("evaluation_interval: soon").contains("not a valid duration string: \"soon\""));
    assert_eq!(only("group_eval_order: [a, a]"), "group name repeated in evaluation order: a");
    assert!(only("tests: [{input_series: [{series: 'x', values: '1 q'}]}]").starts_with("1:3: parse error"));
    let unnamed = only("tests: [{name: n, alert_rule_test: [{eval_time: 1m}]}]");
    let want = "an item under alert_rule_test misses required attribute alertname at eval_time 1m (in TestGroup n)";
    assert_eq!(unnamed, want);
    let verdict = run(Path::new("/nowhere/test.yaml"), &[]);
    assert!(verdict.failures[0].starts_with("/nowhere/test.yaml: No such file"));
}

#[test]
fn a_rule_that_cannot_be_evaluated_ends_the_test() {
    let rules = "groups: [{name: g, rules: [{record: r, expr: 'x * on (job) y'}]}]";
    let test = r#"
rule_files: [rules.yaml]
tests:
  - input_series:
      - { series: 'x{job="a"}', values: '_ 1x9' }
      - { series: 'y{job="a", i="1"}', values: '1x9' }
      - { series: 'y{job="a", i="2"}', values: '1x9' }
    promql_expr_test: [{ expr: r, eval_time: 5m, exp_samples: [{ labels: r, value: 1 }] }]
"#;
    let found = Files::new(rules).run(test);
    assert!(found.len() == 1 && found[0].starts_with("    rule: r, time: 1m, err: "), "{found:#?}");
}

#[test]
fn a_test_may_start_at_a_time_of_its_own_and_compare_fuzzily() {
    let test = r#"
rule_files: [rules.yaml]
fuzzy_compare: true
tests:
  - start_timestamp: 2024-02-29T12:00:00Z
    input_series: [{ series: 'x{job="a"}', values: '1x10' }]
    promql_expr_test:
      - { expr: hour(), eval_time: 1h, exp_samples: [{ labels: '{}', value: 13 }] }
      - { expr: vector(0.1) + 0.2, eval_time: 1m, exp_samples: [{ labels: '{}', value: 0.3 }] }
  - start_timestamp: 1709208000
    promql_expr_test: [{ expr: day_of_month(), eval_time: 0s, exp_samples: [{ labels: '{}', value: 29 }] }]
"#;
    let files = Files::new(RULES);
    assert_eq!(files.run(test), [""; 0]);
    assert_eq!(files.run(&test.replace("fuzzy_compare: true", "")).len(), 1, "0.1 + 0.2 is not 0.3");
}
