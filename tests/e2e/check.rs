//! `outrider check`: what it says of a file, where, and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn outrider(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.args(arguments).env_clear().output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// What `check` says of a file that holds `yaml`: exit code, standard output, standard error.
fn check(yaml: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("agent.yaml");
    fs::write(&file, yaml).expect("written");
    let output = outrider(&[&["check", file.to_str().expect("UTF-8")], more].concat());
    (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

#[test]
fn a_valid_file_is_summed_up() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("agent.yaml");
    let output = outrider(&["check", shipped.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("agent.yaml is valid") && said.contains("0.0.0.0:8080 -> 127.0.0.1:8000"), "{said}");
    assert!(said.contains("rules      9 alerting, 12 recording"), "{said}");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn how_many_series_there_can_be_is_estimated() {
    let (code, said, _) = check("ingress: { gateway: 127.0.0.1:8000 }\nroutes: { max: 10 }\n", &["--series"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("570  10 endpoints of routes.max") && said.contains("within metrics.series_limit"), "{said}");
}

#[test]
fn every_fault_of_a_wrong_file_is_told() {
    let (code, said, faults) = check("ingress: { gateway: nowhere }\nlogs: {}\n", &[]);
    assert_eq!((code, &*said), (Some(1), ""));
    let expected = "\
ingress.gateway: expected a host and a port such as 127.0.0.1:8000, found `nowhere`
logs: is not a known key; did you mean `log`?
outrider: the configuration has 2 faults
";
    assert_eq!(faults, expected);
}

#[test]
fn rules_templates_and_channels_are_checked_as_a_start_would() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    file(
        "agent.yaml",
        "alerting:
  rules:
    - { name: a, condition: 'error_rate >', message: '{value}' }
    - { name: b, condition: 'error_rate > 1', message: '{error_rte:.2%}' }
  rule_files: [ rules.yaml, gone.yaml ]
  channels:
    ops: { webhook: { url: 'http://localhost/' }, title: '{count:.2q}', ca: gone.pem }
    mail: { email: { host: localhost, from: a@example.com, to: [ b@example.com ] }, text: 'a } brace' }
slos: [ { name: fast, objective: 0.99, window: 30d, latency: 7s } ]
",
    );
    file("rules.yaml", "groups: [ { name: g, rules: [ { alert: X, expr: up, annotations: { a: '{{ nope }}' } } ] } ]");
    let output = outrider(&["check", folder.path().join("agent.yaml").to_str().expect("UTF-8")]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    let faults = text(&output.stderr).replace(folder.path().to_str().expect("UTF-8"), "HERE");
    let expected = [
        "slos[0].latency: ",
        "HERE/rules.yaml: groups[0].rules[0].annotations.a (X): ",
        "alerting.rule_files[1]: HERE/gone.yaml is not there",
        "alerting.rules[0].condition: 1:13: parse error",
        "alerting.rules[1].message: column 1: `error_rte` is no signal",
        "alerting.channels.ops.ca: cannot read HERE/gone.pem: ",
        "alerting.channels.mail.text: column 3: a single `}`",
        "outrider: the configuration has 7 faults",
    ];
    assert_eq!(faults.lines().count(), expected.len(), "{faults}");
    for (line, expected) in faults.lines().zip(expected) {
        assert!(line.starts_with(expected), "{expected}\n{faults}");
    }
}

#[test]
fn a_file_that_is_not_there_is_bad_input_and_bad_usage_is_not() {
    let missing = outrider(&["check", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("cannot read /no/such/file: "), "{}", text(&missing.stderr));
    assert_eq!(outrider(&["chek"]).status.code(), Some(2));
    assert_eq!(outrider(&["check", "--no-such-flag"]).status.code(), Some(2));
}

#[test]
fn secrets_need_not_be_there_when_they_are_not_asked_for() {
    let yaml = "admin: { tokens: [ { name: a, role: read, token: { env: NOT_SET } } ] }";
    let (code, _, faults) = check(yaml, &[]);
    assert_eq!(code, Some(1));
    assert!(faults.contains("admin.tokens[0].token: environment variable NOT_SET is not set"), "{faults}");
    assert_eq!(check(yaml, &["--no-secrets"]).0, Some(0));
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(text(&outrider(&["version"]).stdout), concat!("outrider ", env!("CARGO_PKG_VERSION"), "\n"));
}
