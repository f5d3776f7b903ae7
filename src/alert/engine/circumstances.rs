//! What else is said of an alert that fires: which endpoints fail, or where none does, which are slowest; which statuses there
//! are; whether a service that the gateway calls is to blame; and traces to look at.

use crate::base::number::shortest;
use crate::promql::{Limits, Query, Series, Value};

const TOP: &str = "topk(3, sum by (endpoint) (increase(http_requests_total{status_code=~\"5..\"}[5m])) > 0)";
const SLOWEST: &str = "topk(3, sum by (endpoint) (rate(http_request_duration_seconds_sum[5m])) \
    / (sum by (endpoint) (rate(http_request_duration_seconds_count[5m])) > 0))";
const MIX: &str = "sum by (status_code) (increase(http_requests_total[5m])) > 0";
/// Services whose breaker is open, of which no instance is healthy, or of whose calls one in twenty fails.
const BLAMED: &str = "sum by (service) (circuit_breaker_open > 0 or service_unavailable > 0 \
    or sum by (service) (rate(service_requests_total{status_code!~\"[1-4]..\"}[5m])) \
    / sum by (service) (rate(service_requests_total[5m])) > 0.05)";
const SERVICES: &str = "count(service_requests_total) > 0";

/// Annotations, those that there is something to say of; `traces` are the ids of traces that show it.
pub(super) fn now(now: i64, source: &dyn Series, traces: &[String]) -> Vec<(String, String)> {
    let counts = |text: &str, label: &str| {
        let found = answer(text, now, source);
        let texts = found.iter().map(|(labels, count)| format!("{} ×{}", labels.get(label), shortest(count.round())));
        texts.collect::<Vec<_>>().join(", ")
    };
    let mut top = counts(TOP, "endpoint");
    if top.is_empty() {
        let found = answer(SLOWEST, now, source);
        let slowest = found.iter().map(|(labels, seconds)| format!("{} {seconds:.2} s", labels.get("endpoint")));
        top = slowest.collect::<Vec<_>>().join(", ");
    }
    let blamed = answer(BLAMED, now, source);
    let services: Vec<&str> = blamed.iter().map(|(labels, _)| labels.get("service")).collect();
    let blame = match services.as_slice() {
        // Where calls of the gateway are not seen, nobody knows.
        [] if answer(SERVICES, now, source).is_empty() => String::new(),
        [] => "the gateway itself: the services that it calls answer".to_owned(),
        services => format!("services that the gateway calls: {}", services.join(", ")),
    };
    let (mix, traces) = (counts(MIX, "status_code"), traces.join(", "));
    let all = [("top_endpoints", top), ("status_mix", mix), ("blame", blame), ("trace_ids", traces)];
    all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text)).collect()
}

fn answer(text: &str, now: i64, source: &dyn Series) -> Vec<(crate::base::Labels, f64)> {
    let query = Query::parse(text).expect("the queries above are tested");
    match query.instant(source, now, &Limits::default()).map(|answer| answer.value) {
        Ok(Value::Vector(found)) => found.into_iter().map(|element| (element.labels, element.value)).collect(),
        // An alert goes out without what could not be found out.
        _ => Vec::new(),
    }
}
