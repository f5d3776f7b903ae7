//! Headers that we send with our own requests.

use serde::{Serialize, Serializer};

use super::read::Node;
use super::scalar::{header_name, text};
use super::secret::Secret;
use super::yaml::Yaml;

/// A header; its value is written in the file, or a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Header {
    /// Its name, lower case.
    pub name: String,
    /// Its value.
    pub value: HeaderValue,
}

/// A header's value.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderValue {
    /// Written in the file.
    Plain(String),
    /// Kept elsewhere.
    Secret(Secret),
}

impl HeaderValue {
    /// The value itself. Never log it.
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(value) => value,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl Serialize for HeaderValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Secret(secret) => secret.serialize(serializer),
        }
    }
}

/// A map of names to values.
pub(super) fn headers(node: &Node<'_>) -> Vec<Header> {
    let headers = node.entries(|name, node| {
        let name = header_name(&Yaml::Text(name.to_owned())).map_err(|message| node.fault(message)).ok()?;
        if node.is_map() || node.env_value().is_some() {
            return Secret::read(&node).map(|secret| Header { name, value: HeaderValue::Secret(secret) });
        }
        if ["authorization", "cookie", "token", "key", "secret"].iter().any(|word| name.contains(word)) {
            node.fault("looks like a secret: write { env: NAME } or { file: PATH } instead of the value");
            return None;
        }
        let value = node.need(text)?;
        if hyper::header::HeaderValue::from_str(&value).is_err() {
            node.fault("holds a character that no header holds");
        }
        Some(Header { name, value: HeaderValue::Plain(value) })
    });
    headers.unwrap_or_default()
}
