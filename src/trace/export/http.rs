//! OTLP over HTTP: protobuf in a POST; and the POST that Jaeger takes.

use super::queue::Item;
use super::resource::Identity;
use super::send::{Failure, told};
use crate::config::header::Header;
use crate::config::tracing::exporter::{Compression, Otlp};
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Identity as Pair, Response};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How much of an answer is told.
const ANSWER: usize = 300;

/// OTLP over HTTP.
pub struct Http {
    post: Post,
    compression: Compression,
    identity: Identity,
}

/// Posts to one URL.
pub(super) struct Post {
    client: Client,
    url: String,
    headers: HeaderMap,
}

impl Http {
    pub(super) fn new(config: &Otlp, identity: &Identity) -> Result<Self, String> {
        let pair = config.cert.as_deref().zip(config.key.as_deref());
        let post = Post::new(config.endpoint.as_str(), &config.headers, config.ca.as_deref(), pair)?;
        Ok(Self { post, compression: config.compression, identity: identity.clone() })
    }

    pub(super) async fn send(&self, batch: &[Arc<Item>]) -> Result<u64, Failure> {
        let mut body = self.identity.request(batch).encode_to_vec();
        if self.compression == Compression::Gzip {
            body = gzip(&body).map_err(|error| Failure::never(told(&error)))?;
        }
        let response = self.post.send("application/x-protobuf", self.compression, body).await?;
        // A collector may take a part and say what it did not; one that answers otherwise took all.
        let answer = response.bytes().await.unwrap_or_default();
        let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
        Ok(partial.map_or(0, |partial| u64::try_from(partial.rejected_spans).unwrap_or(0)))
    }
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

impl Post {
    pub(super) fn new(
        url: &str,
        headers: &[Header],
        ca: Option<&Path>,
        pair: Option<(&Path, &Path)>,
    ) -> Result<Self, String> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()));
        let mut builder = Client::builder()
            .user_agent(concat!("outrider/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5));
        if let Some(ca) = ca {
            let certificates = Certificate::from_pem_bundle(&read(ca)?).map_err(|error| told(&error))?;
            if certificates.is_empty() {
                return Err(format!("ca: {} holds no certificate", ca.display()));
            }
            builder = builder.tls_certs_only(certificates);
        }
        if let Some((cert, key)) = pair {
            let pem = [read(cert)?, b"\n".to_vec(), read(key)?].concat();
            builder = builder.identity(Pair::from_pem(&pem).map_err(|error| told(&error))?);
        }
        let mut own = HeaderMap::new();
        for header in headers {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| told(&error))?;
            let value = HeaderValue::from_str(header.value.expose());
            let mut value = value.map_err(|_| format!("headers: the value of {name} cannot be sent"))?;
            value.set_sensitive(true);
            own.insert(name, value);
        }
        let client = builder.build().map_err(|error| told(&error))?;
        Ok(Self { client, url: url.to_owned(), headers: own })
    }

    /// Posts; an answer that is no success is a failure.
    pub(super) async fn send(
        &self,
        content_type: &'static str,
        compression: Compression,
        body: Vec<u8>,
    ) -> Result<Response, Failure> {
        let mut request = self.client.post(&self.url).header(CONTENT_TYPE, content_type);
        if compression == Compression::Gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let response = request.headers(self.headers.clone()).body(body).send().await;
        let response = response.map_err(|error| Failure::later(told(&error.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut answer = response.text().await.unwrap_or_default();
        answer.truncate(answer.floor_char_boundary(ANSWER));
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let message = format!("{status} {}", answer.trim()).trim().to_owned();
        Err(Failure { message, again, after: after.map(Duration::from_secs) })
    }
}
