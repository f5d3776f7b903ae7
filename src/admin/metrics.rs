//! The exposition and its summary.

use super::Shared;
use super::reply::{CorrelationId, envelope, problem};
use crate::metrics::openmetrics::OPENMETRICS;
use crate::metrics::totals::Totals;
use ::prometheus::TextEncoder;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `GET /api/v1/metrics`: OpenMetrics where it is asked for, which has exemplars; else Prometheus' text format, version 0.0.4.
pub(super) async fn exposition(State(view): State<Shared>, headers: HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if wants_openmetrics(accepts) {
        return ([(header::CONTENT_TYPE, OPENMETRICS)], view.registry.openmetrics()).into_response();
    }
    match TextEncoder::new().encode_to_string(&view.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, ::prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written; the log tells why")
        }
    }
}

/// Whether OpenMetrics is asked for by name (`Accept`, RFC 9110 §12.5.1), and no less than plain text.
fn wants_openmetrics<'a>(accepts: impl Iterator<Item = &'a str>) -> bool {
    let (mut openmetrics, mut plain) = (0.0, 0.0);
    for range in accepts.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok()).unwrap_or(1.0);
        match kind {
            "application/openmetrics-text" => openmetrics = f64::max(openmetrics, quality),
            "text/plain" => plain = f64::max(plain, quality),
            _ => {}
        }
    }
    openmetrics > 0.0 && openmetrics >= plain
}

/// `GET /api/v1/metrics/summary`. A request failed if its answer was a 5xx; what the client got wrong is its own.
pub(super) async fn summary(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let totals = Totals::of(&view.registry.gather());
    let summary = json!({
        "total_requests": totals.requests,
        "successful_requests": totals.requests - totals.failed,
        "failed_requests": totals.failed,
        "success_rate": totals.success_rate(),
        "metrics_collected": totals.families,
        "uptime_seconds": view.started.elapsed().as_secs(),
    });
    envelope(&view, &id, json!({ "metrics_summary": summary }))
}

#[cfg(test)]
mod tests {
    use super::wants_openmetrics;

    #[test]
    fn openmetrics_is_for_who_asks_for_it() {
        for (accept, expected) in [
            ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", true),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", true),
            ("text/plain;version=0.0.4, application/openmetrics-text;q=0.3", false),
            ("application/openmetrics-text;q=0", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(wants_openmetrics([accept].into_iter()), expected, "{accept}");
        }
    }
}
