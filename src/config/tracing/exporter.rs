//! One place that spans go to.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::config::header::{Header, headers};
use crate::config::quantity::{as_text, duration_in};
use crate::config::read::{Keys, Node};
use crate::config::scalar::{one_of, positive, text};
use crate::config::upstream::Url;
use crate::config::yaml::Yaml;

/// One place that spans go to, with a queue of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exporter {
    /// The place.
    pub target: Target,
    /// Spans that wait at most; beyond it they are dropped and counted.
    pub queue: NonZeroUsize,
    /// Spans sent at once; never more than `queue`.
    pub batch: NonZeroUsize,
    /// How long a span waits for others.
    #[serde(serialize_with = "as_text")]
    pub delay: Duration,
    /// How long one sending may take.
    #[serde(serialize_with = "as_text")]
    pub timeout: Duration,
}

/// The place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// OpenTelemetry's protocol.
    Otlp(Otlp),
    /// Thrift over HTTP, as Jaeger's collector takes it on port 14268.
    Jaeger {
        /// The whole URL, with its path.
        endpoint: Url,
        /// Sent with every request.
        headers: Vec<Header>,
    },
    /// Standard output, one JSON object a line.
    Console {},
}

/// OpenTelemetry's protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Otlp {
    /// The server for gRPC; the whole URL, with its path, for HTTP.
    pub endpoint: Url,
    /// How it is spoken.
    pub protocol: Protocol,
    /// Sent with every request.
    pub headers: Vec<Header>,
    /// Whether payloads are compressed.
    pub compression: Compression,
    /// A PEM file of authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate, where the server asks for one.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// How OTLP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// gRPC.
    Grpc,
    /// Protobuf over HTTP.
    Http,
}

/// Whether payloads are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// They are not.
    None,
    /// By gzip.
    Gzip,
}

impl Target {
    /// As it is written in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Otlp(_) => "otlp",
            Self::Jaeger { .. } => "jaeger",
            Self::Console {} => "console",
        }
    }
}

impl Exporter {
    /// `{ otlp: {…} }`, `{ jaeger: {…} }` or `{ console: {} }`.
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        node.map(|keys| {
            let nodes = ["otlp", "jaeger", "console"].map(|kind| (kind, keys.key(kind)));
            let mut given = nodes.iter().filter(|(_, node)| node.is_set());
            let (Some((kind, inner)), None) = (given.next(), given.next()) else {
                node.fault("needs exactly one of otlp, jaeger, console (write `console: {}` for the last)");
                return None;
            };
            inner.map(|keys| {
                let target = match *kind {
                    "otlp" => Otlp::read(keys).map(Target::Otlp),
                    "jaeger" => jaeger(keys),
                    _ => Some(Target::Console {}),
                };
                Self::queued(keys, target)
            })
        })
    }

    fn queued(keys: &mut Keys<'_>, target: Option<Target>) -> Option<Self> {
        let queue = keys.key("queue").get(positive(1_000_000)).or(NonZeroUsize::new(4096))?;
        let node = keys.key("batch");
        let batch = node.get(positive(100_000)).or(NonZeroUsize::new(512).map(|batch| batch.min(queue)))?;
        if batch > queue {
            node.fault("must not be more than `queue`");
        }
        let limits = Duration::from_millis(10)..=Duration::from_secs(300);
        let delay = keys.key("delay").get(duration_in(limits.clone())).unwrap_or(Duration::from_secs(5));
        let timeout = keys.key("timeout").get(duration_in(limits)).unwrap_or(Duration::from_secs(10));
        Some(Self { target: target?, queue, batch, delay, timeout })
    }
}

impl Otlp {
    fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let protocol = [("grpc", Protocol::Grpc), ("http", Protocol::Http), ("http/protobuf", Protocol::Http)];
        let protocol = keys.key("protocol").get(one_of(&protocol)).unwrap_or(Protocol::Grpc);
        let endpoint = keys.key("endpoint").need(collector(match protocol {
            Protocol::Grpc => "",
            Protocol::Http => "/v1/traces",
        }));
        let compression = [("none", Compression::None), ("gzip", Compression::Gzip)];
        let compression = keys.key("compression").get(one_of(&compression)).unwrap_or(Compression::None);
        let headers = headers(&keys.key("headers"));
        let (ca, cert_node, key_node) = (keys.key("ca").file(), keys.key("cert"), keys.key("key"));
        for (node, other, name) in [(&cert_node, &key_node, "key"), (&key_node, &cert_node, "cert")] {
            if node.is_set() && !other.is_set() {
                node.fault(format!("needs its `{name}`"));
            }
        }
        let (cert, key) = (cert_node.file(), key_node.file());
        Some(Self { endpoint: endpoint?, protocol, headers, compression, ca, cert, key })
    }
}

fn jaeger(keys: &mut Keys<'_>) -> Option<Target> {
    let (endpoint, headers) = (keys.key("endpoint").need(collector("/api/traces")), headers(&keys.key("headers")));
    Some(Target::Jaeger { endpoint: endpoint?, headers })
}

/// A URL, or `host:port` as the usual environment variables have it; `path` is added where there is none.
fn collector(path: &'static str) -> impl Fn(&Yaml) -> Result<Url, String> {
    move |value| {
        let text = text(value)?;
        let full = if text.contains("://") { text } else { format!("http://{text}") };
        let url: Url = full.parse()?;
        match url.path() {
            "" | "/" => format!("{}{path}", full.trim_end_matches('/')).parse(),
            _ => Ok(url),
        }
    }
}
