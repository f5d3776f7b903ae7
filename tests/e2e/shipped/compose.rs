//! The files of the monitoring stack, by the tools that read them. What needs a container engine is not run here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::installed;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a command in the repository: whether it was content, and what it said.
fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(at("")).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; ci/setup.sh test installs it"));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn compose_accepts_the_stack_and_the_gateway_can_be_scaled() {
    let (good, text) = run("docker-compose", &["-f", "docker-compose.monitoring.yml", "config"]);
    assert!(good, "{text}");
    let stack: Value = serde_yaml_ng::from_str(&text).expect("a configuration is YAML");
    let services = stack["services"].as_object().expect("services");
    for name in
        ["api-gateway", "outrider", "prometheus", "alertmanager", "grafana", "otel-collector", "jaeger", "cadvisor"]
    {
        assert!(services.contains_key(name), "{name}");
    }
    // A fixed name or port could be had once only.
    let gateway = &services["api-gateway"];
    assert!(gateway["container_name"].is_null() && gateway["ports"].is_null() && gateway["network_mode"].is_null());
    let outrider = &services["outrider"];
    assert_eq!((&outrider["read_only"], &outrider["cap_drop"][0]), (&true.into(), &"ALL".into()));
    for (name, service) in services {
        let image = service["image"].as_str();
        let pinned = image.is_none_or(|image| image.rsplit_once(':').is_some_and(|(_, tag)| tag.contains('.')));
        assert!(pinned, "{name}: {image:?} is not pinned");
        // What is mounted from here is here.
        let volumes = service["volumes"].as_array().map_or(&[][..], Vec::as_slice);
        let sources = volumes.iter().filter_map(|volume| volume.as_str()?.split(':').next());
        for source in sources.filter(|source| source.starts_with(env!("CARGO_MANIFEST_DIR"))) {
            assert!(Path::new(source).exists(), "{name}: {source}");
        }
    }
    let (good, text) = run("docker-compose", &["-f", "prometheus/rules.yml", "config"]);
    assert!(!good, "it can say no: {text}");
}

#[test]
fn the_dockerfile_builds_this_version_with_this_compiler() {
    let dockerfile = fs::read_to_string(at("Dockerfile")).expect("it is there");
    let toolchain = fs::read_to_string(at("rust-toolchain.toml")).expect("it is there");
    let channel =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).expect("a channel").trim_matches('"');
    assert!(dockerfile.contains(&format!("FROM rust:{channel}-")), "{channel}");
    assert!(dockerfile.contains(concat!("ARG VERSION=", env!("CARGO_PKG_VERSION"), "\n")));
    let stack = yaml("docker-compose.monitoring.yml");
    assert_eq!(stack["services"]["outrider"]["image"], concat!("outrider:", env!("CARGO_PKG_VERSION")));
}

#[test]
fn hadolint_accepts_the_dockerfiles() {
    let hadolint = installed::python().with_file_name("hadolint");
    let (good, text) = run(&hadolint, &["Dockerfile", "examples/compose/Dockerfile"]);
    assert!(good && text.is_empty(), "{text}");
    let bad = tempfile::NamedTempFile::new().expect("a file");
    fs::write(bad.path(), "FROM debian:latest\nRUN cd /tmp && apt-get install curl\n").expect("written");
    let (good, text) = run(&hadolint, &[bad.path().to_str().expect("UTF-8")]);
    assert!(!good && text.contains("DL3007"), "it can say no: {text}");
}

#[test]
fn prometheus_alertmanager_and_outrider_accept_their_files() {
    for (program, arguments) in [
        ("promtool", &["check", "config", "prometheus/prometheus.yml"][..]),
        ("amtool", &["check-config", "prometheus/alertmanager.yml"]),
        (env!("CARGO_BIN_EXE_outrider"), &["check", "examples/compose/agent.yaml"]),
    ] {
        let (good, text) = run(program, arguments);
        assert!(good, "{program}: {text}");
    }
}

/// `OUTRIDER_BLESS=1 cargo nextest run rules_are_what_is_exported` writes them anew.
#[test]
fn the_rules_are_what_is_exported() {
    let (good, text) =
        run(env!("CARGO_BIN_EXE_outrider"), &["rules", "export", "--config", "examples/compose/agent.yaml"]);
    assert!(good, "{text}");
    let golden = at("prometheus/rules.yml");
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        fs::write(&golden, &text).expect("it takes a file");
    }
    assert!(fs::read_to_string(golden).unwrap_or_default() == text, "bless prometheus/rules.yml (see this test)");
}

#[test]
fn grafana_is_provisioned_with_what_the_dashboards_name() {
    let sources = yaml("grafana/provisioning/datasources/datasources.yml");
    let sources = sources["datasources"].as_array().expect("a list");
    let names: BTreeSet<&str> = sources.iter().filter_map(|source| source["uid"].as_str()).collect();
    assert_eq!(names, ["alertmanager", "jaeger", "outrider", "prometheus"].into());
    let destination = &sources[0]["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"];
    assert_eq!(destination, "jaeger");
    let stack = yaml("docker-compose.monitoring.yml");
    for source in sources {
        let url = source["url"].as_str().expect("a URL");
        let host = url.trim_start_matches("http://").split(':').next().expect("a host");
        assert!(stack["services"][host].is_object(), "{url} is no service of the stack");
    }
    let mut links = BTreeSet::new();
    let mut uids = BTreeSet::new();
    for entry in fs::read_dir(at("grafana/dashboards")).expect("the folder is there") {
        let text = fs::read_to_string(entry.expect("it is readable").path()).expect("it is readable");
        let board: Value = serde_json::from_str(&text).expect("JSON");
        uids.insert(board["uid"].as_str().expect("a uid").to_owned());
        links.extend(text.split("\"/d/").skip(1).filter_map(|rest| Some(rest.split('?').next()?.to_owned())));
    }
    assert_eq!(uids.len(), 5);
    assert!(links.is_subset(&uids), "{links:?} leads out of {uids:?}");
}
