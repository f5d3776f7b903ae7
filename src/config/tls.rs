//! Certificates: a listener's own, and whose an upstream's may be.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use serde::Serialize;

use super::certificate::{Pair, certificates};
use super::fault::Errors;
use super::read::{Keys, Node, Reading};
use super::seen::Seen;
use super::yaml::Yaml;

/// What a listener needs to speak TLS; the files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerTls {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities whose certificates clients must show; set, it makes TLS mutual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// The authorities that it held.
    #[serde(skip)]
    pub authorities: Vec<CertificateDer<'static>>,
    /// What the files held; `None` where secrets are not fetched.
    #[serde(skip)]
    pub pair: Option<Pair>,
}

impl ServerTls {
    /// `{ cert, key }`.
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        node.optional(Self::pair)
    }

    /// `{ cert, key, client_ca }`.
    pub(super) fn read_mutual(node: &Node<'_>) -> Option<Self> {
        node.optional(|keys| {
            let node = keys.key("client_ca");
            let client_ca = node.file();
            let read = client_ca.as_deref().filter(|_| node.reading.fetch);
            let read = read.and_then(|path| certificates(&node, path));
            let authorities = read.map(|(authorities, _)| authorities).unwrap_or_default();
            Self::pair(keys).map(|pair| Self { client_ca, authorities, ..pair })
        })
    }

    /// A pair that a command names, and the files as they were read. Blocks on the file system.
    pub fn load(cert: &Path, key: &Path) -> Result<(Self, Vec<Seen>), Errors> {
        let text = |path: &Path| Yaml::Text(path.display().to_string());
        let tree = Yaml::Map(vec![("cert".to_owned(), text(cert)), ("key".to_owned(), text(key))]);
        let reading = Reading::new(Path::new(""), &|_| None, true);
        let read = Self::read(&Node::root(&reading, &tree));
        let (faults, files) = (reading.faults.into_inner(), reading.files.into_inner());
        match read {
            Some(tls) if faults.is_empty() => Ok((tls, files)),
            _ => Err(Errors::of(faults).after(files)),
        }
    }

    fn pair(keys: &mut Keys<'_>) -> Option<Self> {
        let (cert_node, key_node) = (keys.key("cert"), keys.key("key"));
        let (cert, key) = (cert_node.need_file(), key_node.need_file());
        let (cert, key) = (cert?, key?);
        let fetch = cert_node.reading.fetch;
        let pair = if fetch { Some(Pair::read((&cert_node, &cert), (&key_node, &key))?) } else { None };
        Some(Self { cert, key, client_ca: None, authorities: Vec::new(), pair })
    }
}

/// How an upstream's certificate is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct ClientTls {
    /// A PEM file of authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// The authorities that it held.
    #[serde(skip)]
    pub authorities: Vec<CertificateDer<'static>>,
}

impl ClientTls {
    /// The authorities of an upstream, which have a meaning only when that is reached over TLS.
    pub(super) fn read(node: &Node<'_>, tls: bool, upstream: &str) -> Self {
        if node.is_set() && !tls {
            node.fault(format!("is used only when `{upstream}` is an https:// URL"));
        }
        let ca = node.file();
        let read = ca.as_deref().filter(|_| node.reading.fetch).and_then(|path| certificates(node, path));
        Self { ca, authorities: read.map(|(authorities, _)| authorities).unwrap_or_default() }
    }
}
