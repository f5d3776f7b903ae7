//! `GET /api/v1/trace`: what runs, and the context of the call itself; `GET /api/v1/debug/trace-context`: what we read out of the
//! headers of the call, what we would write into a request that had them, and why it would have a span or not.

use super::{exporters, off};
use crate::admin::Shared;
use crate::admin::reply::{CorrelationId, envelope};
use crate::trace::id::Ids;
use crate::trace::propagate::{Become, Reader};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /api/v1/trace`
pub(super) async fn current(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    headers: HeaderMap,
) -> Response {
    let config = view.config.load_full();
    let Some(tracer) = view.traces.tracer() else { return off() };
    let begun = tracer.policy.rehearse(&read(&headers), None, &mut Ids::new());
    let body = json!({
        "trace_context": {
            "trace_id": begun.context.trace.to_string(),
            "span_id": begun.context.span.to_string(),
            "parent_span_id": begun.context.parent.map(|parent| parent.to_string()),
            "baggage": baggage(&headers),
        },
        "tracing_config": {
            "service_name": config.service,
            "environment": config.environment,
            "sample_rate": config.tracing.sample_rate,
            "max_spans_per_second": config.tracing.max_spans_per_second,
            "share_of_budget": tracer.policy.sampler.factor(),
            "propagation": config.tracing.propagation,
            "trust": config.tracing.trust,
            "inject": config.tracing.inject,
        },
        "exporters": exporters(&tracer),
    });
    envelope(&view, &id, body)
}

/// `GET /api/v1/debug/trace-context`
pub(super) async fn context(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    headers: HeaderMap,
) -> Response {
    let Some(tracer) = view.traces.tracer() else { return off() };
    let reader = read(&headers);
    let begun = tracer.policy.rehearse(&reader, None, &mut Ids::new());
    let fields = tracer.policy.fields(&begun);
    let context = &begun.context;
    let read = begun.form.map(|form| {
        json!({
            "format": form,
            "trace_id": context.trace.to_string(),
            "parent_span_id": context.parent.map(|parent| parent.to_string()),
            "random": context.random,
            "debug": context.debug,
            "tracestate": begun.keep_state,
        })
    });
    let inject: Map<String, Value> = fields
        .iter()
        .flat_map(|fields| fields.names().map(|name| (name, fields.line(name))))
        .map(|(name, line)| (name.as_str().to_owned(), String::from_utf8_lossy(line.value()).into()))
        .collect();
    let gone = |name: &str| fields.as_ref().is_some_and(|fields| fields.of(name.as_bytes()) == Become::Gone);
    let removed: Vec<&str> = headers.keys().map(|name| name.as_str()).filter(|name| gone(name)).collect();
    let body = json!({
        "read": read,
        "baggage": baggage(&headers),
        "inject": inject,
        "removed": removed,
        "sampled": begun.decision.sampled,
        "decided_by": begun.decision.why.as_str(),
        "mint_request_id": tracer.policy.mint_request_id && !reader.has_request_id(),
    });
    envelope(&view, &id, body)
}

fn read(headers: &HeaderMap) -> Reader {
    let mut reader = Reader::default();
    headers.iter().for_each(|(name, value)| reader.field(name.as_str().as_bytes(), value.as_bytes()));
    reader
}

/// The caller's own baggage, as it was written.
fn baggage(headers: &HeaderMap) -> Map<String, Value> {
    let lines = headers.get_all("baggage").iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(',')).filter_map(|member| {
        let (key, value) = member.split(';').next()?.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().into()))
    });
    pairs.collect()
}
