//! Health, metrics, configuration, live.

use super::endpoint::Answer::{Envelope, Json, Other};
use super::endpoint::{Endpoint, Kind, Param};

const fn get(path: &'static str, tag: &'static str, about: &'static str, answer: super::endpoint::Answer) -> Endpoint {
    Endpoint { method: "GET", path, tag, about, params: &[], answer, errors: &[] }
}

/// All of them.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/healthz", "health", "Whether the agent runs.", Other("text/plain", "ok")),
    Endpoint {
        errors: &[503],
        ..get(
            "/readyz",
            "health",
            "Whether traffic may come: the gateway takes connections, and no stop was asked for.",
            Other("text/plain", "ready"),
        )
    },
    get(
        "/api/v1/metrics",
        "metrics",
        "All metrics, in Prometheus' text format.",
        Other(
            "text/plain",
            "# HELP http_requests_total Requests by the status of their answer.\n# TYPE http_requests_total counter\n\
             http_requests_total{endpoint=\"/api/v1/health\",method=\"GET\",status_code=\"200\"} 150\n",
        ),
    ),
    get(
        "/api/v1/metrics/summary",
        "metrics",
        "Sums over all traffic. A request failed if its answer was a 5xx.",
        Envelope(
            r#"{"metrics_summary": {"total_requests": 1000, "successful_requests": 950, "failed_requests": 50,
                "success_rate": 0.95, "metrics_collected": 45, "uptime_seconds": 3600}}"#,
        ),
    ),
    get(
        "/api/v1/live",
        "metrics",
        "What passes now, once a second, as server-sent events.",
        Other("text/event-stream", "data: {\"requests\":{\"rate\":20.5}}\n\n"),
    ),
    get(
        "/api/v1/observability",
        "agent",
        "The state of every part.",
        Envelope(
            r#"{"observability": {
                "metrics": {"status": "active", "summary": {"total_requests": 1000, "success_rate": 0.95}},
                "tracing": {"status": "active"},
                "alerting": {"status": "active", "statistics": {"active_alerts": 3, "total_rules": 12}, "error~": "alerts are kept in memory only"},
                "logging": {"status": "active", "service": "api-gateway", "environment": "production", "log_level": "info"},
                "config": {"status": "refused", "error~": "ingress.listen: expected an address"}},
              "health": {"overall_status": "healthy", "components": {"*": "healthy"}}}"#,
        ),
    ),
    get(
        "/api/v1/coverage",
        "agent",
        "What is seen and what is not, why, and which key of agent.yaml shows more.",
        Envelope(
            r#"{"coverage": {"areas": [{"name": "services", "status": "unseen", "reason": "What the gateway calls does not come past us.",
                "enable~": "services", "metrics": [{"name": "service_requests_total", "exported": false}]}],
                "unseen": ["service_requests_total"]}}"#,
        ),
    ),
    get(
        "/api/v1/config",
        "agent",
        "The configuration that runs, secrets masked, and where it came from.",
        Envelope(
            r#"{"hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "files": ["/etc/outrider/agent.yaml"],
                "loaded_at": "2026-11-24T10:30:00Z", "status": "refused", "error~": "ingress.listen: expected an address",
                "notices": [{"path": "tracing.propagation", "message": "OTEL_PROPAGATORS names `xray`, which is not known here"}],
                "config": {"*": null}}"#,
        ),
    ),
    get(
        "/api/v1/whoami",
        "agent",
        "Who the caller is taken for, and what that allows.",
        Envelope(r#"{"name~": "oncall", "role": "operate"}"#),
    ),
    get("/api/v1/log-level", "agent", "The level of the log.", Envelope(r#"{"level": "info"}"#)),
    Endpoint {
        method: "PUT",
        params: &[Param {
            name: "level",
            about: "What is written at least.",
            kind: Kind::OneOf(&["error", "warn", "info", "debug"]),
            needed: true,
            example: "debug",
        }],
        ..get(
            "/api/v1/log-level",
            "agent",
            "Changes the level of the log until the next reload.",
            Envelope(r#"{"level": "debug"}"#),
        )
    },
    get(
        "/openapi.json",
        "agent",
        "This document.",
        Json(r#"{"openapi": "3.1.0", "info": {"*": null}, "paths": {"*": null}}"#),
    ),
];
