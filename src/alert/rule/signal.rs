//! The signals: what rules of `agent.yaml` read by name. A signal is nothing but a recording rule over our metrics.
//!
//! Rates are over five minutes. A rate over too few requests is no signal: the series is absent then, and a condition on it
//! neither holds nor fails. Routes that `routes.exclude` names are left out.

use super::{Group, RecordingRule, Rule};
use crate::promql::Query;
use crate::promql::quote::quote;

/// The group of the signals.
pub const GROUP: &str = "outrider-signals";

/// What the signals depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Requests in five minutes below which a rate is no signal.
    pub min_requests: usize,
    /// Endpoints that are left out.
    pub exclude: Vec<String>,
    /// Labels by which signals are kept apart. None in the agent, which sees one gateway; a Prometheus that scrapes many
    /// needs those that tell its gateways apart, `job` say.
    pub by: Vec<String>,
}

/// How many business calls in five minutes are enough at most: they are rarer than requests.
const MIN_CALLS: usize = 5;

/// Each signal's name, and its expression with what depends on the options in braces.
const SIGNALS: [(&str, &str); 12] = [
    // The part of requests that were answered with a 5xx. Before the first 5xx there is no such series, but there are zero.
    (
        "error_rate",
        "(sum{by} (rate(http_requests_total{requests,status_code=~\"5..\"}[5m])) or 0 * sum{by} (rate(http_requests_total{requests}[5m]))) \
         / (sum{by} (rate(http_requests_total{requests}[5m])) > 0) \
         and sum{by} (increase(http_requests_total{requests}[5m])) >= {min}",
    ),
    // Requests per second; a quiet gateway has a rate too.
    ("request_rate", "sum{by} (rate(http_requests_total{requests}[5m]))"),
    // Seconds.
    (
        "avg_response_time",
        "sum{by} (rate(http_request_duration_seconds_sum{requests}[5m])) \
         / (sum{by} (rate(http_request_duration_seconds_count{requests}[5m])) > 0) \
         and sum{by} (increase(http_request_duration_seconds_count{requests}[5m])) >= {min}",
    ),
    (
        "p95_response_time",
        "histogram_quantile(0.95, sum{by,le} (rate(http_request_duration_seconds_bucket{requests}[5m]))) \
         and sum{by} (increase(http_request_duration_seconds_count{requests}[5m])) >= {min}",
    ),
    (
        "p99_response_time",
        "histogram_quantile(0.99, sum{by,le} (rate(http_request_duration_seconds_bucket{requests}[5m]))) \
         and sum{by} (increase(http_request_duration_seconds_count{requests}[5m])) >= {min}",
    ),
    // 1 for each service whose breaker is open, else 0.
    ("circuit_breaker_open", "max{by,service} (circuit_breaker_state{state=\"open\"})"),
    // 1 for each service of which no instance is healthy and some are known not to be, else 0.
    (
        "service_unavailable",
        "(sum{by,service} (service_instances_total{health=\"healthy\"}) == bool 0) \
         * (sum{by,service} (service_instances_total{health=\"unhealthy\"}) > bool 0)",
    ),
    // The part of the memory limit that the gateway has taken.
    ("memory_usage", "max{by} (gateway_memory_bytes / (gateway_memory_limit_bytes > 0))"),
    // By the checks, which are counted from zero, and not by the violations of each client: a client's series starts with its
    // first violation, which no increase would show.
    ("rate_limit_violations_per_hour", "sum{by} (increase(rate_limit_requests_total{result=\"limited\"}[1h]))"),
    (
        "code_generation_failure_rate",
        "(sum{by} (rate(code_generations_total{status!~\"success|pending\"}[5m])) or 0 * sum{by} (rate(code_generations_total{status!=\"pending\"}[5m]))) \
         / (sum{by} (rate(code_generations_total{status!=\"pending\"}[5m])) > 0) \
         and sum{by} (increase(code_generations_total{status!=\"pending\"}[5m])) >= {calls}",
    ),
    (
        "image_generation_failure_rate",
        "(sum{by} (rate(image_generations_total{status!~\"success|pending\"}[5m])) or 0 * sum{by} (rate(image_generations_total{status!=\"pending\"}[5m]))) \
         / (sum{by} (rate(image_generations_total{status!=\"pending\"}[5m])) > 0) \
         and sum{by} (increase(image_generations_total{status!=\"pending\"}[5m])) >= {calls}",
    ),
    // The part of sessions that ended without a close frame.
    (
        "websocket_disconnection_rate",
        "(sum{by} (rate(websocket_connections_total{event=\"aborted\"}[5m])) or 0 * sum{by} (rate(websocket_connections_total{event=~\"closed|aborted\"}[5m]))) \
         / (sum{by} (rate(websocket_connections_total{event=~\"closed|aborted\"}[5m])) > 0) \
         and sum{by} (increase(websocket_connections_total{event=~\"closed|aborted\"}[5m])) >= {calls}",
    ),
];

/// The signals' names.
pub fn names() -> impl Iterator<Item = &'static str> {
    SIGNALS.iter().map(|(name, _)| *name)
}

/// The labels that a signal has in the agent.
pub fn labels_of(name: &str) -> &'static [&'static str] {
    match name {
        "circuit_breaker_open" | "service_unavailable" => &["service"],
        _ => &[],
    }
}

/// The recording rules of all signals.
pub fn group(options: &Options) -> Group {
    let rules = SIGNALS.iter().map(|(name, expression)| {
        let text = fill(expression, options);
        let query = Query::parse(&text).expect("the expressions of the signals are tested with every shape of options");
        Rule::Recording(Box::new(RecordingRule { record: (*name).to_owned(), query, labels: Vec::new(), limit: 0 }))
    });
    Group {
        name: GROUP.to_owned(),
        origin: format!("<{GROUP}>"),
        interval: None,
        query_offset: 0,
        rules: rules.collect(),
    }
}

/// The matcher of endpoints that count, with a comma before it where something stands before.
pub(super) fn requests(exclude: &[String]) -> String {
    if exclude.is_empty() {
        return String::new();
    }
    let all: Vec<String> = exclude.iter().map(|endpoint| regex::escape(endpoint)).collect();
    format!("endpoint!~{}", quote(&all.join("|")))
}

/// `by (a, b)` of the options' labels and one more.
pub(super) fn by(options: &Options, more: Option<&str>) -> String {
    let all: Vec<&str> = options.by.iter().map(String::as_str).chain(more).collect();
    if all.is_empty() { String::new() } else { format!(" by ({})", all.join(", ")) }
}

fn fill(expression: &str, options: &Options) -> String {
    let requests = requests(&options.exclude);
    let and = if requests.is_empty() { String::new() } else { format!("{requests}, ") };
    let only = if requests.is_empty() { String::new() } else { format!("{{{requests}}}") };
    expression
        .replace("{requests,", &format!("{{{and}"))
        .replace("{requests}", &only)
        .replace("{by,le}", &by(options, Some("le")))
        .replace("{by,service}", &by(options, Some("service")))
        .replace("{by}", &by(options, None))
        .replace("{min}", &options.min_requests.to_string())
        .replace("{calls}", &options.min_requests.min(MIN_CALLS).to_string())
}

#[cfg(test)]
mod tests;
