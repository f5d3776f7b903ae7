//! Standard output: one JSON object a line.

use super::queue::Item;
use super::resource::Identity;
use super::send::{Failure, told};
use crate::trace::span::{attributes, view};
use serde_json::Value;
use std::io::Write as _;
use std::sync::Arc;

/// Standard output.
pub struct Console {
    resource: Value,
}

impl Console {
    pub(super) fn new(identity: &Identity) -> Self {
        Self { resource: attributes(&identity.attributes) }
    }

    /// Whoever reads our output may be slow, so the writing is on a thread where waiting hurts nobody.
    pub(super) async fn send(&self, batch: &[Arc<Item>]) -> Result<u64, Failure> {
        let text = self.lines(batch);
        let written = tokio::task::spawn_blocking(move || {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        });
        match written.await {
            Ok(Ok(())) => Ok(0),
            Ok(Err(error)) => Err(Failure::never(told(&error))),
            Err(error) => Err(Failure::never(told(&error))),
        }
    }

    pub(super) fn lines(&self, batch: &[Arc<Item>]) -> String {
        let mut text = String::new();
        for item in batch {
            let mut span = view(&item.span);
            let resource = match &item.origin {
                Some(origin) => attributes(&origin.resource.attributes),
                None => self.resource.clone(),
            };
            if let Value::Object(keys) = &mut span {
                keys.insert("resource".to_owned(), resource);
            }
            text.push_str(&span.to_string());
            text.push('\n');
        }
        text
    }
}
