//! The families of HTTP exchanges.

use super::family::Family;
use super::registry::Registry;
use crate::config::Buckets;
use prometheus::{Histogram, IntCounter, IntGauge};

/// The family that summaries are made of.
pub(super) const REQUESTS: &str = "http_requests_total";
/// Seconds of whole exchanges; its buckets have exemplars.
pub const DURATION: &str = "http_request_duration_seconds";
pub(super) const ACTIVE: &str = "http_requests_active";

/// All of them. `endpoint` is a template, `method` one of [`Method`].
#[derive(Clone)]
pub struct HttpMetrics {
    requests: Family<IntCounter>,
    duration: Family<Histogram>,
    first_byte: Family<Histogram>,
    request_size: Family<Histogram>,
    response_size: Family<Histogram>,
    /// Requests whose head is here and whose answer is not whole.
    pub active: IntGauge,
    /// Requests that the client did not wait for.
    pub aborted_by_client: IntCounter,
    /// Requests that the gateway left without a whole answer.
    pub aborted_by_gateway: IntCounter,
}

impl HttpMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry, buckets: &Buckets) -> Self {
        let histogram =
            |name, help, bounds: &[f64]| Family::with_buckets(registry, name, help, &["method", "endpoint"], bounds);
        let aborted: Family<IntCounter> = Family::register(
            registry,
            "http_requests_aborted_total",
            "Requests that ended without a whole answer, by who ended them.",
            &["by"],
        );
        let active: Family<IntGauge> = Family::register(registry, ACTIVE, "Requests that are being answered.", &[]);
        Self {
            requests: Family::register(
                registry,
                REQUESTS,
                "Requests by the status of their answer.",
                &["method", "endpoint", "status_code"],
            ),
            duration: histogram(
                DURATION,
                "From a request's head to the last byte of its answer, or to its 101.",
                &buckets.duration,
            ),
            first_byte: histogram(
                "http_response_first_byte_seconds",
                "From a request's head to the first byte of its answer.",
                &buckets.duration,
            ),
            request_size: histogram(
                "http_request_size_bytes",
                "Content of requests as sent, without heads and framing.",
                &buckets.size,
            ),
            response_size: histogram(
                "http_response_size_bytes",
                "Content of answers as sent, without heads and framing.",
                &buckets.size,
            ),
            active: active.with(&[]),
            aborted_by_client: aborted.with(&["client"]),
            aborted_by_gateway: aborted.with(&["gateway"]),
        }
    }

    /// The handles of one method and endpoint.
    pub fn handles(&self, method: Method, endpoint: &str) -> HttpHandles {
        let labels = [method.as_str(), endpoint];
        HttpHandles {
            requests: self.requests.clone(),
            labels: (method, endpoint.into()),
            duration: self.duration.with(&labels),
            first_byte: self.first_byte.with(&labels),
            request_size: self.request_size.with(&labels),
            response_size: self.response_size.with(&labels),
            by_status: Vec::new(),
        }
    }
}

/// Handles of one method and endpoint, resolved once. Each worker has its own.
pub struct HttpHandles {
    requests: Family<IntCounter>,
    labels: (Method, Box<str>),
    /// Seconds.
    pub duration: Histogram,
    /// Seconds.
    pub first_byte: Histogram,
    /// Bytes.
    pub request_size: Histogram,
    /// Bytes.
    pub response_size: Histogram,
    by_status: Vec<(u16, IntCounter)>,
}

impl HttpHandles {
    /// The counter of `status`. An endpoint has few, so a list is the fastest map.
    pub fn requests(&mut self, status: u16) -> &IntCounter {
        let known = self.by_status.iter().position(|(known, _)| *known == status);
        let at = known.unwrap_or_else(|| {
            let (method, endpoint) = &self.labels;
            let counter = self.requests.with(&[method.as_str(), endpoint, &status.to_string()]);
            self.by_status.push((status, counter));
            self.by_status.len() - 1
        });
        &self.by_status[at].1
    }
}

/// A request's method, bounded: those of RFC 9110 and RFC 5789; the rest is `_OTHER`, as the OpenTelemetry semantic
/// conventions have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    Other,
}

impl Method {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// Methods are case-sensitive (RFC 9110 §9.1).
    pub fn parse(method: &str) -> Self {
        match method {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            "OPTIONS" => Self::Options,
            "TRACE" => Self::Trace,
            "PATCH" => Self::Patch,
            _ => Self::Other,
        }
    }

    /// As the label `method` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Patch => "PATCH",
            Self::Other => "_OTHER",
        }
    }
}
