//! The nine rules that come with us, on the signals. A rule of the same name in `agent.yaml` replaces one.

use std::time::Duration;

use crate::config::alerting::{Rule, Scope, Severity};

/// Name, condition, minutes, severity, message.
const RULES: [(&str, &str, u64, Severity, &str); 9] = [
    (
        "high_error_rate",
        "error_rate > 0.05",
        5,
        Severity::High,
        "High error rate detected: {error_rate:.2%} of requests failed",
    ),
    (
        "high_response_time",
        "avg_response_time > 5",
        5,
        Severity::Medium,
        "High response time: {avg_response_time:.2f} s on average, 95th percentile {p95_response_time:.2f} s",
    ),
    ("circuit_breaker_open", "circuit_breaker_open > 0", 1, Severity::High, "The circuit breaker of {service} is open"),
    (
        "service_unavailable",
        "service_unavailable > 0",
        2,
        Severity::Critical,
        "{service} is unavailable: none of its instances passes its health check",
    ),
    (
        "high_memory_usage",
        "memory_usage > 0.85",
        10,
        Severity::Medium,
        "High memory usage: the gateway has taken {memory_usage:.1%} of its limit",
    ),
    (
        "rate_limit_violations",
        "rate_limit_violations_per_hour > 100",
        0,
        Severity::Medium,
        "{rate_limit_violations_per_hour:,.0f} requests were limited within an hour",
    ),
    (
        "code_generation_failures",
        "code_generation_failure_rate > 0.1",
        5,
        Severity::High,
        "{code_generation_failure_rate:.1%} of code generations failed",
    ),
    (
        "image_generation_failures",
        "image_generation_failure_rate > 0.1",
        5,
        Severity::High,
        "{image_generation_failure_rate:.1%} of image generations failed",
    ),
    (
        "websocket_connection_issues",
        "websocket_disconnection_rate > 0.2",
        5,
        Severity::Medium,
        "{websocket_disconnection_rate:.1%} of WebSocket sessions ended without being closed",
    ),
];

/// All nine.
pub fn rules() -> impl Iterator<Item = Rule> {
    RULES.iter().map(|(name, condition, minutes, severity, message)| Rule {
        name: (*name).to_owned(),
        enabled: true,
        condition: (*condition).to_owned(),
        clear: None,
        hold: Duration::from_secs(minutes * 60),
        keep_firing_for: Duration::ZERO,
        severity: *severity,
        message: (*message).to_owned(),
        channels: Vec::new(),
        labels: Vec::new(),
        annotations: Vec::new(),
        runbook: None,
        scope: Scope::Pod,
    })
}
