//! `routes:`: how a path becomes an endpoint.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{as_text, duration_in};
use super::read::Node;
use super::scalar::{text, whole};
use super::upstream::Url;
use super::yaml::Yaml;

/// Bytes of a pattern, at most: it becomes a label value.
const MAX_BYTES: usize = 256;
/// Segments of a pattern, at most.
const MAX_SEGMENTS: usize = 32;

/// How a path becomes an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Routes {
    /// Explicit templates, tried before anything else; none twice.
    pub patterns: Vec<Pattern>,
    /// The gateway's own OpenAPI document.
    pub openapi: Option<OpenApi>,
    /// How often that document is fetched again.
    #[serde(serialize_with = "as_text")]
    pub refresh: Duration,
    /// Endpoints known at once; the rest is `other`.
    pub max: usize,
    /// Paths that are counted, but kept out of signals and traces.
    pub exclude: Vec<Pattern>,
}

/// A path template: `/users/{id}`, `/files/{rest:path}`, `/v1/models/{name}:predict`.
///
/// It begins with `/`; each segment holds at most one parameter, and a parameter that takes the rest of the path
/// (`{name:path}`) is the last segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of ours, known to be valid.
    pub(super) fn of(known: &str) -> Self {
        Self(known.to_owned())
    }
}

/// Where an OpenAPI document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OpenApi {
    /// Fetched, and fetched again now and then.
    Url(Url),
    /// Read, and read again when it changes.
    File(PathBuf),
}

impl Routes {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| {
            let openapi = keys.key("openapi");
            Self {
                patterns: patterns(&keys.key("patterns")).unwrap_or_default(),
                openapi: match openapi.get(|value| Ok(matches!(value, Yaml::Text(text) if text.contains("://")))) {
                    Some(true) => openapi.get(super::upstream::url).map(OpenApi::Url),
                    _ => openapi.file().map(OpenApi::File),
                },
                refresh: keys
                    .key("refresh")
                    .get(duration_in(Duration::from_secs(1)..=Duration::from_secs(86_400)))
                    .unwrap_or(Duration::from_secs(300)),
                max: keys.key("max").get(whole(1..=100_000)).unwrap_or(300),
                exclude: patterns(&keys.key("exclude"))
                    .unwrap_or_else(|| ["/healthz", "/readyz"].map(Pattern::of).to_vec()),
            }
        })
    }
}

/// Patterns, none twice.
pub(super) fn patterns(node: &Node<'_>) -> Option<Vec<Pattern>> {
    let mut seen = Vec::new();
    node.list(|item| {
        let pattern = item.get(pattern)?;
        if seen.contains(&pattern) {
            item.fault(format!("`{}` is there twice", pattern.as_str()));
        }
        seen.push(pattern.clone());
        Some(pattern)
    })
}

/// A [`Pattern`].
pub(super) fn pattern(value: &Yaml) -> Result<Pattern, String> {
    let pattern = text(value)?;
    let wrong = |why: &str| Err(format!("`{pattern}` is not a path pattern: {why}"));
    let Some(path) = pattern.strip_prefix('/') else { return wrong("it must begin with /") };
    if path.contains(['?', '#', ';']) || path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return wrong("it holds a character that no path holds");
    }
    if pattern.len() > MAX_BYTES || path.split('/').count() > MAX_SEGMENTS {
        return wrong(&format!("it has more than {MAX_BYTES} bytes or {MAX_SEGMENTS} segments"));
    }
    let (mut names, mut segments) = (Vec::new(), path.split('/').peekable());
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return wrong("it has an empty segment");
        }
        if matches!(segment, "." | "..") {
            return wrong("a segment cannot be . or ..");
        }
        let Some((before, rest)) = segment.split_once('{') else {
            if segment.contains('}') {
                return wrong("it has a } without its {");
            }
            continue;
        };
        let Some((name, after)) = rest.split_once('}') else { return wrong("it has a { without its }") };
        if after.contains(['{', '}']) || before.contains('}') {
            return wrong("a segment can hold one {parameter} only");
        }
        let (name, takes_rest) = name.strip_suffix(":path").map_or((name, false), |name| (name, true));
        if takes_rest && (segments.peek().is_some() || !before.is_empty() || !after.is_empty()) {
            return wrong("a {parameter:path} must be the whole last segment");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) || name.ends_with('.') {
            return wrong("a parameter's name holds letters, digits, _, - and, but at its end, . only");
        }
        if names.contains(&name) {
            return wrong("it has two parameters of one name");
        }
        names.push(name);
    }
    Ok(Pattern(pattern))
}
