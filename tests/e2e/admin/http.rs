//! What HTTP asks of the admin port, whatever the endpoint.

use std::io::Read;

use serde_json::Value;

use super::{ask, field, road, text};
use crate::harness::raw::Connection;

#[test]
fn what_is_not_there_is_a_problem_that_says_what_is() {
    let (road, _) = road("");
    let problem = |method: &str, path: &str, status: u16| {
        let answer = ask(road.admin(), method, path, "");
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(field(&answer, "content-type"), Some("application/problem+json"), "{method} {path}");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(body["status"], status);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
        answer
    };
    problem("GET", "/nothing", 404);
    problem("POST", "/nothing", 404);
    let wrong = problem("POST", "/api/v1/metrics", 405);
    assert_eq!(field(&wrong, "allow"), Some("GET,HEAD"));
    problem("GET", "/api/v1/alerts?limit=many", 400);
    problem("GET", "/api/v1/alerts/%ff/acknowledge", 405);
    problem("POST", "/api/v1/alerts/%ff/acknowledge?acknowledged_by=ann", 400);
    problem("PUT", "/api/v1/log-level", 400);
}

#[test]
fn head_options_gzip_and_request_ids_are_as_http_has_them() {
    let (road, _) = road("");
    let full = ask(road.admin(), "GET", "/api/v1/metrics", "X-Request-Id: mine\r\n");
    assert_eq!(field(&full, "x-request-id"), Some("mine"));
    assert_eq!(field(&full, "x-content-type-options"), Some("nosniff"));
    let head = ask(road.admin(), "HEAD", "/api/v1/metrics", "X-Request-Id: bad id\r\n");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(field(&head, "x-request-id").is_some_and(|id| id.starts_with("req-")));
    let options = ask(road.admin(), "OPTIONS", "/api/v1/log-level", "");
    assert_eq!((options.status, field(&options, "allow")), (204, Some("GET,HEAD,PUT")));

    let packed = ask(road.admin(), "GET", "/api/v1/metrics", "Accept-Encoding: gzip\r\n");
    assert_eq!(field(&packed, "content-encoding"), Some("gzip"));
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&*packed.body).read_to_string(&mut plain).expect("gzip");
    assert!(plain.contains("# TYPE outrider_build_info gauge"), "{plain}");
    assert!(packed.body.len() * 3 < plain.len(), "{} of {}", packed.body.len(), plain.len());
}

#[test]
fn heads_and_bodies_are_bounded() {
    let (road, _) = road("");
    let long = format!("X-Long: {}\r\n", "a".repeat(70_000));
    assert_eq!(ask(road.admin(), "GET", "/healthz", &long).status, 431);
    let many: String = (0..200).map(|n| format!("X-{n}: a\r\n")).collect();
    assert_eq!(ask(road.admin(), "GET", "/healthz", &many).status, 431);
    let mut connection = Connection::open(road.admin());
    connection.send("POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    connection.send(format!("Content-Length: 70000\r\n\r\n{}", "a".repeat(70_000)));
    assert_eq!(connection.response(false).status, 413);
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("token"), "very-secret\n").expect("written");
    let lines = "tokens: [ { name: oncall, role: operate, token: { file: '{folder}/token' } } ]";
    let (road, path) = super::road_in(folder, lines);
    let answer = ask(road.admin(), "GET", "/api/v1/config", "");
    let shown: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(shown["config"]["admin"]["tokens"][0]["token"], "***");
    assert!(!text(&answer).contains("very-secret"));
    let sum = std::process::Command::new("sha256sum").arg(path.join("agent.yaml")).output().expect("sha256sum");
    assert_eq!(shown["hash"].as_str(), String::from_utf8_lossy(&sum.stdout).split(' ').next());
    assert_eq!((&shown["status"], &shown["error"]), (&"current".into(), &Value::Null));
}

#[test]
fn the_level_of_the_log_changes_while_it_runs() {
    let (road, _) = road("");
    let put = ask(road.admin(), "PUT", "/api/v1/log-level?level=debug", "");
    assert_eq!(put.status, 200, "{}", text(&put));
    let shown: Value =
        serde_json::from_slice(&ask(road.admin(), "GET", "/api/v1/observability", "").body).expect("JSON");
    assert_eq!(shown["observability"]["logging"]["log_level"], "debug");
    // A connection that ends early is told at this level alone.
    drop(Connection::open(road.admin()));
    let mut half = Connection::open(road.admin());
    half.send("GET / HT");
    drop(half);
    road.process.wait_for_line("a line of debug", |line| line.contains("\"DEBUG\"").then_some(()));
}
