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
