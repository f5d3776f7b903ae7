//! What an export looks like; `tests/rules.rs` has promtool read it.

use super::*;
use crate::alert::rule::file;

const RULES: &str = r#"
groups:
  - name: a
    interval: 1m
    limit: 5
    rules:
      - record: r
        expr: sum(x)
        labels: { a: b }
      - alert: A
        expr: r > 1
        for: 1h30m
        keep_firing_for: 5m
        annotations: { summary: "{{ $value | humanize }}" }
  - name: empty
"#;

#[test]
fn a_rule_file_comes_back_as_it_was() {
    let groups = file::parse("a.yaml", RULES).unwrap();
    let text = export(&groups, &Shape::RuleFile).text;
    let again = file::parse("b.yaml", &text).unwrap();
    assert_eq!(export(&again, &Shape::RuleFile).text, text);
    let want = "groups:
- name: a
  interval: 1m
  limit: 5
  rules:
  - record: r
    expr: sum(x)
    labels:
      a: b
  - alert: A
    expr: r > 1
    for: 1h30m
    keep_firing_for: 5m
    annotations:
      summary: '{{ $value | humanize }}'
";
    assert_eq!(text, want);
}

#[test]
fn a_kubernetes_object_holds_the_same_groups() {
    let groups = file::parse("a.yaml", RULES).unwrap();
    let shape = Shape::PrometheusRule { name: "gateway".into(), namespace: Some("shop".into()) };
    let object: serde_yaml_ng::Value = serde_yaml_ng::from_str(&export(&groups, &shape).text).unwrap();
    assert_eq!((&object["kind"], &object["metadata"]["namespace"]), (&"PrometheusRule".into(), &"shop".into()));
    let file: serde_yaml_ng::Value = serde_yaml_ng::from_str(&export(&groups, &Shape::RuleFile).text).unwrap();
    assert_eq!(object["spec"], file);
}

#[test]
fn groups_of_one_name_stay_apart() {
    let groups = [file::parse("a", RULES).unwrap().remove(0), file::parse("b", RULES).unwrap().remove(0)];
    let again = file::parse("c", &export(&groups, &Shape::RuleFile).text).unwrap();
    assert_eq!(again.iter().map(|group| &*group.name).collect::<Vec<_>>(), ["a", "a'"]);
}

#[test]
fn what_prometheus_cannot_do_is_told() {
    let mut groups = file::parse("a.yaml", RULES).unwrap();
    if let Rule::Alerting(rule) = &mut groups[0].rules[1] {
        rule.clear = Some(crate::promql::Query::parse("r < 1").unwrap());
    }
    let lost = export(&groups, &Shape::RuleFile).lost;
    assert_eq!(lost, ["A: Prometheus has no `clear`; it resolves as soon as its condition does not hold"]);
}
