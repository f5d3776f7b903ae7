//! TLS to the gateway begins here. Its certificate must be of an authority that the configuration names, or that the system
//! trusts, and for the host that `ingress.gateway` names: a company's own authority is in the system's store or in a file, and a
//! list of the web's authorities compiled in would be neither.

use super::Inner;
use super::stream::Originated;
use crate::config::HostPort;
use crate::config::tls::ClientTls;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, version};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What TLS to a gateway needs.
#[derive(Clone)]
pub struct Originator {
    name: ServerName<'static>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    either: Arc<ClientConfig>,
}

impl Originator {
    /// To the gateway at `at`. Reads the system's authorities from its files if `trust` names none.
    pub fn new(at: &HostPort, trust: &ClientTls) -> Result<Self, String> {
        let name = ServerName::try_from(at.host.clone())
            .map_err(|_| format!("{} cannot be the name in a certificate", at.host))?;
        let mut roots = RootCertStore::empty();
        if trust.ca.is_some() {
            for authority in &trust.authorities {
                roots.add(authority.clone()).map_err(|error| format!("an authority cannot be used: {error}"))?;
            }
        } else {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
        if roots.is_empty() {
            return Err("there is no authority to trust; name a file in `ingress.gateway_ca`".to_owned());
        }
        let config = |offers: &[Inner]| {
            let config = ClientConfig::builder_with_provider(ring::default_provider().into())
                .with_protocol_versions(&[&version::TLS13, &version::TLS12])
                .map_err(|error| error.to_string())?;
            let mut config = config.with_root_certificates(roots.clone()).with_no_client_auth();
            config.alpn_protocols = offers.iter().map(|inner| inner.name().to_vec()).collect();
            Ok::<_, String>(Arc::new(config))
        };
        Ok(Self {
            name,
            http1: config(&[Inner::Http1])?,
            http2: config(&[Inner::Http2])?,
            either: config(&[Inner::Http2, Inner::Http1])?,
        })
    }

    /// Shakes hands over `gateway`, offering what the client speaks, and tells what the gateway takes of it.
    pub async fn connect(&self, gateway: TcpStream, http1: bool, http2: bool) -> io::Result<(Originated, Inner)> {
        let config = match (http1, http2) {
            (true, true) => &self.either,
            (false, true) => &self.http2,
            _ => &self.http1,
        };
        let stream = TlsConnector::from(config.clone()).connect(self.name.clone(), gateway).await?;
        let taken = stream.get_ref().1.alpn_protocol();
        let inner = if taken == Some(Inner::Http2.name()) { Inner::Http2 } else { Inner::Http1 };
        Ok((Originated::new(stream), inner))
    }
}

impl fmt::Debug for Originator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Originator({:?})", self.name)
    }
}
