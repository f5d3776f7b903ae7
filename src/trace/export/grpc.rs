//! OTLP over gRPC, by tonic.

use super::queue::Item;
use super::resource::Identity;
use super::send::{Failure, told};
use crate::config::tracing::exporter::{Compression, Otlp};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use std::sync::Arc;
use std::time::Duration;
use tonic::codec::CompressionEncoding;
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as Pair};
use tonic::{Code, Request, Status};

/// A channel that connects when it is first used, and again when it must.
pub struct Grpc {
    client: TraceServiceClient<Channel>,
    metadata: MetadataMap,
    identity: Identity,
}

impl Grpc {
    pub(super) fn new(config: &Otlp, identity: &Identity) -> Result<Self, String> {
        let endpoint = Endpoint::from_shared(config.endpoint.as_str().to_owned()).map_err(|error| told(&error))?;
        let endpoint = endpoint
            .user_agent(concat!("outrider/", env!("CARGO_PKG_VERSION")))
            .map_err(|error| told(&error))?
            .connect_timeout(Duration::from_secs(5));
        let endpoint = match config.endpoint.is_tls() {
            true => endpoint.tls_config(tls(config)?).map_err(|error| told(&error))?,
            false => endpoint,
        };
        // The channel is lazy, but it wants a runtime to be made in.
        let mut metadata = MetadataMap::new();
        for header in &config.headers {
            let name = MetadataKey::from_bytes(header.name.as_bytes());
            let name = name.map_err(|_| format!("headers: gRPC has no `{}`", header.name))?;
            let value = MetadataValue::try_from(header.value.expose());
            metadata.insert(name, value.map_err(|_| "headers: a value is not plain text".to_owned())?);
        }
        let client = TraceServiceClient::new(endpoint.connect_lazy());
        let client = match config.compression {
            Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            Compression::None => client,
        };
        Ok(Self { client, metadata, identity: identity.clone() })
    }

    pub(super) async fn send(&self, batch: &[Arc<Item>]) -> Result<u64, Failure> {
        let mut request = Request::new(self.identity.request(batch));
        *request.metadata_mut() = self.metadata.clone();
        match self.client.clone().export(request).await {
            Ok(answer) => {
                let partial = answer.into_inner().partial_success;
                Ok(partial.map_or(0, |partial| u64::try_from(partial.rejected_spans).unwrap_or(0)))
            }
            Err(status) => Err(judge(&status)),
        }
    }
}

fn tls(config: &Otlp) -> Result<ClientTlsConfig, String> {
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let mut tls = ClientTlsConfig::new();
    tls = match &config.ca {
        Some(ca) => tls.ca_certificate(Certificate::from_pem(read(ca)?)),
        None => tls.with_native_roots(),
    };
    if let (Some(cert), Some(key)) = (&config.cert, &config.key) {
        tls = tls.identity(Pair::from_pem(read(cert)?, read(key)?));
    }
    Ok(tls)
}

/// By OTLP's list of codes that are worth another attempt.
fn judge(status: &Status) -> Failure {
    let message = told(status);
    let is_transport = std::error::Error::source(status).is_some();
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        // Without a word of when to come back it would be refused for good; but it says that it is full, not that we are wrong.
        | Code::ResourceExhausted => Failure::later(message),
        Code::Unknown if is_transport || status.message().starts_with("Service was not ready") => Failure::later(message),
        _ => Failure::never(message),
    }
}
