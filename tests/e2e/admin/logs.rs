//! The access log.

use serde_json::Value;

use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection};
use crate::harness::road::Road;

/// A road with a share of exchanges in the access log.
fn road(gateway: &Gateway, access: f64) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "log: {{ level: info, format: json, access: {access} }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{}' }}\nadmin: {{ listen: '127.0.0.1:0' }}\n\
         routes: {{ patterns: ['/items/{{id}}'] }}\nmetrics: {{ profile: light }}\ntracing: {{ enabled: false }}\n\
         alerting: {{ state: '{}' }}\n",
        gateway.address,
        folder.path().display()
    );
    std::fs::write(&config, text).expect("written");
    Road::run(folder, config)
}

fn access(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(|line| line["response_code"].is_u64())
}

#[test]
fn an_exchange_gets_a_line_under_envoys_names_and_without_what_is_peoples() {
    let gateway = Gateway::start();
    let road = road(&gateway, 1.0);
    let mut connection = Connection::open(road.ingress);
    connection.send(
        "GET /items/7?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\nAuthorization: Bearer secret\r\n\r\n",
    );
    let answer = connection.response(false);
    let line = road.process.wait_for_line("the line", access);
    for (key, expected) in [
        ("method", "GET"),
        ("path", "/items/7"),
        ("protocol", "HTTP/1.1"),
        ("response_flags", "-"),
        ("request_id", "abc-1"),
        ("route_name", "/items/{id}"),
    ] {
        assert_eq!(line[key], expected, "{key}");
    }
    assert_eq!((&line["response_code"], &line["bytes_sent"]), (&200.into(), &answer.body.len().into()));
    assert!(!line.to_string().contains("secret"), "{line}");
}

#[test]
fn a_share_of_exchanges_gets_lines() {
    let gateway = Gateway::start();
    let road = road(&gateway, 0.2);
    for _ in 0..300 {
        assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    }
    // What was told before is written by the time that all is counted.
    road.metrics();
    let mut lines = 0;
    road.process.wait_for_line("more than a few lines", |line| {
        lines += usize::from(access(line).is_some());
        (lines >= 20).then_some(())
    });
}
