//! Where the gateway may send spans of its own, over OTLP: they go where ours go, with what our resource says besides.
//!
//! - `grpc`: over gRPC
//! - `http`: protobuf in a POST

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

/// Takes what came over `protocol`. False while there are no traces.
fn take(desk: &Desk, protocol: &str, request: ExportTraceServiceRequest) -> bool {
    let Some(tracer) = desk.tracer() else { return false };
    tracer.receive(protocol, request);
    true
}
