//! docs/metrics.md is what the code says: every family that is registered, with what it takes to see it.
//! `OUTRIDER_BLESS=1 cargo nextest run metrics_page` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use outrider::metrics::Described;

use super::table::described;

/// A heading, what it takes, and how the names begin; a family is of the first that fits.
const AREAS: &[(&str, &str, &[&str])] = &[
    (
        "HTTP",
        "Requests through the ingress: HTTP/1, and HTTP/2 in the clear or with TLS that ends here (`ingress.tls`). Not: what \
         passes as TLS unopened (`outrider_opaque_connections_total{reason=\"tls\"}`). `endpoint` is a template, never a path; \
         `routes` says how it is found. A client over HTTP/2 that leaves with the last octet that `Content-Length` \
         announces (to HEAD, and with 204 or 304, with the head) has got its answer: many do not wait for the empty frame \
         that ends the stream.",
        &["http_", "http2_"],
    ),
    (
        "WebSocket",
        "Sessions through the ingress, from the 101 on, over HTTP/1 and HTTP/2. The upgrade itself is an HTTP request with \
         status 101. With per-message compression sizes are those on the wire.",
        &["websocket_"],
    ),
    ("gRPC", "Calls over HTTP/2 through the ingress; absent until the first.", &["grpc_"]),
    (
        "Business",
        "Rules of `business`; these two are the defaults, and each rule of yours brings families of its own. Bodies are read, so \
         the profile `light` has none of them. Absent until the first exchange that a rule is about.",
        &["code_generation", "image_generation"],
    ),
    (
        "Services: calls, circuit breakers, pools",
        "The gateway's own calls, which must come past Outrider: a port per service (`services[].listen`), `egress.http_proxy` or \
         `egress.redirect`. A breaker needs calls; where only the answers of the gateway tell, `services[].routes` or \
         `services[].breaker_signature`, and `source` is then `gateway`. Absent without services.",
        &["service_request", "circuit_breaker_", "connection_pool_"],
    ),
    (
        "Services: addresses and health",
        "Services of `services`; checks need `services[].health_check`, and without one an address is judged by its calls.",
        &["service_instances", "service_health"],
    ),
    (
        "Logins, credentials, limits, attacks",
        "The profile `full`. Logins are requests to `security.login`; limits are seen by 429 and by the header families of \
         `security.rate_limit_headers`; what an attack is, `security.detectors` says.",
        &["auth_", "rate_limit_", "security_"],
    ),
    ("The gateway's health", "`ingress.health_check`.", &["gateway_up"]),
    (
        "The gateway's processes",
        "Its processes must be visible: a shared PID namespace (`shareProcessNamespace: true`) and its user or root, or the same \
         machine; else a mounted control group (`OUTRIDER_GATEWAY_CGROUP`). The limit is the control group's, or \
         `OUTRIDER_GATEWAY_MEMORY_LIMIT`.",
        &["gateway_"],
    ),
    (
        "Outrider: alerts",
        "Always there, for every rule. Channels appear with their first notification.",
        &["outrider_alerts_", "outrider_notifications_"],
    ),
    (
        "Outrider: traces",
        "`tracing.enabled`; exporters appear when they are configured.",
        &["outrider_span", "outrider_call_contexts"],
    ),
    ("Outrider: history", "Always there.", &["outrider_history_"]),
    (
        "Outrider: egress",
        "Where the gateway's calls come past: see above.",
        &["outrider_tunnel", "outrider_egress", "outrider_service_resolutions", "outrider_circuit_breaker"],
    ),
    ("Outrider: the admin port", "Always there.", &["outrider_admin_"]),
    (
        "Outrider: the road and itself",
        "Always there, but for what a deployment has not: TLS, targets of `metrics.merge`, business rules.",
        &["outrider_", "process_"],
    ),
];

fn page(families: &[Described]) -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Every family that Outrider exports, as its code registers them; a test keeps this page so. What this deployment cannot \
         see is absent, never zero: `GET /api/v1/coverage`, and the page, say what is seen, why not, and what to switch on.\n\n\
         A histogram has `_bucket`, `_sum` and `_count`; bounds are `metrics.buckets`. `http_request_duration_seconds` carries \
         exemplars with a `trace_id` where OpenMetrics is asked for. The gateway's own metrics (`metrics.merge`) stand beside \
         these, under their own names. Signals, which rules are made of, are recorded from these: see [alerts](alerts.md).\n",
    );
    for (title, takes, starts) in AREAS {
        let first = |family: &&Described| {
            let of = AREAS.iter().position(|(_, _, starts)| starts.iter().any(|start| family.name.starts_with(start)));
            of.is_some_and(|of| AREAS[of].0 == *title)
        };
        let mut rows = String::new();
        for Described { name, help, kind, labels } in families.iter().filter(first) {
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
            // Writing to a String cannot fail.
            let _ = writeln!(rows, "| `{name}` | {kind} | {labels} | {} |", help.replace('|', "\\|"));
        }
        assert!(!rows.is_empty(), "nothing begins with any of {starts:?}");
        let _ = write!(text, "\n## {title}\n\n{takes}\n\n| name | type | labels | what |\n|---|---|---|---|\n{rows}");
    }
    text
}

#[test]
fn the_page_of_metrics_is_what_the_code_registers() {
    let families = described();
    let homeless: Vec<&str> = families
        .iter()
        .map(|family| &*family.name)
        .filter(|name| !AREAS.iter().any(|(_, _, starts)| starts.iter().any(|start| name.starts_with(start))))
        .collect();
    assert_eq!(homeless, Vec::<&str>::new(), "a family belongs to an area of this file");
    assert!(families.len() > 80 && families.iter().all(|family| family.kind != "untyped"), "{families:?}");
    let text = page(&families);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        fs::write(&golden, &text).expect("it takes a file");
    }
    assert!(fs::read_to_string(golden).unwrap_or_default() == text, "bless docs/metrics.md (see this test)");
}
