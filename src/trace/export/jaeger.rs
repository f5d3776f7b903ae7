//! Jaeger's collector: `jaeger.thrift` batches in a POST, as it takes them on port 14268.

use super::http::Post;
use super::queue::Item;
use super::resource::{Identity, by_origin};
use super::send::{Failure, told};
use super::thrift;
use crate::config::header::Header;
use crate::config::tracing::exporter::Compression;
use crate::config::upstream::Url;
use crate::trace::span::value_of;
use std::sync::Arc;

/// The collector.
pub struct Jaeger {
    post: Post,
    identity: Identity,
}

impl Jaeger {
    pub(super) fn new(endpoint: &Url, headers: &[Header], identity: &Identity) -> Result<Self, String> {
        Ok(Self { post: Post::new(endpoint.as_str(), headers, None, None)?, identity: identity.clone() })
    }

    /// A batch has one process, so spans of several services take several posts. When one of them fails after others went
    /// through, those are sent once more: Jaeger takes a span that it has for the same span.
    pub(super) async fn send(&self, batch: &[Arc<Item>]) -> Result<u64, Failure> {
        for (origin, items) in by_origin(batch) {
            let attributes = origin.map_or(&self.identity.attributes, |origin| &origin.resource.attributes);
            let service = attributes.iter().find(|one| one.key == "service.name").and_then(value_of);
            let spans = items.iter().map(|item| &item.span);
            let body = thrift::batch(service.unwrap_or(&self.identity.service), attributes, spans);
            let body = body.map_err(|error| Failure::never(told(&error)))?;
            self.post.send("application/vnd.apache.thrift.binary", Compression::None, body).await?;
        }
        Ok(0)
    }
}
