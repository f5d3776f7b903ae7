//! What is said of areas that no part of this build speaks for: traffic that is always seen, and what is not seen yet. A part
//! that comes to speak for an area takes its line out of here.

use crate::config::{Config, Profile, Tracing};
use crate::event::coverage::{Area, Coverage, Status};

/// Says all of them, and what the configuration decides of the rest.
pub(super) fn say(coverage: &Coverage, config: &Config) {
    let (profile, rules) = (config.metrics.profile, config.business.len());
    let (business, enable) = match (profile, rules) {
        (Profile::Light, _) => ("The profile light looks at no body.".to_owned(), Some("metrics.profile")),
        (_, 0) => ("There is no rule.".to_owned(), Some("business")),
        (_, rules) => {
            let what = "over exchanges and messages that the ingress sees unencrypted; messages that permessage-deflate \
                        compressed are counted as unjudged.";
            (format!("{rules} rules, {what}"), None)
        }
    };
    let counters = "code_generations_total code_generation_duration_seconds image_generations_total \
                    image_generation_duration_seconds outrider_business_unjudged_total";
    let status = |enable: Option<_>| if enable.is_none() { Status::Seen } else { Status::Unseen };
    coverage.put(Area { name: "business", status: status(enable), why: business, enable, metrics: counters });
    let (security, enable) = match profile {
        Profile::Full => ("Logins, credentials, limits and attacks, as requests and answers show them.", None),
        _ => ("Only the profile full looks for them.", Some("metrics.profile")),
    };
    let families = "auth_attempts_total auth_token_validations_total rate_limit_requests_total \
                    rate_limit_violations_total security_events_total";
    coverage.put(Area {
        name: "security",
        status: status(enable),
        why: security.to_owned(),
        enable,
        metrics: families,
    });
    say_traces(coverage, &config.tracing);
    AREAS.iter().for_each(|&(name, status, why, enable, metrics)| {
        coverage.put(Area { name, status, why: why.to_owned(), enable, metrics });
    });
}

/// Says what becomes of traces.
fn say_traces(coverage: &Coverage, config: &Tracing) {
    let (status, why, enable) = match config {
        Tracing { enabled: false, .. } => (Status::Unseen, "Traces are switched off.", Some("tracing.enabled")),
        Tracing { exporters, .. } if exporters.is_empty() => (
            Status::Partly,
            "Spans of requests and sessions are made and shown in /api/v1/traces/recent; they are sent nowhere.",
            Some("tracing.exporters"),
        ),
        Tracing { inject: false, .. } => (
            Status::Partly,
            "Spans of requests and sessions are made; the gateway is not told of them, so its own do not join their traces.",
            Some("tracing.inject"),
        ),
        _ => (
            Status::Partly,
            "Spans of requests, sessions and calls. A context that comes over HTTP/2 passes as it came: what is behind us is a \
             sibling of our span there, and not its child. What links calls to requests: /api/v1/traces/calls.",
            None,
        ),
    };
    let metrics = "outrider_spans_total outrider_spans_unsampled_total outrider_spans_exported_total \
                   outrider_call_contexts_total outrider_calls_linked_total outrider_spans_received_total";
    coverage.put(Area { name: "traces", status, why: why.to_owned(), enable, metrics });
}

type Line = (&'static str, Status, &'static str, Option<&'static str>, &'static str);

const AREAS: &[Line] = &[
    (
        "http",
        Status::Seen,
        "Every request and answer of HTTP/1 and HTTP/2 that comes in by the ingress.",
        None,
        "http_requests_total http_request_duration_seconds http_response_first_byte_seconds http_request_size_bytes \
         http_response_size_bytes http_requests_active http_requests_aborted_total",
    ),
    (
        "websocket",
        Status::Seen,
        "Sessions and the frames in them.",
        None,
        "websocket_connections_total websocket_connections_active websocket_session_duration_seconds \
         websocket_messages_total websocket_message_size_bytes websocket_closes_total",
    ),
    ("grpc", Status::Seen, "Calls, messages and their status.", None, "grpc_requests_total grpc_messages_total"),
];
