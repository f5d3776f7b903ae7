//! Who may do what.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::{ask, field, road, text, yaml};
use crate::harness::raw::Connection;
use crate::harness::wait;

const TOKENS: &str = "tokens:\n  - { name: oncall, role: operate, token: { file: '{folder}/oncall' } }\n  \
                      - { name: grafana, role: read, token: { file: '{folder}/grafana' } }";

/// A caller from elsewhere: a proxy on this machine speaks for him.
const FAR: &str = "X-Forwarded-For: 192.0.2.7\r\n";

fn with_tokens(lines: &str) -> (crate::harness::road::Road, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("oncall"), "operate-secret\n").expect("written");
    fs::write(folder.path().join("grafana"), "read-secret\n").expect("written");
    super::road_in(folder, &format!("{TOKENS}\n{lines}"))
}

/// The status alone: some answers never end.
fn status_of(at: SocketAddr, method: &str, path: &str, head: &str) -> u16 {
    let mut connection = Connection::open(at);
    connection.send(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n"));
    let head = connection.head();
    let status = String::from_utf8_lossy(&head).split(' ').nth(1).and_then(|code| code.parse().ok());
    status.expect("a status line")
}

/// What each kind of endpoint needs; of those that change something, what answers when it is allowed to a caller whose
/// parameters mean nothing.
const TABLE: [(&str, &str, &str); 42] = [
    ("GET", "/", "nothing"),
    ("GET", "/healthz", "nothing"),
    ("GET", "/readyz", "nothing"),
    ("HEAD", "/healthz", "nothing"),
    ("OPTIONS", "/api/v1/alerts", "nothing"),
    ("GET", "/api/v1/metrics", "read"),
    ("HEAD", "/api/v1/metrics", "read"),
    ("GET", "/api/v1/metrics/summary", "read"),
    ("GET", "/api/v1/observability", "read"),
    ("GET", "/api/v1/coverage", "read"),
    ("GET", "/api/v1/config", "read"),
    ("GET", "/api/v1/whoami", "read"),
    ("GET", "/api/v1/alerts", "read"),
    ("GET", "/api/v1/alerts/stats", "read"),
    ("GET", "/api/v1/alerts/history", "read"),
    ("GET", "/api/v1/query?query=1", "read"),
    ("POST", "/api/v1/query?query=1", "read"),
    ("GET", "/api/v1/query_range?query=1&start=0&end=1&step=1", "read"),
    ("POST", "/api/v1/query_range?query=1&start=0&end=1&step=1", "read"),
    ("GET", "/api/v1/series?match[]=up", "read"),
    ("POST", "/api/v1/series?match[]=up", "read"),
    ("GET", "/api/v1/labels", "read"),
    ("POST", "/api/v1/labels", "read"),
    ("GET", "/api/v1/label/job/values", "read"),
    ("GET", "/api/v1/rules", "read"),
    ("GET", "/api/v1/metadata", "read"),
    ("GET", "/api/v1/status/buildinfo", "read"),
    ("GET", "/api/v1/history?match[]=up", "read"),
    ("GET", "/api/v1/live", "read"),
    ("GET", "/api/v1/trace", "read"),
    ("GET", "/api/v1/traces/calls", "read"),
    ("GET", "/api/v1/traces/recent", "read"),
    ("GET", "/api/v1/debug/trace-context", "read"),
    ("GET", "/openapi.json", "read"),
    ("GET", "/api/v1/log-level", "read"),
    ("PUT", "/api/v1/log-level?level=info", "operate"),
    ("POST", "/api/v1/alerts/0123456789abcdef/acknowledge?acknowledged_by=ann", "operate"),
    ("DELETE", "/api/v1/alerts/0123456789abcdef/acknowledge", "operate"),
    ("POST", "/api/v1/alerts/0123456789abcdef/suppress?duration_minutes=1", "operate"),
    ("DELETE", "/api/v1/alerts/0123456789abcdef/suppress", "operate"),
    ("POST", "/api/v1/test/alert", "operate"),
    ("POST", "/api/v1/trace/flush", "operate"),
];

/// The document is held to the routes by tests of its own, so nothing that is served is left out here.
#[test]
fn the_table_has_every_endpoint_of_the_document() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("JSON");
    let same = |(shape, path): (&str, &str)| shape.starts_with('{') || shape == path;
    let mut missing = Vec::new();
    for (shape, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys().filter(|key| *key != "parameters") {
            let is_it = |(known, path, _): &(&str, &str, &str)| {
                let path = path.split('?').next().unwrap_or(path);
                known.eq_ignore_ascii_case(method)
                    && shape.split('/').count() == path.split('/').count()
                    && shape.split('/').zip(path.split('/')).all(same)
            };
            if !TABLE.iter().any(is_it) {
                missing.push(format!("{method} {shape}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_endpoint_is_open_to_its_role_and_to_no_lesser_one() {
    const ROLES: [&str; 3] = ["nothing", "read", "operate"];
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).expect("a role");
    let reader = format!("{FAR}Authorization: Bearer read-secret\r\n");
    let operator = format!("{FAR}Authorization: Bearer operate-secret\r\n");
    let mut looked = 0;
    for (anonymous, callers) in [
        ("none", vec![("nothing", ""), ("nothing", FAR), ("read", &reader), ("operate", &operator)]),
        ("read", vec![("operate", ""), ("read", FAR), ("read", &reader), ("operate", &operator)]),
        ("operate", vec![("operate", ""), ("operate", FAR), ("read", &reader)]),
    ] {
        let (road, _) = with_tokens(&format!("anonymous: {anonymous}"));
        for (role, head) in callers {
            for (method, path, needed) in TABLE {
                let status = status_of(road.admin(), method, path, head);
                let refused = [401, 403].contains(&status);
                let named = head.contains("Authorization");
                let what = format!("{method} {path} with {role} where anonymous is {anonymous}: {status}");
                assert_eq!(refused, rank(role) < rank(needed), "{what}");
                assert!(!refused || status == if named { 403 } else { 401 }, "{what}");
                assert!(status != 404 || needed == "operate" || path == "/", "{what}");
                looked += 1;
            }
        }
        let wrong = ask(road.admin(), "GET", "/api/v1/metrics", "Authorization: Bearer guess\r\n");
        assert_eq!(wrong.status, 401, "a wrong token is refused whatever anonymous is");
        assert_eq!(field(&wrong, "www-authenticate"), Some("Bearer realm=\"outrider\""));
        let basic = ask(road.admin(), "GET", "/api/v1/metrics", "Authorization: Basic YTpi\r\n");
        assert_eq!(basic.status, 401);
    }
    assert_eq!(looked, 11 * TABLE.len());
}

#[test]
fn a_page_of_another_origin_changes_nothing_and_reads_only_where_it_may() {
    let (road, _) = road("cors: [ 'https://ops.example.com' ]");
    let put = |head: &str| ask(road.admin(), "PUT", "/api/v1/log-level?level=info", head);
    assert_eq!(put("").status, 200);
    assert_eq!(put("Origin: https://evil.example\r\n").status, 403);
    assert_eq!(put("Origin: null\r\n").status, 403);
    assert_eq!(put("Sec-Fetch-Site: cross-site\r\n").status, 403);
    assert_eq!(put("Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").status, 200);
    let allowed = put("Origin: https://ops.example.com\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!(
        (allowed.status, field(&allowed, "access-control-allow-origin")),
        (200, Some("https://ops.example.com"))
    );

    let get = |head: &str| ask(road.admin(), "GET", "/api/v1/whoami", head);
    let evil = get("Origin: https://evil.example\r\n");
    assert_eq!((evil.status, field(&evil, "access-control-allow-origin")), (200, None));
    assert_eq!(field(&evil, "cross-origin-resource-policy"), Some("same-origin"));
    let preflight = "Origin: https://ops.example.com\r\nAccess-Control-Request-Method: PUT\r\n";
    let answer = ask(road.admin(), "OPTIONS", "/api/v1/log-level", preflight);
    assert_eq!(answer.status, 204);
    assert!(field(&answer, "access-control-allow-methods").is_some_and(|methods| methods.contains("PUT")));
    let answer = ask(road.admin(), "OPTIONS", "/api/v1/log-level", &preflight.replace("ops", "evil"));
    assert_eq!((answer.status, field(&answer, "access-control-allow-methods")), (204, None));
    let refused = road.metrics().get("outrider_admin_refused_total{reason=\"origin\"}");
    assert_eq!(refused, Some(3.0));
}

#[test]
fn a_name_of_the_world_is_not_ours_unless_the_configuration_knows_it() {
    let (road, _) = road("hosts: [ ops.example.com ]");
    let get = |host: &str| ask(road.admin(), "GET", "/api/v1/whoami", &format!("Host: {host}\r\n"));
    for (host, status) in [
        ("rebound.evil.example", 421),
        ("localhost:9600", 200),
        ("shop", 200),
        ("ops.example.com", 200),
        ("[::1]:9600", 200),
    ] {
        let answer = get(host);
        assert_eq!(answer.status, status, "{host}: {}", text(&answer));
    }
    assert!(text(&get("rebound.evil.example")).contains("admin.hosts"), "it says what to do");
}

#[test]
fn every_change_is_audited_with_who_asked_and_what_came_of_it() {
    let (road, folder) = with_tokens("anonymous: read\naudit: { path: '{folder}/audit.jsonl' }");
    let operator = format!("{FAR}Authorization: Bearer operate-secret\r\nX-Request-Id: abc-1\r\n");
    assert_eq!(ask(road.admin(), "PUT", "/api/v1/log-level?level=info", &operator).status, 200);
    assert_eq!(ask(road.admin(), "PUT", "/api/v1/log-level?level=loud", "").status, 400);
    assert_eq!(ask(road.admin(), "PUT", "/api/v1/log-level?level=info", FAR).status, 401);
    assert_eq!(ask(road.admin(), "GET", "/api/v1/log-level", FAR).status, 200);
    let text = fs::read_to_string(folder.join("audit.jsonl")).expect("the audit log is there");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (key, expected) in [
        ("correlation_id", "abc-1"),
        ("who", "oncall"),
        ("role", "operate"),
        ("from", "127.0.0.1"),
        ("method", "PUT"),
        ("path", "/api/v1/log-level"),
        ("query", "level=info"),
        ("result", "done"),
    ] {
        assert_eq!(lines[0][key], expected, "{key}");
    }
    assert_eq!((&lines[1]["who"], &lines[1]["status"]), (&"anonymous".into(), &400.into()));
    assert_eq!((&lines[2]["result"], &lines[2]["status"]), (&"refused".into(), &401.into()));
    let metrics = road.metrics();
    assert_eq!(metrics.get("outrider_admin_changes_total{result=\"done\"}"), Some(1.0));
    assert_eq!(metrics.get("outrider_admin_changes_total{result=\"refused\"}"), Some(2.0));
    assert!(!text.contains("operate-secret"));

    fs::remove_file(folder.join("audit.jsonl")).expect("it can be moved away");
    fs::create_dir(folder.join("audit.jsonl")).expect("a folder in its place");
    assert_eq!(ask(road.admin(), "PUT", "/api/v1/log-level?level=info", "").status, 200);
    assert_eq!(road.metrics().get("outrider_admin_audit_failures_total"), Some(1.0));
}

#[test]
fn a_rotation_of_tokens_under_load_loses_no_request() {
    let (road, folder) = with_tokens("anonymous: none");
    let (road, stop) = (Arc::new(road), Arc::new(AtomicBool::new(false)));
    let token = Arc::new(std::sync::Mutex::new("read-secret".to_owned()));
    let get = |at, token: &str| ask(at, "GET", "/api/v1/whoami", &format!("Authorization: Bearer {token}\r\n")).status;
    let loads: Vec<_> = (0..4)
        .map(|_| {
            let (at, stop, token) = (road.admin(), stop.clone(), token.clone());
            std::thread::spawn(move || {
                let (mut answers, mut bad) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let token = token.lock().expect("nobody panics with it").clone();
                    answers += 1;
                    bad.extend(Some(get(at, &token)).filter(|status| *status != 200));
                }
                (answers, bad)
            })
        })
        .collect();
    // The new one first; then its users; then the old one goes.
    fs::write(folder.join("new"), "new-secret\n").expect("written");
    let both = format!(
        "{TOKENS}\n  - {{ name: grafana-new, role: read, token: {{ file: '{{folder}}/new' }} }}\nanonymous: none"
    );
    fs::write(folder.join("agent.yaml"), yaml(&folder, &both)).expect("written");
    wait::until("the new token", || (get(road.admin(), "new-secret") == 200).then_some(()));
    *token.lock().expect("nobody panics with it") = "new-secret".to_owned();
    // A file that changes is enough: the agent's own configuration stays as it is.
    fs::write(folder.join("oncall"), "operate-secret-2\n").expect("written");
    wait::until("the file's new token", || (get(road.admin(), "operate-secret-2") == 200).then_some(()));
    assert_eq!(get(road.admin(), "operate-secret"), 401);
    let later = both.replace("  - { name: grafana, role: read, token: { file: '{folder}/grafana' } }\n", "");
    fs::write(folder.join("agent.yaml"), yaml(&folder, &later)).expect("written");
    wait::until("the old token's end", || (get(road.admin(), "read-secret") == 401).then_some(()));
    stop.store(true, Ordering::Relaxed);
    for load in loads {
        let (answers, bad) = load.join().expect("a load ends");
        assert!(answers > 10 && bad.is_empty(), "{answers} answers, of them bad: {bad:?}");
    }
}
