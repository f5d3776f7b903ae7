//! One attempt to send a batch, and what its failure means.

use super::console::Console;
use super::grpc::Grpc;
use super::http::Http;
use super::jaeger::Jaeger;
use super::queue::Item;
use super::resource::Identity;
use crate::config::tracing::exporter::{Exporter, Protocol, Target};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// A way to send.
pub enum Sender {
    /// OTLP over gRPC.
    Grpc(Grpc),
    /// OTLP over HTTP.
    Http(Http),
    /// Thrift over HTTP.
    Jaeger(Jaeger),
    /// Standard output.
    Console(Console),
}

/// Why a batch was not sent.
#[derive(Debug)]
pub struct Failure {
    /// In words.
    pub message: String,
    /// Whether another attempt can do better.
    pub again: bool,
    /// When the other side wants it.
    pub after: Option<Duration>,
}

impl Failure {
    /// Another attempt may do better.
    pub(super) fn later(message: impl Into<String>) -> Self {
        Self { message: message.into(), again: true, after: None }
    }

    /// No other attempt will.
    pub(super) fn never(message: impl Into<String>) -> Self {
        Self { message: message.into(), again: false, after: None }
    }
}

impl Sender {
    pub(super) fn new(config: &Exporter, identity: &Identity) -> Result<Self, String> {
        Ok(match &config.target {
            Target::Otlp(otlp) if otlp.protocol == Protocol::Grpc => Self::Grpc(Grpc::new(otlp, identity)?),
            Target::Otlp(otlp) => Self::Http(Http::new(otlp, identity)?),
            Target::Jaeger { endpoint, headers } => Self::Jaeger(Jaeger::new(endpoint, headers, identity)?),
            Target::Console {} => Self::Console(Console::new(identity)),
        })
    }

    /// Sends a batch; how many of its spans the other side refused for good.
    pub(super) async fn send(&self, batch: &[Arc<Item>]) -> Result<u64, Failure> {
        match self {
            Self::Grpc(grpc) => grpc.send(batch).await,
            Self::Http(http) => http.send(batch).await,
            Self::Jaeger(jaeger) => jaeger.send(batch).await,
            Self::Console(console) => console.send(batch).await,
        }
    }
}

/// An error with what caused it.
pub(super) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
