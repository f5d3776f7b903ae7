//! Exchanges as they pass, and what was derived from them.

use crate::config::{self, Config};
use crate::observe::seen::Seen;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

fn config(yaml: &str) -> Config {
    config::parse(yaml, Path::new(""), &|_| None).unwrap()
}

fn answer(status: &str, fields: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\n\r\n")
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

const LOGIN: &str = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

#[test]
fn logins_are_told_by_what_became_of_them() {
    let mut seen = Seen::new(false);
    for status in ["200 OK", "302 Found", "401 Unauthorized", "429 Too Many Requests", "503 Unavailable"] {
        seen.exchange(LOGIN, &answer(status, ""));
    }
    seen.derive(UNIX_EPOCH);
    seen.has("auth_attempts_total{method=\"password\",result=\"success\"} 2");
    seen.has("auth_attempts_total{method=\"password\",result=\"failure\"} 1");
    seen.has("auth_attempts_total{method=\"password\",result=\"error\"} 1");
    seen.lacks("auth_token_validations_total");
}

#[test]
fn credentials_are_told_by_the_answer() {
    let bearer = "Authorization: Bearer abc\r\n";
    let expired = "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"token expired\"\r\n";
    let mut seen = Seen::new(false);
    seen.exchange(&get("/a", bearer), &answer("200 OK", ""))
        .exchange(&get("/a", bearer), &answer("401 Unauthorized", ""))
        .exchange(&get("/a", bearer), &answer("401 Unauthorized", expired))
        .exchange(&get("/a", "Authorization: Bearer\r\n"), &answer("401 Unauthorized", ""))
        .exchange(&get("/a", ""), &answer("401 Unauthorized", ""))
        .exchange(&get("/a", ""), &answer("200 OK", ""))
        .derive(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    for result in ["valid", "invalid", "expired", "malformed", "missing"] {
        seen.has(&format!("auth_token_validations_total{{result=\"{result}\"}} 1"));
    }
}

#[test]
fn many_failed_logins_of_one_client_are_brute_force() {
    let mut seen = Seen::by(&config("security: { detectors: { brute_force: { failures: 3 } } }"), false);
    for client in ["192.0.2.1", "192.0.2.2"] {
        seen.connects(client);
        for _ in 0..if client == "192.0.2.1" { 6 } else { 2 } {
            seen.exchange(LOGIN, &answer("401 Unauthorized", ""));
        }
    }
    seen.derive(UNIX_EPOCH);
    seen.has("security_events_total{severity=\"high\",type=\"brute_force\"} 2");
}

#[test]
fn limits_are_told_and_who_passed_them() {
    let mut seen = Seen::by(&config("security: { clients: { by: cidr, ipv4: 32, top: 1 } }"), false);
    seen.exchange(&get("/a", ""), &answer("200 OK", "X-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 9\r\n"));
    for (client, count) in [("192.0.2.1", 2), ("192.0.2.2", 1), ("192.0.2.3", 5)] {
        seen.connects(client);
        for _ in 0..count {
            seen.exchange(&get("/a", ""), &answer("429 Too Many Requests", "Retry-After: 1\r\n"));
        }
    }
    seen.derive(UNIX_EPOCH);
    seen.has("rate_limit_requests_total{result=\"allowed\"} 1");
    seen.has("rate_limit_requests_total{result=\"limited\"} 8");
    // The busiest has the one label; what the client before had is part of `other`.
    seen.has("rate_limit_violations_total{client=\"192.0.2.3/32\"} 3");
    seen.has("rate_limit_violations_total{client=\"other\"} 5");
}

#[test]
fn a_trusted_proxy_tells_the_client_and_others_do_not() {
    let yaml = "security: { clients: { by: cidr, ipv4: 32, trusted_proxies: [10.0.0.0/8] } }";
    let forwarded = get("/a", "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.9\r\n");
    let mut seen = Seen::by(&config(yaml), false);
    seen.connects("10.1.2.3").exchange(&forwarded, &answer("429 Too Many Requests", ""));
    seen.connects("192.0.2.1").exchange(&forwarded, &answer("429 Too Many Requests", ""));
    seen.derive(UNIX_EPOCH);
    seen.has("rate_limit_violations_total{client=\"198.51.100.7/32\"} 1");
    seen.has("rate_limit_violations_total{client=\"192.0.2.1/32\"} 1");
}

#[test]
fn attacks_are_events_and_plain_requests_are_not() {
    let mut seen = Seen::new(false);
    let found = answer("200 OK", "");
    seen.exchange(&get("/a?id=1'+or+'1'='1", ""), &found)
        .exchange(&get("/b/..%2f..%2fetc/passwd", ""), &found)
        .exchange(&get("/a", "User-Agent: sqlmap/1.7\r\n"), &found)
        .exchange(&get("/a", "Referer: ${jndi:ldap://x/a}\r\n"), &found)
        .exchange(&get("/.env", ""), &answer("404 Not Found", ""))
        .exchange(&get("/a?page=2", "User-Agent: curl/8\r\n"), &found)
        .derive(UNIX_EPOCH);
    for (kind, severity) in [
        ("sql_injection", "high"),
        ("path_traversal", "high"),
        ("scanner", "medium"),
        ("code_injection", "high"),
        ("file_probe", "medium"),
    ] {
        seen.has(&format!("security_events_total{{severity=\"{severity}\",type=\"{kind}\"}} 1"));
    }
    assert_eq!(seen.counts().iter().filter(|line| line.starts_with("security_events_total")).count(), 5);
}

#[test]
fn what_a_connection_shows_is_an_event() {
    let mut seen =
        Seen::by(&config("security: { detectors: { denied_network: { networks: [192.0.2.0/24] } } }"), false);
    seen.client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    seen.connects("192.0.2.7").client(b"GET / HTTP/1.1\r\nbad header\r\n\r\n");
    seen.connects("10.0.0.1").client(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    for (kind, severity) in [
        ("request_smuggling", "critical"),
        ("denied_network", "high"),
        ("malformed_request", "low"),
        ("tls_on_plain_port", "info"),
    ] {
        seen.has(&format!("security_events_total{{severity=\"{severity}\",type=\"{kind}\"}} 1"));
    }
}

#[test]
fn a_websocket_from_another_origin_is_an_event() {
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let mut seen = Seen::new(false);
    for origin in ["http://a", "https://evil.example"] {
        seen.connects("10.0.0.2").exchange(
            &get("/ws", &format!("{upgrade}Origin: {origin}\r\n")),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        );
    }
    seen.derive(UNIX_EPOCH);
    seen.has("security_events_total{severity=\"medium\",type=\"websocket_origin\"} 1");
}

#[test]
fn lighter_profiles_look_for_none_of_it() {
    for profile in ["light", "business"] {
        let mut seen = Seen::by(&config(&format!("metrics: {{ profile: {profile} }}")), false);
        seen.exchange(LOGIN, &answer("401 Unauthorized", ""))
            .exchange(&get("/a?x='+or+1=1--", ""), &answer("429 No", ""));
        seen.derive(UNIX_EPOCH);
        ["auth_", "rate_limit_", "security_"].iter().for_each(|family| seen.lacks(family));
    }
}
