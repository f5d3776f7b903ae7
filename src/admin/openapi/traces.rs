//! Traces: what runs, what was seen last, what would become of headers, and a flush.

use super::endpoint::Answer::Envelope;
use super::endpoint::{Endpoint, Kind, Param};

const fn get(path: &'static str, about: &'static str, params: &'static [Param], answer: &'static str) -> Endpoint {
    // Without `tracing.enabled` there is nothing to tell.
    Endpoint { method: "GET", path, tag: "traces", about, params, answer: Envelope(answer), errors: &[409] }
}

const fn optional(name: &'static str, about: &'static str, example: &'static str) -> Param {
    Param { name, about, kind: Kind::Text, needed: false, example }
}

/// All of them.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    get(
        "/api/v1/trace",
        "The context of this call as it would be continued, and how traces are made.",
        &[],
        r#"{"trace_context": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
            "parent_span_id~": "00f067aa0ba902b7", "baggage": {"*": "shop"}},
            "tracing_config": {"service_name": "api-gateway", "environment": "production", "sample_rate": null}, "exporters": [null]}"#,
    ),
    Endpoint {
        method: "POST",
        ..get(
            "/api/v1/trace/flush",
            "Sends all spans up to now, and tells what became of them.",
            &[],
            r#"{"status": "success", "message": "Traces flushed successfully", "sent": 12, "dropped": 0, "failed": 0, "pending": 0,
                "exporters": [{"exporter": "otlp", "sent": 12, "dropped": 0, "failed": 0, "pending": 0, "error~": "connection refused"}]}"#,
        )
    },
    get(
        "/api/v1/debug/trace-context",
        "What is read out of the headers of this call, and what would be written into a request that had them.",
        &[],
        r#"{"read": null, "baggage": {"*": "shop"}, "inject": {"*": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
            "removed": ["b3"], "sampled": true, "decided_by": "parent", "mint_request_id": false}"#,
    ),
    get(
        "/api/v1/traces/recent",
        "The last spans, the youngest first.",
        &[
            optional("status", "A code such as 503, or a class such as 5xx.", "5xx"),
            Param {
                name: "error",
                about: "Those that failed, or those that did not.",
                kind: Kind::OneOf(&["true", "false"]),
                needed: false,
                example: "true",
            },
            optional("endpoint", "Of one endpoint.", "/api/v1/users/{id}"),
            optional("min_duration", "Seconds, or with a unit: 250ms.", "250ms"),
            optional("trace_id", "Of one trace, in 32 hex digits.", "0af7651916cd43dd8448eb211c80319c"),
            Param {
                name: "limit",
                about: "How many at most.",
                kind: Kind::Whole(1, 10_000),
                needed: false,
                example: "100",
            },
        ],
        r#"{"total_count": 1, "spans": [{"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
            "parent_span_id~": "00f067aa0ba902b7", "sampled": true, "name": "GET /api/v1/users/{id}", "kind": "server",
            "start": "2026-11-24T10:30:00.123456Z", "duration_seconds": 0.0123, "status": "unset", "status_message~": "timeout",
            "attributes": {"*": null}, "events": [null], "links": [null]}]}"#,
    ),
    get(
        "/api/v1/traces/calls",
        "Which endpoint calls which service, what links the calls to requests, and what is learned of headers.",
        &[],
        r#"{"calls_are_seen": true, "calls": [{"endpoint~": "/api/v1/generate/code", "service": "code-generator", "calls": 12,
            "failures": 1, "seconds_total": 1.5, "seconds_average": 0.125, "linked_by": {"*": 12}, "drops_context": false}],
            "headers": [{"endpoint": "/api/v1/generate/code", "header": "x-request-id", "hits": 57, "contradictions": 0,
            "trusted": true}]}"#,
    ),
];
