//! TLS of clients ends here.

use super::Inner;
use super::stream::Terminated;
use crate::config::certificate::Pair;
use crate::proxy::stream::Client;
use rustls::crypto::ring;
use rustls::server::{Acceptor, ServerSessionMemoryCache};
use rustls::sign::SingleCertAndKey;
use rustls::{ServerConfig, version};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// Sessions that can be taken up again.
const SESSIONS: usize = 1024;

/// What a listener needs to end TLS. A changed certificate makes a new one; connections keep theirs.
#[derive(Clone)]
pub struct Terminator {
    http1: Arc<ServerConfig>,
    http2: Arc<ServerConfig>,
}

/// A client that has said hello and waits for the answer.
pub struct Hello {
    start: StartHandshake<Client>,
    /// Whether it offers `h2`, and whether it offers anything else than that.
    pub http2: bool,
    /// Whether it takes HTTP/1.1, or has not said what it takes.
    pub http1: bool,
}

impl Terminator {
    /// With the certificate and key of `pair`; TLS 1.2 and 1.3.
    pub fn new(pair: &Pair) -> Result<Self, rustls::Error> {
        let sessions = ServerSessionMemoryCache::new(SESSIONS);
        let config = |inner: Inner| {
            let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
                .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.certified.clone())));
            config.alpn_protocols = vec![inner.name().to_vec()];
            config.session_storage = sessions.clone();
            Ok::<_, rustls::Error>(Arc::new(config))
        };
        Ok(Self { http1: config(Inner::Http1)?, http2: config(Inner::Http2)? })
    }

    /// Reads what the client says first.
    pub async fn hello(&self, client: Client) -> io::Result<Hello> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), client).await?;
        let (mut http1, mut http2, mut any) = (false, false, false);
        for name in start.client_hello().alpn().into_iter().flatten() {
            any = true;
            http1 |= name == Inner::Http1.name();
            http2 |= name == Inner::Http2.name();
        }
        Ok(Hello { start, http2, http1: http1 || !any })
    }

    /// Answers; the client is refused if it does not speak `inner`.
    pub async fn answer(&self, hello: Hello, inner: Inner) -> io::Result<Terminated> {
        let config = match inner {
            Inner::Http1 => &self.http1,
            Inner::Http2 => &self.http2,
        };
        Ok(Terminated::new(hello.start.into_stream(config.clone()).await?))
    }
}

impl fmt::Debug for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminator")
    }
}
