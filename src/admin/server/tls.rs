//! What a listener of TLS needs. A changed certificate or authority makes a new one; connections keep theirs.

use crate::config::tls::ServerTls;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig, version};
use std::sync::Arc;

/// TLS 1.2 and 1.3 with the certificate of `tls`; mutual where it has authorities. The reason where it cannot be.
pub fn tls(tls: &ServerTls) -> Result<Option<Arc<ServerConfig>>, String> {
    let Some(pair) = &tls.pair else { return Ok(None) };
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| error.to_string())?;
    let builder = match tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(_) => {
            let mut roots = RootCertStore::empty();
            for authority in &tls.authorities {
                roots.add(authority.clone()).map_err(|error| format!("client_ca: {error}"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| format!("client_ca: {error}"))?)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.certified.clone())));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}
