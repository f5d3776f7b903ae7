//! Where the gateway may send spans of its own, over OTLP: they go where ours go, with what our resource says besides.
//!
//! - `grpc`: over gRPC
//! - `http`: protobuf or JSON in a POST

mod grpc;
mod http;

use super::desk::Desk;
use crate::config::tracing::Receiver;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::net::{SocketAddr, TcpListener};

/// Bytes of one request, after decompression.
const LIMIT: usize = 16 << 20;

/// Listens where `config` says, on the runtime that this is called in, for as long as that runs. Gives the addresses.
///
/// # Errors
/// A sentence that names the key, when an address cannot be listened on.
pub fn start(config: &Receiver, desk: &Desk) -> Result<Vec<(&'static str, SocketAddr)>, String> {
    let mut addresses = Vec::new();
    for (key, address) in [("grpc", config.grpc), ("http", config.http)] {
        let Some(address) = address else { continue };
        let failed = |error| format!("tracing.receiver.{key}: cannot listen on {address}: {error}");
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        addresses.push((key, listener.local_addr().map_err(failed)?));
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        match key {
            "grpc" => drop(tokio::spawn(grpc::serve(listener, desk.clone()))),
            _ => drop(tokio::spawn(http::serve(listener, desk.clone()))),
        }
    }
    Ok(addresses)
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// There are no traces.
    Off,
    /// A span has no ids.
    Malformed,
}

impl Refused {
    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "`tracing.enabled` is off",
            Self::Malformed => "a span has no trace id of 16 bytes and span id of 8",
        }
    }
}

/// Takes what came over `protocol`, if all of it is spans.
fn take(desk: &Desk, protocol: &str, request: ExportTraceServiceRequest) -> Result<(), Refused> {
    let tracer = desk.tracer().ok_or(Refused::Off)?;
    let mut spans = request.resource_spans.iter().flat_map(|group| &group.scope_spans).flat_map(|scope| &scope.spans);
    if !spans.all(|span| span.trace_id.len() == 16 && span.span_id.len() == 8) {
        return Err(Refused::Malformed);
    }
    tracer.receive(protocol, request);
    Ok(())
}
