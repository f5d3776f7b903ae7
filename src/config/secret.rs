//! Secrets: named in the file, kept elsewhere, never printed.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::read::{Node, Reading};
use super::scalar::text;
use super::seen;

/// A secret and where it came from. `Debug` and `Serialize` give `***`; two secrets are equal when place and value are.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    source: SecretSource,
    /// `None` where only the file's shape was checked.
    value: Option<String>,
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
    /// The secret itself; empty when it was not fetched. Never log it.
    pub fn expose(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// Whether the value is known; a config that runs has fetched all.
    pub(super) fn is_fetched(&self) -> bool {
        self.value.is_some()
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
        const HOW: &str = "{ env: NAME } or { file: PATH }";
        if let Some((name, value)) = node.env_value() {
            return Some(Self { source: SecretSource::Env(name.to_owned()), value: Some(value.to_owned()) });
        }
        if node.is_set() && !node.is_map() {
            node.fault(format!("a secret is not written into the file: expected {HOW}"));
            return None;
        }
        node.optional(|keys| {
            let (name, file) = (keys.key("env"), keys.key("file"));
            match (name.is_set(), file.is_set()) {
                (true, false) => name.get(text).map(SecretSource::Env),
                (false, true) => file.file().map(SecretSource::File),
                _ => {
                    node.fault(format!("expected {HOW}, one of the two"));
                    None
                }
            }
        })
        .and_then(|source| match node.reading.fetch {
            false => Some(Self { source, value: None }),
            true => {
                let value = source.fetch(node.reading).map_err(|message| node.fault(message)).ok()?;
                Some(Self { source, value: Some(value) })
            }
        })
    }
}

impl SecretSource {
    /// The value as it is now. Blocks on the file system.
    fn fetch(&self, reading: &Reading<'_>) -> Result<String, String> {
        let value = match self {
            Self::Env(name) => (reading.env)(name).ok_or_else(|| format!("environment variable {name} is not set"))?,
            Self::File(path) => {
                let (text, seen) = seen::text(path);
                reading.files.borrow_mut().push(seen);
                text.map_err(|error| format!("cannot read the secret from {}: {error}", path.display()))?
            }
        };
        let value = value.strip_suffix('\n').map_or(&*value, |line| line.strip_suffix('\r').unwrap_or(line));
        match value.is_empty() {
            true => Err("the secret is empty".to_owned()),
            false => Ok(value.to_owned()),
        }
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
