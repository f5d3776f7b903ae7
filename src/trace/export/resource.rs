//! Who we are, in every form that a receiver wants it; and spans grouped by whose they are.

use super::queue::{Item, Origin};
use crate::config::Config;
use crate::trace::span::{string, value_of};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use std::sync::Arc;

/// The conventions that our names follow.
pub const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";

/// Whose spans we make: the gateway's, seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The gateway's name.
    pub service: String,
    /// Attributes of the resource.
    pub attributes: Vec<KeyValue>,
}

impl Identity {
    /// By the configuration; what it says in `tracing.resource` wins. `instance` tells one replica from another.
    pub fn new(config: &Config, instance: &str) -> Self {
        let own = [
            ("service.name", config.service.as_str()),
            ("deployment.environment.name", &config.environment),
            ("service.instance.id", instance),
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.name", "outrider"),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        let mut attributes: Vec<KeyValue> =
            config.tracing.resource.iter().map(|(key, value)| string(key.clone(), value.as_str())).collect();
        for (key, value) in own.into_iter().filter(|(_, value)| !value.is_empty()) {
            if attributes.iter().all(|known| known.key != key) {
                attributes.push(string(key, value));
            }
        }
        let service = attributes.iter().find(|known| known.key == "service.name").and_then(value_of);
        Self { service: service.unwrap_or(&config.service).to_owned(), attributes }
    }

    /// As a resource of OTLP.
    pub fn resource(&self) -> Resource {
        Resource { attributes: self.attributes.clone(), ..Resource::default() }
    }

    /// A resource that is not ours, with what it does not say of itself. An SDK's stand-in for a name is no name.
    pub fn complete(&self, mut theirs: Resource) -> Resource {
        theirs.attributes.retain(|one| {
            one.key != "service.name" || value_of(one).is_some_and(|name| !name.starts_with("unknown_service"))
        });
        for own in self.attributes.iter().filter(|own| !own.key.starts_with("telemetry.")) {
            if theirs.attributes.iter().all(|known| known.key != own.key) {
                theirs.attributes.push(own.clone());
            }
        }
        theirs
    }

    fn ours(&self) -> ResourceSpans {
        let scope = InstrumentationScope {
            name: "outrider".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let spans = ScopeSpans { scope: Some(scope), schema_url: SCHEMA.to_owned(), spans: Vec::new() };
        ResourceSpans { resource: Some(self.resource()), scope_spans: vec![spans], schema_url: SCHEMA.to_owned() }
    }

    /// A batch as OTLP has it.
    pub(super) fn request(&self, batch: &[Arc<Item>]) -> ExportTraceServiceRequest {
        let groups = by_origin(batch).into_iter().map(|(origin, items)| {
            let mut group = match origin {
                None => self.ours(),
                Some(origin) => theirs(origin),
            };
            group.scope_spans[0].spans = items.into_iter().map(|item| item.span.clone()).collect();
            group
        });
        ExportTraceServiceRequest { resource_spans: groups.collect() }
    }
}

fn theirs(origin: &Origin) -> ResourceSpans {
    let [schema_url, scope_schema] = origin.schemas.clone();
    let spans = ScopeSpans { scope: origin.scope.clone(), schema_url: scope_schema, spans: Vec::new() };
    ResourceSpans { resource: Some(origin.resource.clone()), scope_spans: vec![spans], schema_url }
}

/// A batch by whose spans they are, in the order in which each comes first.
pub(super) fn by_origin(batch: &[Arc<Item>]) -> Vec<(Option<&Origin>, Vec<&Item>)> {
    let mut groups: Vec<(Option<&Origin>, Vec<&Item>)> = Vec::new();
    for item in batch {
        let origin = item.origin.as_deref();
        match groups.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, items)) => items.push(item),
            None => groups.push((origin, vec![item])),
        }
    }
    groups
}
