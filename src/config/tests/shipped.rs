//! The file we ship tells the truth.

use super::*;
use crate::config::read::{Node, Reading};
use crate::config::yaml::Yaml;

pub const SHIPPED: &str = include_str!("../../../agent.yaml");

/// The shipped file with every example taken in: what follows a # without a space, or with two, which is the rest of a
/// block. A default that such a block replaces (`services: []`) goes.
pub fn with_all_examples() -> String {
    let example = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let rest = rest.strip_prefix('#').filter(|rest| !rest.starts_with(' ') || rest.starts_with("  "));
        rest.filter(|rest| !rest.is_empty()).map(|rest| format!("{indent}{rest}"))
    };
    let key = |line: &str| line.split_once(':').map(|(key, _)| key.to_owned());
    let keys: Vec<String> = SHIPPED.lines().filter_map(example).filter_map(|line| key(&line)).collect();
    let replaced = |line: &&str| {
        let value = line.split_once(':').map_or("", |(_, value)| value.trim());
        (value.starts_with("[]") || value.starts_with("{}")) && key(line).is_some_and(|key| keys.contains(&key))
    };
    let lines = SHIPPED.lines().filter(|line| !replaced(line));
    let text: String = lines.map(|line| example(line).unwrap_or_else(|| line.to_owned()) + "\n").collect();
    // An authority has a meaning for a gateway with TLS only.
    text.replace("gateway: 127.0.0.1:8000\n", "gateway: https://127.0.0.1:8000\n")
}

#[test]
fn the_shipped_file_means_the_defaults() {
    let mut shipped = parse(SHIPPED, Path::new(""), &|_| None).expect("the shipped file is valid");
    shipped.source = Config::default().source;
    assert_eq!(shipped, Config::default());
}

#[test]
fn every_key_that_can_be_set_is_in_the_shipped_file() {
    let text = with_all_examples();
    let tree = Yaml::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let env = |_: &str| None;
    let reading = Reading::new(Path::new("/etc"), &env, false);
    let config = Config::read(&Node::root(&reading, &tree));
    assert_eq!(*reading.faults.borrow(), []);
    assert_eq!(config.services.len(), 2);
    let asked = reading.asked.into_inner();
    let mut missing: Vec<&str> = asked.iter().map(|(path, _)| &**path).collect();
    missing.retain(|path| !asked.iter().any(|(other, set)| *set && normal(other) == normal(path)));
    missing.sort_unstable();
    missing.dedup();
    assert_eq!(missing, Vec::<&str>::new());
}

/// Names that people choose (channels, labels) as `*`, and the places a value comes from as one.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if path.starts_with("alerting.channels.") || path.starts_with("business[].labels.") {
        parts[2] = "*";
    }
    let last = parts.len() - 1;
    if ["env", "file"].contains(&parts[last]) {
        return "a secret".to_owned();
    }
    if parts[0] == "ingress" && parts.get(1) == Some(&"health_check") {
        parts[0] = "services[]";
    }
    if path.starts_with("business[].") && ["request", "response", "websocket"].contains(&parts[last])
        || ["header", "response_header", "query", "path"].contains(&parts[last]) && path.starts_with("business[].")
    {
        return format!("business.{}", parts[last]);
    }
    if path.starts_with("tracing.exporters[].") && ["queue", "batch", "delay", "timeout"].contains(&parts[last]) {
        return format!("tracing.exporters.{}", parts[last]);
    }
    parts.join(".")
}

/// A row of docs/configuration.md begins with the key.
#[test]
fn every_key_that_can_be_set_is_in_the_documentation() {
    let text = with_all_examples();
    let tree = Yaml::parse(&text).expect("the shipped file is YAML");
    let env = |_: &str| None;
    let reading = Reading::new(Path::new("/etc"), &env, false);
    Config::read(&Node::root(&reading, &tree));
    let page = include_str!("../../../docs/configuration.md");
    let documented: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| normal(&key.replace(".channels.*", ".channels.it").replace(".labels.*", ".labels.it")))
        .collect();
    let asked = reading.asked.into_inner();
    let mut missing: Vec<String> = asked.iter().map(|(path, _)| normal(path)).collect();
    // Where a value comes from is said once, above the table of `business`, and what a secret is above all of them.
    let is_section = |path: &str| page.contains(&format!("\n## {path}\n"));
    missing.retain(|path| !is_section(path) && path != "a secret" && !is_place(path) && !documented.contains(path));
    missing.sort_unstable();
    missing.dedup();
    assert_eq!(missing, Vec::<String>::new());
}

fn is_place(path: &str) -> bool {
    let places = ["request", "response", "websocket", "header", "response_header", "query", "path"];
    path.strip_prefix("business.").is_some_and(|place| places.contains(&place))
}
