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

#[test]
fn the_page_lets_nothing_in_from_elsewhere_and_is_fetched_once() {
    let (road, _) = road("anonymous: none");
    let page = ask(road.admin(), "GET", "/", "");
    assert_eq!(page.status, 200, "the page itself holds no data, and is where a token is typed in");
    let policy = field(&page, "content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"));
    let tag = field(&page, "etag").expect("a tag").to_owned();
    let again = ask(road.admin(), "GET", "/", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    let html = text(&page);
    assert!(!html.contains("http://") && !html.contains("https://"), "nothing is fetched from elsewhere");
    for file in html.split('"').filter(|part| part.starts_with("/ui/")) {
        assert_eq!(ask(road.admin(), "GET", file, "").status, 200, "{file}");
    }
    assert_eq!(ask(road.admin(), "GET", "/api/v1/live", "").status, 401);
}

#[test]
fn what_passes_is_told_once_a_second() {
    let (road, _) = road("");
    let mut connection = Connection::open(road.admin());
    connection.send("GET /api/v1/live HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = String::from_utf8(connection.head()).expect("a head");
    assert!(head.contains("text/event-stream"), "{head}");
    let event = |connection: &mut Connection| {
        let chunk = String::from_utf8(connection.chunk()).expect("UTF-8");
        serde_json::from_str::<Value>(chunk.trim().strip_prefix("data: ").expect("an event")).expect("JSON")
    };
    let (first, second) = (event(&mut connection), event(&mut connection));
    assert_eq!((&first["requests"]["rate"], &second["requests"]["rate"]), (&Value::Null, &0.0.into()));
    assert!(second["now"].as_u64() > first["now"].as_u64());
    assert_eq!(second["config"]["error"], Value::Null);
}
