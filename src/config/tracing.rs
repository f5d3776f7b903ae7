//! `tracing:`: spans out of traffic, and where they go.
//!
//! - `exporter`: the places they go to

pub mod exporter;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{as_text_or_none, duration_in};
use super::read::{Node, Unique};
use super::routes::{Pattern, pattern};
use super::scalar::{address, flag, header_name, number, one_of, positive, text, whole};
pub use exporter::{Exporter, Target};

/// Spans out of traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tracing {
    /// Whether spans are made and contexts propagated at all.
    pub enabled: bool,
    /// Share of traces that is kept, 0 to 1, where the caller has not decided.
    pub sample_rate: f64,
    /// Shares that differ by endpoint; endpoints are unique.
    pub routes: Vec<RouteRate>,
    /// The rate falls as load rises, so that no more than this are made.
    pub max_spans_per_second: NonZeroUsize,
    /// What is kept whatever the rate says.
    pub keep: Keep,
    /// Whether a caller's trace is continued; otherwise each request starts one.
    pub trust: bool,
    /// How contexts are read, in this order, and written, in all of these; none twice.
    pub propagation: Vec<Format>,
    /// Whether trace headers are written into requests.
    pub inject: bool,
    /// Whether a request without `x-request-id` gets one.
    pub mint_request_id: bool,
    /// Baggage keys that become attributes.
    pub baggage: Vec<String>,
    /// How calls are linked to the requests that caused them, where no context was forwarded.
    pub link: Link,
    /// Share of WebSocket messages that become an event of their session's span.
    pub message_events: f64,
    /// Where the gateway may send spans of its own, over OTLP.
    pub receiver: Receiver,
    /// Attributes of the resource, besides service and environment.
    pub resource: Vec<(String, String)>,
    /// Spans kept for `/api/v1/traces/recent`.
    pub recent: usize,
    /// Where spans go.
    pub exporters: Vec<Exporter>,
}

/// A share of its own for one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteRate {
    /// The endpoint.
    pub endpoint: Pattern,
    /// The share, 0 to 1.
    pub sample_rate: f64,
}

/// What is kept whatever the rate says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Keep {
    /// Exchanges that failed.
    pub errors: bool,
    /// Exchanges that took longer.
    #[serde(serialize_with = "as_text_or_none")]
    pub slower_than: Option<Duration>,
}

/// A form that trace context has in headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// W3C `traceparent` and `tracestate`.
    TraceContext,
    /// W3C `baggage`.
    Baggage,
    /// Zipkin's `b3`.
    B3,
    /// Zipkin's `x-b3-…`.
    B3Multi,
    /// Jaeger's `uber-trace-id`.
    Jaeger,
}

/// How a call is linked to a request without a forwarded context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// Headers that the gateway is known to forward.
    pub headers: Vec<String>,
    /// Whether more such headers are learned from traffic.
    pub learn: bool,
}

/// Where the gateway may send spans of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receiver {
    /// OTLP over gRPC.
    pub grpc: Option<SocketAddr>,
    /// OTLP over HTTP.
    pub http: Option<SocketAddr>,
}

/// The words of `propagation`, which are those of `OTEL_PROPAGATORS`.
pub(super) const FORMATS: [(&str, Format); 5] = [
    ("tracecontext", Format::TraceContext),
    ("baggage", Format::Baggage),
    ("b3", Format::B3),
    ("b3multi", Format::B3Multi),
    ("jaeger", Format::Jaeger),
];

impl Tracing {
    pub(super) fn read(node: &Node<'_>) -> Self {
        const SPANS: NonZeroUsize = NonZeroUsize::new(200).expect("200 is not 0");
        let share = || number(0.0..=1.0);
        node.map(|keys| Self {
            enabled: keys.key("enabled").get(flag).unwrap_or(true),
            sample_rate: keys.key("sample_rate").get(share()).unwrap_or(1.0),
            routes: routes(&keys.key("routes")),
            max_spans_per_second: keys.key("max_spans_per_second").get(positive(1_000_000)).unwrap_or(SPANS),
            keep: keys.key("keep").map(|keys| Keep {
                errors: keys.key("errors").get(flag).unwrap_or(true),
                slower_than: match keys.key("slower_than") {
                    node if node.get(|value| Ok(value.plain().as_deref() == Some("off"))) == Some(true) => None,
                    node => node
                        .get(duration_in(Duration::from_millis(1)..=Duration::from_secs(3600)))
                        .or(Some(Duration::from_secs(5))),
                },
            }),
            trust: keys.key("trust").get(flag).unwrap_or(true),
            propagation: propagation(&keys.key("propagation")),
            inject: keys.key("inject").get(flag).unwrap_or(true),
            mint_request_id: keys.key("mint_request_id").get(flag).unwrap_or(true),
            baggage: keys.key("baggage").list(|item| item.get(text)).unwrap_or_default(),
            link: keys.key("link").map(|keys| Link {
                headers: keys.key("headers").list(|item| item.get(header_name)).unwrap_or_default(),
                learn: keys.key("learn").get(flag).unwrap_or(true),
            }),
            message_events: keys.key("message_events").get(share()).unwrap_or(0.0),
            receiver: keys
                .key("receiver")
                .map(|keys| Receiver { grpc: keys.key("grpc").get(address), http: keys.key("http").get(address) }),
            resource: keys
                .key("resource")
                .entries(|name, node| node.need(text).map(|value| (name.to_owned(), value)))
                .unwrap_or_default(),
            recent: keys.key("recent").get(whole(0..=100_000)).unwrap_or(200),
            exporters: keys.key("exporters").list(|item| Exporter::read(&item)).unwrap_or_default(),
        })
    }
}

fn routes(node: &Node<'_>) -> Vec<RouteRate> {
    let mut seen = Unique::default();
    let rates = node.list(|item| {
        item.map(|keys| {
            let node = keys.key("endpoint");
            let (endpoint, rate) = (node.need(pattern), keys.key("sample_rate").need(number(0.0..=1.0)));
            endpoint.iter().for_each(|endpoint| seen.take(&node, endpoint.as_str()));
            Some(RouteRate { endpoint: endpoint?, sample_rate: rate? })
        })
    });
    rates.unwrap_or_default()
}

fn propagation(node: &Node<'_>) -> Vec<Format> {
    let mut seen = Vec::new();
    let formats = node.list(|item| {
        let format = item.get(one_of(&FORMATS))?;
        if seen.contains(&format) {
            item.fault("is there twice");
        }
        seen.push(format);
        Some(format)
    });
    formats.unwrap_or_else(|| vec![Format::TraceContext, Format::Baggage, Format::B3, Format::Jaeger])
}
