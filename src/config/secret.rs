//! Secrets: named in the file, kept elsewhere, never printed.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::read::Node;
use super::scalar::text;

/// A secret and where it came from. `Debug` and `Serialize` give `***`; two secrets are equal when place and value are.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    source: SecretSource,
    value: String,
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; one line end at its end does not count.
    File(PathBuf),
}

impl Secret {
    /// The secret itself. Never log it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Where it came from.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    /// Like `read`, but its absence is a fault.
    pub(super) fn need(node: &Node<'_>) -> Option<Self> {
        if !node.is_set() {
            node.fault("is missing");
        }
        Self::read(node)
    }

    /// Reads `{ env: NAME }` or `{ file: PATH }` and fetches the value.
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        const HOW: &str = "expected { env: NAME } or { file: PATH }";
        if node.get(|value| Ok(matches!(value, super::yaml::Yaml::Map(_)))) == Some(false) {
            node.fault(format!("a secret is not written into the file: {HOW}"));
            return None;
        }
        let (name, file) = node.optional(|keys| Some((keys.key("env").get(text), keys.key("file").file())))?;
        let (source, value) = match (name, file) {
            (Some(name), None) => {
                let value = (node.reading.env)(&name).ok_or_else(|| format!("environment variable {name} is not set"));
                (SecretSource::Env(name), value)
            }
            (None, Some(path)) => {
                let value = std::fs::read_to_string(&path)
                    .map_err(|error| format!("cannot read the secret from {}: {error}", path.display()));
                (SecretSource::File(path), value)
            }
            _ => {
                node.fault(format!("{HOW}, one of the two"));
                return None;
            }
        };
        let value = value.map_err(|message| node.fault(message)).ok()?;
        let value = value.strip_suffix('\n').map_or(&*value, |line| line.strip_suffix('\r').unwrap_or(line));
        if value.is_empty() {
            node.fault("the secret is empty");
            return None;
        }
        Some(Self { source, value: value.to_owned() })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}
