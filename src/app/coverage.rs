//! What is said of areas that no part of this build speaks for: traffic that is always seen, and what is not seen yet. A part
//! that comes to speak for an area takes its line out of here.

use crate::config::{Config, Profile};
use crate::event::coverage::{Area, Coverage, Status};

/// Says all of them, and what the configuration decides of the rest.
pub(super) fn say(coverage: &Coverage, config: &Config) {
    let (profile, rules) = (config.metrics.profile, config.business.len());
    let (business, enable) = match (profile, rules) {
        (Profile::Light, _) => ("The profile light looks at no body.".to_owned(), Some("metrics.profile")),
        (_, 0) => ("There is no rule.".to_owned(), Some("business")),
        (_, rules) => (format!("{rules} rules, over exchanges and messages that the ingress sees unencrypted."), None),
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
    AREAS.iter().for_each(|&(name, status, why, enable, metrics)| {
        coverage.put(Area { name, status, why: why.to_owned(), enable, metrics });
    });
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
    ("traces", Status::Unseen, "No span is made in this build.", Some("tracing"), ""),
];
