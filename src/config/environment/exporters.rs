//! Where spans go, by the environment.

use super::{Filling, millis, pairs, scalar, words};
use crate::config::yaml::Yaml;

/// What fills one key of an OTLP exporter, the more specific variable first.
const OTLP: [(&str, [&str; 2]); 5] = [
    ("compression", ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"]),
    ("timeout", ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]),
    ("ca", ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"]),
    ("cert", ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"]),
    ("key", ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"]),
];
const ENDPOINTS: [&str; 3] = ["OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const JAEGER: [&str; 2] = ["JAEGER_ENDPOINT", "OTEL_EXPORTER_JAEGER_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const BATCH: [(&str, &str); 2] = [("queue", "OTEL_BSP_MAX_QUEUE_SIZE"), ("batch", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")];

impl Filling<'_> {
    pub(super) fn exporters(&mut self, tree: &mut Yaml) {
        if let Some((name, kinds)) = self.wanted() {
            let one = |kind: &str| Yaml::Map(vec![(kind.to_owned(), Yaml::Map(Vec::new()))]);
            let list = Yaml::List(kinds.iter().map(|kind| one(kind)).collect());
            self.set(tree, "", &["tracing", "exporters"], name, list);
        }
        let exporters = tree.existing("tracing").and_then(|tracing| tracing.existing("exporters"));
        let Some(Yaml::List(exporters)) = exporters else { return };
        for (at, exporter) in exporters.iter_mut().enumerate() {
            for kind in ["otlp", "jaeger", "console"] {
                let Some(inner) = exporter.existing(kind) else { continue };
                let path = format!("tracing.exporters[{at}].{kind}");
                match kind {
                    "otlp" => self.otlp(inner, &path),
                    "jaeger" => {
                        if let Some((name, value)) = self.first(&JAEGER) {
                            self.set(inner, &path, &["endpoint"], name, Yaml::Text(value));
                        }
                    }
                    _ => {}
                }
                self.batching(inner, &path);
            }
        }
    }

    /// The exporters that the environment asks for, and the variable that asks first.
    fn wanted(&mut self) -> Option<(&'static str, Vec<&'static str>)> {
        let mut kinds = Vec::new();
        let listed = self.first(&["OTEL_TRACES_EXPORTER"]);
        let otlp = self.first(if listed.is_some() { &ENDPOINTS[..1] } else { &ENDPOINTS });
        let jaeger = self.first(if listed.is_some() { &JAEGER[..1] } else { &JAEGER });
        let by = listed.as_ref().or(otlp.as_ref()).or(jaeger.as_ref()).map(|(name, _)| *name)?;
        for word in listed.iter().flat_map(|(_, list)| words(list)).filter(|word| *word != "none") {
            match ["otlp", "jaeger", "console"].into_iter().find(|kind| *kind == word) {
                Some(kind) => kinds.push(kind),
                None => self.pass_over("tracing.exporters", format!("{by} names `{word}`, which we do not have")),
            }
        }
        kinds.extend(otlp.map(|_| "otlp"));
        kinds.extend(jaeger.map(|_| "jaeger"));
        kinds.sort_unstable();
        kinds.dedup();
        Some((by, kinds))
    }

    fn otlp(&mut self, inner: &mut Yaml, path: &str) {
        match self.first(&PROTOCOLS) {
            Some((name, word)) if ["grpc", "http/protobuf"].contains(&word.trim()) => {
                self.set(inner, path, &["protocol"], name, Yaml::Text(word.trim().to_owned()));
            }
            Some((name, word)) => {
                self.pass_over(&format!("{path}.protocol"), format!("{name} names `{word}`, which we do not have"));
            }
            None => {}
        }
        let http =
            inner.existing("protocol").and_then(|protocol| protocol.plain()).map(|word| word.starts_with("http"));
        let (name, mut endpoint) = self.first(&ENDPOINTS).unwrap_or_else(|| {
            // OpenTelemetry's own default, for who asks for OTLP and says no more.
            let port = if http == Some(true) { 4318 } else { 4317 };
            ("OTEL_TRACES_EXPORTER", format!("http://localhost:{port}"))
        });
        // The general endpoint is a base to which each signal adds its path, even where it has a path already.
        let http = http.unwrap_or_else(|| endpoint.trim_end_matches('/').ends_with(":4318"));
        if http && name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
            endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        }
        if self.first(&ENDPOINTS).is_some() || self.first(&["OTEL_TRACES_EXPORTER"]).is_some() {
            self.set(inner, path, &["endpoint"], name, Yaml::Text(endpoint));
        }
        for (key, names) in OTLP {
            if let Some((name, value)) = self.first(&names) {
                let value = if key == "timeout" { millis(&value) } else { Yaml::Text(value) };
                self.set(inner, path, &[key], name, value);
            }
        }
        if let Some((name, list)) = self.first(&HEADERS) {
            let headers = pairs(&list).into_iter().map(|(header, value)| (header, Yaml::Secret(name, value)));
            self.set(inner, path, &["headers"], name, Yaml::Map(headers.collect()));
        }
    }

    fn batching(&mut self, inner: &mut Yaml, path: &str) {
        for (key, name) in BATCH {
            if let Some((name, value)) = self.first(&[name]) {
                self.set(inner, path, &[key], name, scalar(&value));
            }
        }
        if let Some((name, value)) = self.first(&["OTEL_BSP_SCHEDULE_DELAY"]) {
            self.set(inner, path, &["delay"], name, millis(&value));
        }
    }
}
