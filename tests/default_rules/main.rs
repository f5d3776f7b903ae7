//! The nine rules that come with us, with their real durations: traffic through the real observer makes each of them fire
//! when its trouble has lasted for long enough, and resolve when the trouble is over. Time is the test's.
//!
//! - `gateway`: a gateway with its traffic, our history of it and the alert engine
//! - `services`: what it calls

mod gateway;
mod services;

use std::time::Duration;

use gateway::Gateway;
use outrider::alert::engine::Status;

/// A rule, how long its trouble must last, within how many minutes it must be over, and what it says.
struct Case {
    rule: &'static str,
    hold: Duration,
    over: i64,
    says: &'static str,
    /// What the gateway calls, as `agent.yaml` has it.
    services: &'static str,
    /// Ten seconds of it, with trouble or without.
    traffic: fn(&mut Gateway, bool),
}

const MINUTE: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_millis(40);

fn get(gateway: &mut Gateway, status: u16, took: Duration) {
    let response = format!("HTTP/1.1 {status} Said\r\nX-RateLimit-Limit: 100\r\nContent-Length: 2\r\n\r\nok");
    gateway.exchange("GET /api/v1/items HTTP/1.1\r\nHost: shop.test\r\n\r\n", &response, took);
}

fn generate(gateway: &mut Gateway, what: &str, status: &str) {
    let of = |head: &str, body: &str| {
        format!("{head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let request = of(&format!("POST /api/v1/generate/{what} HTTP/1.1\r\nHost: shop.test"), "{\"framework\":\"react\"}");
    gateway.exchange(&request, &of("HTTP/1.1 200 OK", &format!("{{\"status\":\"{status}\"}}")), QUICK);
}

/// Twenty minutes without, until it fires and six minutes more with, and without again until it resolves.
fn fires_and_resolves(case: &Case) {
    let (rule, mut gateway) = (case.rule, Gateway::new(case.services));
    for _ in 0..40 {
        assert_eq!(gateway.half_a_minute(|gateway| (case.traffic)(gateway, false)), None, "{rule}");
    }
    let (mut pending_since, mut steps) = (None, 0);
    while gateway.half_a_minute(|gateway| (case.traffic)(gateway, true)) != Some(Status::Firing) {
        pending_since = pending_since.or(gateway.alert().map(|alert| alert.since));
        steps += 1;
        assert!(steps < 60, "{rule} never fires");
    }
    let alert = gateway.alert().expect("it fires");
    assert_eq!((alert.rule.as_str(), alert.fired_at), (rule, Some(gateway.now)));
    let held = gateway.now - pending_since.unwrap_or(gateway.now);
    assert_eq!(Duration::from_millis(held.unsigned_abs()), case.hold, "{rule}");
    let said = alert.annotation("summary").to_owned();
    assert!(said.contains(case.says), "{rule}: {said}");
    for _ in 0..12 {
        let status = gateway.half_a_minute(|gateway| (case.traffic)(gateway, true));
        assert_eq!(status, Some(Status::Firing), "{rule}");
    }
    let mut steps = 0;
    while gateway.half_a_minute(|gateway| (case.traffic)(gateway, false)) != Some(Status::Resolved) {
        steps += 1;
        assert!(steps <= case.over * 2, "{rule} never resolves");
    }
}

#[test]
fn too_many_errors() {
    fires_and_resolves(&Case {
        rule: "high_error_rate",
        hold: 5 * MINUTE,
        over: 10,
        says: "High error rate detected: 30.00% of requests failed",
        services: "[]",
        traffic: |gateway, trouble| {
            (0..10).for_each(|n| get(gateway, if trouble && n < 3 { 500 } else { 200 }, QUICK));
        },
    });
}

#[test]
fn answers_that_take_too_long() {
    fires_and_resolves(&Case {
        rule: "high_response_time",
        hold: 5 * MINUTE,
        over: 10,
        says: "High response time: 6.00 s on average, 95th percentile 7.38 s",
        services: "[]",
        traffic: |gateway, trouble| {
            let took = if trouble { Duration::from_secs(6) } else { QUICK };
            (0..10).for_each(|_| get(gateway, 200, took));
        },
    });
}

#[test]
fn sessions_that_break_off() {
    fires_and_resolves(&Case {
        rule: "websocket_connection_issues",
        hold: 5 * MINUTE,
        over: 10,
        says: "40.0% of WebSocket sessions ended without being closed",
        services: "[]",
        traffic: |gateway, trouble| (0..5).for_each(|n| gateway.session(!trouble || n > 1)),
    });
}

#[test]
fn an_open_breaker() {
    fires_and_resolves(&Case {
        rule: "circuit_breaker_open",
        hold: MINUTE,
        over: 2,
        says: "The circuit breaker of code is open",
        services: "[ { name: code, address: 'code:80', listen: '127.0.0.1:15101' } ]",
        // What answers with 500 is there, and a breaker opens all the same.
        traffic: |gateway, trouble| (0..5).for_each(|_| gateway.call(if trouble { 500 } else { 200 })),
    });
}

#[test]
fn a_service_without_a_healthy_instance() {
    fires_and_resolves(&Case {
        rule: "service_unavailable",
        hold: 2 * MINUTE,
        over: 1,
        says: "code is unavailable: none of its instances passes its health check",
        // A breaker that would open is a rule of its own.
        services: "[ { name: code, address: 'code:80', listen: '127.0.0.1:15101', circuit_breaker: { consecutive_failures: 10000, min_requests: 10000 } } ]",
        traffic: |gateway, trouble| (0..3).for_each(|_| gateway.call(if trouble { 503 } else { 200 })),
    });
}

#[test]
fn a_gateway_near_its_memory_limit() {
    fires_and_resolves(&Case {
        rule: "high_memory_usage",
        hold: 10 * MINUTE,
        over: 1,
        says: "High memory usage: the gateway has taken 90.0% of its limit",
        services: "[]",
        traffic: |gateway, trouble| {
            gateway.takes(if trouble { 90_000_000 } else { 50_000_000 }, 100_000_000);
        },
    });
}

#[test]
fn clients_over_their_limit() {
    fires_and_resolves(&Case {
        rule: "rate_limit_violations",
        hold: Duration::ZERO,
        over: 65,
        says: "requests were limited within an hour",
        services: "[]",
        traffic: |gateway, trouble| {
            (0..10).for_each(|n| get(gateway, if trouble && n < 8 { 429 } else { 200 }, QUICK));
        },
    });
}

#[test]
fn generations_of_code_that_fail() {
    fires_and_resolves(&Case {
        rule: "code_generation_failures",
        hold: 5 * MINUTE,
        over: 10,
        says: "20.0% of code generations failed",
        services: "[]",
        traffic: |gateway, trouble| {
            // Accepted with 200, and failed all the same, as the answer's body says.
            (0..5).for_each(|n| generate(gateway, "code", if trouble && n < 1 { "failed" } else { "done" }));
        },
    });
}

#[test]
fn generations_of_images_that_fail() {
    fires_and_resolves(&Case {
        rule: "image_generation_failures",
        hold: 5 * MINUTE,
        over: 10,
        says: "50.0% of image generations failed",
        services: "[]",
        traffic: |gateway, trouble| {
            (0..4).for_each(|n| generate(gateway, "image", if trouble && n < 2 { "error" } else { "done" }));
        },
    });
}
