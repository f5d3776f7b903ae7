//! A call of the gateway's that is over, as plain data. Told only where it has a span.

use super::exchange::{Outcome, Version};
use super::{Context, Traced};
use std::net::SocketAddr;
use std::time::Instant;

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Its place in the trace: its parent is what the gateway named, or the request that is known to have caused it.
    pub trace: Traced,
    /// Requests that may have caused it, where that is not known.
    pub links: Vec<Context>,
    /// What it is linked by.
    pub linked_by: &'static str,
    /// What the service's circuit breaker had to say.
    pub breaker: Option<&'static str>,
    /// The service, as it is counted.
    pub service: Box<str>,
    /// Where it led, where that is known.
    pub address: Option<SocketAddr>,
    /// How it was asked.
    pub version: Version,
    /// The method, bounded as labels are.
    pub method: &'static str,
    /// The request target, as it was asked for.
    pub target: Box<[u8]>,
    /// When the request's head was here.
    pub started: Instant,
    /// When the answer's head was here.
    pub began: Option<Instant>,
    /// When it was over.
    pub ended: Instant,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// The status of a gRPC call, by its number.
    pub grpc: Option<u16>,
    /// How it ended: the client is the gateway here, and the gateway is the service.
    pub outcome: Outcome,
}

impl Call {
    /// Bytes that it holds.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.service.len() + self.target.len() + size_of_val(&*self.links)
    }
}
