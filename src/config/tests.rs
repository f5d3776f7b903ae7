//! What a whole file means, and what a wrong one is told.
//!
//! - `environment`: what variables fill
//! - `mutations`: a good file, spoilt
//! - `shipped`: the file we ship tells the truth
//! - `values`: kinds of values

mod environment;
mod mutations;
mod shipped;
mod values;

use super::*;

fn read(text: &str) -> Result<Config, Errors> {
    parse(text, Path::new("/etc/outrider"), &|name| (name == "TOKEN").then(|| "s3cret".to_owned()))
}

/// The faults of a text, one a line.
fn faults(text: &str) -> String {
    read(text).expect_err("the text is wrong").to_string()
}

#[test]
fn an_empty_file_is_valid_and_means_the_defaults() {
    let defaults = Config { source: Source::default(), ..Config::default() };
    for text in ["", "\n", "# only a comment\n", "---\n", "ingress:\n"] {
        let config = read(text).expect(text);
        assert_eq!(Config { source: Source::default(), ..config.clone() }, defaults, "{text:?}");
        assert_eq!(config.ingress.listen, ["0.0.0.0:8080".parse().unwrap()]);
        assert_eq!(config.ingress.gateway.at.to_string(), "127.0.0.1:8000");
        assert_eq!(config.admin.listen.to_string(), "0.0.0.0:9600");
        assert_eq!(config.ingress.drain.as_secs(), 30);
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_path() {
    let text = "
sevice: x
log: { level: loud }
ingress:
  listen: [ 8080, 0.0.0.0:1, '0.0.0.0:1' ]
  gateway: nowhere
  drain: 30
  workers: 0
admin: { tokens: [ { name: a, role: read, token: plain } ] }
routes: { patterns: [ users, '/a/{b' ] }
metrics: { buckets: { duration: [ 2, 1 ] }, series_limit: many }
";
    let told = faults(text);
    let expected = "\
log.level: expected one of error, warn, info, debug, found `loud`
ingress.listen[0]: expected an address and a port; write 0.0.0.0:8080
ingress.gateway: expected a host and a port such as 127.0.0.1:8000, found `nowhere`
ingress.workers: expected a whole number from 1 to 256, found the number 0
ingress.drain: a duration needs a unit: write 30s or 30m
admin.tokens[0].token: a secret is not written into the file: expected { env: NAME } or { file: PATH }
routes.patterns[0]: `users` is not a path pattern: it must begin with /
routes.patterns[1]: `/a/{b` is not a path pattern: it has a { without its }
metrics.buckets.duration: the bounds must rise, none twice
metrics.series_limit: expected a whole number from 100 to 10000000, found `many`
sevice: is not a known key; did you mean `service`?";
    assert_eq!(told, expected);
}

#[test]
fn broken_yaml_is_told_with_line_and_column() {
    assert!(faults("log: { level: info").contains("line 1 column"), "{}", faults("log: { level: info"));
    assert!(faults("service: a\n  b: c\n").contains("line 2"), "{}", faults("service: a\n  b: c\n"));
}

#[test]
fn a_secret_never_prints() {
    let config = read("admin: { tokens: [ { name: a, role: operate, token: { env: TOKEN } } ] }").expect("valid");
    assert_eq!(config.admin.tokens[0].token.expose(), "s3cret");
    let json = serde_json::to_string(&config).expect("plain data");
    assert!(!json.contains("s3cret") && !format!("{config:?}").contains("s3cret"));
    assert!(json.contains(r#""token":"***""#));
}
