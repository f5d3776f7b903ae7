//! The listener's thread: connections, and how much of anything one of them may take.
//!
//! Everything runs on one thread. Nobody who is slow holds up another, since nothing here blocks; what slow and greedy clients
//! could take is connections and memory, and both are bounded: see `connections`.
//!
//! - `connections`: those that are open, and who goes when there are too many
//! - `patient`: a stream that gives up on a peer that reads nothing
//! - `tls`: what a listener of TLS needs

mod connections;
mod patient;
mod tls;

pub use tls::tls;

use super::access::Certificate;
use super::{Shared, router};
use crate::config::certificate::common_name;
use crate::metrics::admin::Refused;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use connections::{Connections, Place};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use patient::Patient;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// How long answers in flight may take after a stop: a scraper that reads slowly must not keep the process.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a head may take to arrive, and a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(60);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The longest head, in bytes and in fields.
const HEAD_LIMIT: (usize, usize) = (32 << 10, 100);

/// Serves on `listener` until `stop` changes. Runs on the caller's thread.
pub fn serve(listener: TcpListener, view: Shared, mut stop: watch::Receiver<bool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let connections = Arc::new(Connections::new(view.metrics.clone()));
        let router = router::router(view.clone());
        let stopped = stop.clone();
        loop {
            // A sender that is gone means a stop as well.
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (view, router, stopped) = (view.clone(), router.clone(), stopped.clone());
                    connections.spawn(|place| connection(stream, peer, view, router, place, stopped));
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin port cannot accept");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        let _ = timeout(PATIENCE, connections.gone()).await;
        Ok(())
    })
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    view: Shared,
    router: Router,
    place: Place,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream);
    let Some(config) = view.tls.load_full() else {
        return exchange(stream, peer, None, router, place, stop).await;
    };
    match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let name = |der: &[u8]| common_name(der).unwrap_or_else(|| "a certificate without a name".to_owned());
            let certificate = shown.map(|leaf| Certificate(name(leaf).into()));
            exchange(stream, peer, certificate, router, place, stop).await;
        }
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a TLS handshake with the admin port failed");
            view.metrics.refused(Refused::Tls);
        }
        Err(_) => view.metrics.refused(Refused::Tls),
    }
}

/// Requests and answers on one connection, until it ends.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    certificate: Option<Certificate>,
    router: Router,
    place: Place,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (mut router, place, certificate) = (router.clone(), place.clone(), certificate.clone());
        async move {
            place.busy();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(certificate) = certificate {
                request.extensions_mut().insert(certificate);
            }
            let Ok(response): Result<Response, Infallible> = router.call(request).await;
            Ok::<_, Infallible>(response.map(|body| place.sending(body)))
        }
    });
    let (bytes, fields) = HEAD_LIMIT;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(bytes).max_headers(fields);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = async { drop(stop.wait_for(|stop| *stop).await) } => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection to the admin port ended early");
    }
}
