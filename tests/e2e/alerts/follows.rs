//! Rule files are followed as the configuration is, and rules can be tried over what a running agent remembers.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{alerts, json, yaml};
use crate::harness::gateway::Gateway;
use crate::harness::raw;
use crate::harness::road::Road;
use crate::harness::wait;

fn rule(name: &str) -> String {
    format!("groups: [ {{ name: g, rules: [ {{ alert: {name}, expr: 'vector(1)' }} ] }} ]\n")
}

/// The names of the rules of the file, as the agent has them.
fn loaded(road: &Road) -> Vec<String> {
    loaded_of(road, "g")
}

fn loaded_of(road: &Road, group: &str) -> Vec<String> {
    let rules = json(road, &format!("/api/v1/rules?rule_group[]={group}"));
    let rules = rules["data"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
    rules.iter().map(|rule| rule["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_rule_file_that_changes_is_followed_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (config, rules) = (folder.path().join("agent.yaml"), folder.path().join("rules.yaml"));
    fs::write(&rules, rule("First")).expect("written");
    fs::write(&config, yaml(&folder.path().join("state"), "rule_files: [ 'rul*.yaml' ]")).expect("written");
    let road = Road::run(folder, config);
    wait::until_equal("the first rule", &vec!["First".to_owned()], || loaded(&road));
    fs::write(&rules, rule("Second")).expect("written");
    wait::until_equal("the second rule", &vec!["Second".to_owned()], || loaded(&road));
    fs::write(&rules, "groups: [ { name: g, rules: [ { alert: Third, expr: 'up >' } ] } ]\n").expect("written");
    wait::until("the reason", || {
        let overview = json(&road, "/api/v1/observability").to_string();
        overview.contains("rules.yaml: groups[0].rules[0].expr (Third)").then_some(())
    });
    assert_eq!(loaded(&road), ["Second"]);
    let (_, said) = alerts(&road, &["list", "--status", "firing"]);
    assert!(said.contains("  Second  "), "{said}");
}

#[test]
fn a_rule_file_that_appears_under_a_pattern_is_followed_and_one_that_goes_is_gone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (config, rules) = (folder.path().join("agent.yaml"), folder.path().join("rules"));
    fs::create_dir(&rules).expect("made");
    fs::write(&config, yaml(&folder.path().join("state"), "rule_files: [ 'rules/*.yaml' ]")).expect("written");
    let road = Road::run(folder, config);
    assert_eq!(loaded(&road), [""; 0]);
    fs::write(rules.join("a.yaml"), rule("New")).expect("written");
    wait::until_equal("the new file's rule", &vec!["New".to_owned()], || loaded(&road));
    fs::write(rules.join("b.yaml"), rule("Other").replace("name: g", "name: h")).expect("written");
    wait::until_equal("another file's rule", &vec!["Other".to_owned()], || loaded_of(&road, "h"));
    fs::remove_file(rules.join("a.yaml")).expect("removed");
    wait::until_equal("no rule of it", &Vec::new(), || loaded(&road));
}

/// `outrider rules backtest …` against the agent there: its exit code, and what it printed.
fn backtest(admin: &str, rules: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.args(["rules", "backtest", "--since", "24h", "--step", "1s", "--admin", admin]);
    let output = command.arg("--rules").arg(rules).output().expect("the command runs");
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
}

#[test]
fn a_backtest_over_what_a_running_agent_remembers_tells_what_would_have_fired() {
    let (gateway, folder) = (Gateway::start(), tempfile::tempdir().expect("a temporary folder"));
    let (config, rules) = (folder.path().join("agent.yaml"), folder.path().join("try.yaml"));
    let yaml = yaml(&folder.path().join("state"), "").replace("127.0.0.1:1'", &format!("{}'", gateway.address));
    fs::write(&config, format!("{yaml}history: {{ interval: 1s }}\nroutes: {{ patterns: [ '/status/{{code}}' ] }}\n"))
        .expect("written");
    let rule = |name: &str, code: &str| {
        format!("{{ alert: {name}, expr: 'increase(http_requests_total{{status_code=\"{code}\"}}[1m]) > 0' }}")
    };
    fs::write(
        &rules,
        format!("groups: [ {{ name: g, rules: [ {}, {} ] }} ]", rule("Bad", "503"), rule("Other", "502")),
    )
    .expect("written");
    let road = Road::run(folder, config);
    // The agent has no rule; what is tried later is over what it has seen all the same.
    let increase =
        "/api/v1/query?query=increase(http_requests_total%7Bstatus_code%3D%22503%22%7D%5B1m%5D%20offset%202s)%3E0";
    wait::until("an increase that the history shows", || {
        assert_eq!(raw::get(road.ingress, "/status/503").status, 503);
        json(&road, increase)["data"]["result"].as_array().is_some_and(|found| !found.is_empty()).then_some(())
    });
    let (code, said) = backtest(&format!("http://{}", road.admin()), &rules);
    assert!(said.contains("Bad: fired once") && said.contains("Other: never active"), "{said}");
    assert!(code == Some(0) && said.starts_with("The past of 1d was asked for, and there are "), "{said}");
    let (code, said) = backtest("http://127.0.0.1:1", &rules);
    assert!(code == Some(1) && said.contains("no agent answers at"), "{said}");
}
