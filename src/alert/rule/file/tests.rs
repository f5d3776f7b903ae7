//! What loads, what does not, and what is said of it.

use super::*;

fn faults(text: &str) -> Vec<String> {
    parse("a.yaml", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_loads_as_prometheus_reads_it() {
    let text = r#"
groups:
  - name: a
    interval: 30s
    limit: 10
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
        labels: { level: 1, ratio: 1.10, on: true }
      - alert: Errors
        expr: |
          job:errors:rate5m
            > 0.5
        for: 1h30m
        keep_firing_for: 5m
        labels: { severity: page }
        annotations:
          summary: "{{ $labels.job }} at {{ $value }}"
  - name: empty
"#;
    let groups = parse("a.yaml", text).unwrap();
    assert_eq!((groups.len(), groups[0].interval, groups[0].rules.len()), (2, Some(30_000), 2));
    let Rule::Recording(recording) = &groups[0].rules[0] else { panic!("a recording rule") };
    let labels: Vec<(&str, &str)> = recording.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(labels, [("level", "1"), ("on", "true"), ("ratio", "1.10")]);
    assert_eq!(recording.limit, 10);
    let Rule::Alerting(alerting) = &groups[0].rules[1] else { panic!("an alerting rule") };
    assert_eq!((alerting.hold, alerting.keep_firing_for), (5_400_000, 300_000));
    assert_eq!(alerting.severity, crate::config::alerting::Severity::Critical);
    assert!(parse("a.yaml", "").unwrap().is_empty() && parse("a.yaml", "groups: []").unwrap().is_empty());
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let text = r#"
groups:
  - name: a
    interval: soon
    rules:
      - alert: Bad
        expr: sum(
        for: 5
        labels: { __name__: x, 1st: y }
        annotations: { summary: "{{ $lables }}", ok: "{{ if }}" }
      - record: not-a-name
        expr: up
        for: 5m
        annotations: { a: b }
      - expr: up
      - record: a
        alert: b
        expr: up
      - alert: NoExpr
  - name: a
  - rules: []
"#;
    let want = [
        r#"a.yaml: groups[0].interval: not a valid duration string: "soon""#,
        "a.yaml: groups[0].rules[0].expr (Bad): could not parse expression: 1:5: parse error: unexpected end of input",
        "a.yaml: groups[0].rules[0].labels.1st (Bad): invalid label name: 1st",
        "a.yaml: groups[0].rules[0].labels.__name__ (Bad): invalid label name: __name__",
        r#"a.yaml: groups[0].rules[0].for (Bad): not a valid duration string: "5""#,
        "a.yaml: groups[0].rules[0].annotations.ok (Bad): 1:7: missing value for if",
        r#"a.yaml: groups[0].rules[0].annotations.summary (Bad): 1:4: undefined variable "$lables""#,
        "a.yaml: groups[0].rules[1].annotations (not-a-name): invalid field 'annotations' in recording rule",
        "a.yaml: groups[0].rules[1].for (not-a-name): invalid field 'for' in recording rule",
        "a.yaml: groups[0].rules[1].record (not-a-name): invalid recording rule name: not-a-name",
        "a.yaml: groups[0].rules[2]: one of 'record' or 'alert' must be set",
        "a.yaml: groups[0].rules[3] (b): only one of 'record' and 'alert' must be set",
        "a.yaml: groups[0].rules[4].expr (NoExpr): field 'expr' must be set in rule",
        r#"a.yaml: groups[1].name: groupname: "a" is repeated in the same file"#,
        "a.yaml: groups[2].name: a group needs a name",
    ];
    let found = faults(text);
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        assert_eq!(found, want);
    }
}

#[test]
fn faults_of_shape_are_told_rule_by_rule() {
    let text = r#"
groups:
  - name: a
    colour: red
    rules:
      - { alert: A, expr: up, sevrity: page }
      - { alert: B, expr: up, labels: [ a ] }
      - up
"#;
    let found = faults(text);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("a.yaml: groups[0]: unknown field `colour`"), "{found:#?}");
    assert!(found[1].starts_with("a.yaml: groups[0].rules[0]: unknown field `sevrity`"), "{found:#?}");
    assert!(
        found[2].starts_with("a.yaml: groups[0].rules[1]: ") && found[3].starts_with("a.yaml: groups[0].rules[2]: ")
    );
    assert!(faults("groups: [{name: a, name: b}]")[0].contains("duplicate"));
    assert!(faults("groups: [")[0].starts_with("a.yaml: "));
    assert!(faults("rules: []")[0].contains("unknown field `rules`"));
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let errors = load(Path::new("/nowhere/rules.yaml")).unwrap_err();
    assert!(errors[0].to_string().starts_with("/nowhere/rules.yaml: No such file"), "{}", errors[0]);
}

#[test]
fn a_groups_labels_are_those_of_its_rules_unless_they_have_their_own() {
    let text = "groups: [{name: a, labels: {team: x, tier: y}, rules: [{record: r, expr: up, labels: {team: z}}]}]";
    let Rule::Recording(rule) = parse("a", text).unwrap().remove(0).rules.remove(0) else { panic!("a recording rule") };
    assert_eq!(rule.labels, [("team".to_owned(), "z".to_owned()), ("tier".to_owned(), "y".to_owned())]);
}
