//! Certificates of a listener.

use std::path::PathBuf;

use serde::Serialize;

use super::read::{Keys, Node};

/// What a listener needs to speak TLS; the files are PEM and are read by who listens, again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerTls {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities whose certificates clients must show; set, it makes TLS mutual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
}

impl ServerTls {
    /// `{ cert, key }`.
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        node.optional(Self::pair)
    }

    /// `{ cert, key, client_ca }`.
    pub(super) fn read_mutual(node: &Node<'_>) -> Option<Self> {
        node.optional(|keys| {
            let client_ca = keys.key("client_ca").file();
            Self::pair(keys).map(|pair| Self { client_ca, ..pair })
        })
    }

    fn pair(keys: &mut Keys<'_>) -> Option<Self> {
        let (cert, key) = (keys.key("cert").need_file(), keys.key("key").need_file());
        Some(Self { cert: cert?, key: key?, client_ca: None })
    }
}
