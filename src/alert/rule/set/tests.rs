//! Order, files and what an `agent.yaml` adds up to.

use std::path::Path;

use super::*;

fn load(yaml: &str, folder: &Path) -> Result<RuleSet, Vec<String>> {
    let yaml = format!("alerting:\n{yaml}");
    let config = crate::config::parse(&yaml, folder, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let loaded = RuleSet::load(&config, &[], "agent.yaml");
    loaded.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn names(set: &RuleSet) -> Vec<&str> {
    set.groups().iter().map(|group| group.name.as_str()).collect()
}

fn group(name: &str, rules: &str) -> Group {
    let text = format!("groups: [{{name: {name}, rules: [{rules}]}}]");
    file::parse("test", &text).unwrap().remove(0)
}

#[test]
fn a_group_comes_behind_those_that_record_what_it_reads() {
    let set = RuleSet::new(vec![
        group("c", "{alert: A, expr: 'rate(b:x[5m]) > 1'}"),
        group("b", "{record: b:x, expr: '{__name__=~\"a:.*\"}'}"),
        group("a", "{record: a:x, expr: up}"),
        group("d", "{record: d:x, expr: up}"),
    ]);
    assert_eq!(names(&set), ["a", "b", "c", "d"]);
}

#[test]
fn groups_that_read_from_each_other_keep_their_order() {
    let set = RuleSet::new(vec![
        group("b", "{record: b, expr: a}"),
        group("a", "{record: a, expr: b}"),
        group("c", "{record: c, expr: c}"),
    ]);
    assert_eq!(names(&set), ["c", "b", "a"], "who reads from nobody else may come first");
}

#[test]
fn an_empty_file_has_the_signals_and_the_nine_rules() {
    let set = load("  rules: []", Path::new("")).unwrap();
    assert_eq!(names(&set), [signal::GROUP, GROUP]);
    assert_eq!((set.groups()[0].rules.len(), set.groups()[1].rules.len()), (12, 9));
    let none = load("  defaults: false", Path::new("")).unwrap();
    assert_eq!(none.groups()[1].rules.len(), 0);
}

#[test]
fn a_rule_of_a_defaults_name_replaces_it_or_takes_it_out() {
    let yaml = "  rules: [{name: high_error_rate, condition: error_rate > 0.5}, {name: high_memory_usage, condition: up, enabled: false}]";
    let set = load(yaml, Path::new("")).unwrap();
    let ours: Vec<(&str, &str)> = set.groups()[1].rules.iter().map(|rule| (rule.name(), rule.query().text())).collect();
    assert_eq!(ours.len(), 8);
    assert_eq!(ours.last(), Some(&("high_error_rate", "error_rate > 0.5")));
}

#[test]
fn rule_files_are_found_from_the_files_folder_and_faults_of_all_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", "groups: [{name: a, rules: [{record: my_rate, expr: 'rate(x_total[5m])'}]}]");
    write("b.yaml", "groups: [{name: b, rules: [{alert: B, expr: my_rate > 1}]}]");
    let yaml = "  rule_files: ['*.yaml']\n  rules: [{name: mine, condition: up, message: '{my_rate:.1f}'}]";
    let set = load(yaml, folder.path()).unwrap();
    assert_eq!(names(&set), [signal::GROUP, "a", "b", GROUP]);

    write("c.yaml", "groups: [{name: c, rules: [{alert: C, expr: 'up +'}]}]");
    let faults = load("  rule_files: ['*.yaml', gone.yaml]\n  rules: [{name: mine, condition: 'up +'}]", folder.path());
    let faults = faults.unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults[0].contains("c.yaml: groups[0].rules[0].expr (C): could not parse expression: 1:5"), "{faults:#?}");
    assert!(
        faults[1].contains("agent.yaml: alerting.rule_files[1]: ") && faults[1].ends_with("gone.yaml is not there")
    );
    assert!(faults[2].starts_with("agent.yaml: alerting.rules[0].condition (mine): 1:5: parse error"), "{faults:#?}");
}

#[test]
fn what_all_rules_read_is_known() {
    let reads = load("  rules: []", Path::new("")).unwrap().reads(30_000);
    let longest = reads.iter().map(|read| read.window).max();
    assert_eq!(longest, Some(3_600_000 - 1 + 30_000), "an hour of limited requests, and one evaluation");
}
