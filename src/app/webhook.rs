//! The admission webhook: a small server of TLS that answers reviews by `kube::review`. It holds no state, so any number of them may
//! run. What one caller can take is bounded: connections, bytes, time.

use crate::admin;
use crate::config::tls::ServerTls;
use crate::config::{Config, Watch};
use crate::kube::review;
use crate::kube::settings::Defaults;
use crate::metrics::{AgentMetrics, Registry};
use anyhow::{Context as _, Result, anyhow};
use arc_swap::ArcSwap;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// What the webhook is told.
pub struct Endpoint {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The certificate chain.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// How sidecars are.
    pub defaults: Defaults,
}

/// Connections at once. Each may hold one body, so that all of them stay within what the manifest gives a webhook.
const CONNECTIONS: usize = 64;
/// Bytes of a review: an API server takes requests of no more than 3 MiB.
const BODY: usize = 3 << 20;
/// How long a handshake, a head or a body may take; an API server waits 10 s unless it is told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an API server may go on asking after a stop was asked for: it learns late that we are gone, and a question that
/// nobody answers is a pod without its sidecar.
const LAG: Duration = Duration::from_secs(5);

struct Server {
    defaults: Defaults,
    stopping: AtomicBool,
}

/// Serves until SIGTERM or SIGINT.
pub fn run(endpoint: Endpoint) -> Result<()> {
    super::logs::start(Config::default().log, AgentMetrics::register(&Registry::new()).log_held_back);
    let (tls, files) = ServerTls::load(&endpoint.cert, &endpoint.key)?;
    if let Some(path) = &endpoint.defaults.config {
        let here = |name: &str| std::env::var(name).ok();
        crate::config::load_without_secrets(path, crate::config::Missing::Fault, &here)?;
    }
    let accept = Arc::new(ArcSwap::from(acceptor(&tls)?));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let watch = Watch::start(files, crate::config::watch::Timing::default())?;
        tokio::spawn(follow(watch, accept.clone(), endpoint.cert, endpoint.key));
        let listener = TcpListener::bind(endpoint.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", endpoint.listen))?;
        tracing::info!(what = "webhook", address = %listener.local_addr()?, "listening");
        let server = Arc::new(Server { defaults: endpoint.defaults, stopping: AtomicBool::new(false) });
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let stopped = stopped(server.clone());
        tokio::select! {
            () = listen(listener, accept, server, places.clone()) => {}
            stopped = stopped => stopped?,
        }
        // What is being answered is answered to its end, and idle connections are not waited for.
        let all = places.acquire_many(CONNECTIONS as u32);
        let _ = timeout(Duration::from_secs(1), all).await;
        tracing::info!("stopped");
        Ok(())
    })
}

fn acceptor(tls: &ServerTls) -> Result<Arc<ServerConfig>> {
    let config = admin::tls(tls).map_err(|error| anyhow!(error))?;
    config.context("the certificate was not read")
}

/// Takes a changed certificate; one that cannot be used changes nothing.
async fn follow(mut watch: Watch, accept: Arc<ArcSwap<ServerConfig>>, cert: PathBuf, key: PathBuf) {
    loop {
        watch.changed().await;
        let files = match ServerTls::load(&cert, &key) {
            Ok((tls, files)) => {
                match acceptor(&tls) {
                    Ok(config) => {
                        accept.store(config);
                        tracing::info!("the changed certificate is used");
                    }
                    Err(error) => tracing::error!("the changed certificate cannot be used: {error:#}"),
                }
                files
            }
            Err(errors) => {
                tracing::error!("the changed certificate cannot be used, the one before is: {errors}");
                errors.files
            }
        };
        watch.follow(files);
    }
}

/// After a signal, when the API server has had time to learn of it.
async fn stopped(server: Arc<Server>) -> Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
    server.stopping.store(true, Ordering::Relaxed);
    tracing::info!("stopping");
    tokio::select! { () = sleep(LAG) => (), _ = term.recv() => (), _ = int.recv() => () }
    Ok(())
}

async fn listen(
    listener: TcpListener,
    accept: Arc<ArcSwap<ServerConfig>>,
    server: Arc<Server>,
    places: Arc<Semaphore>,
) {
    loop {
        // The semaphore is never closed. Who finds no place waits in the kernel's queue.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (config, server) = (accept.load_full(), server.clone());
                tokio::spawn(async move {
                    connection(stream, peer, config, server).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, config: Arc<ServerConfig>, server: Arc<Server>) {
    let stream = match timeout(PATIENCE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!(%peer, "a TLS handshake took too long"),
    };
    let service = service_fn(|request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(32 << 10);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/healthz") if self.stopping.load(Ordering::Relaxed) => {
                text(StatusCode::SERVICE_UNAVAILABLE, "stopping")
            }
            (&Method::GET, "/healthz") => text(StatusCode::OK, "ok"),
            (&Method::POST, "/inject") => self.review(request).await,
            (_, path @ ("/healthz" | "/inject")) => {
                let allowed = if path == "/inject" { "POST" } else { "GET" };
                let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "another method is needed");
                refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static(allowed));
                refused
            }
            _ => text(StatusCode::NOT_FOUND, "there are POST /inject and GET /healthz"),
        }
    }

    async fn review(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let body = match timeout(PATIENCE, Limited::new(request.into_body(), BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return last(StatusCode::PAYLOAD_TOO_LARGE, "the review has more than 3 MiB");
            }
            Ok(Err(error)) => return last(StatusCode::BAD_REQUEST, &format!("the body broke off: {error}")),
            Err(_) => return last(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        };
        match review::answer(&body, &self.defaults) {
            Ok((answer, said)) => {
                tracing::info!("{said}");
                let mut response = Response::new(Full::from(answer.to_string()));
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
                response
            }
            Err(fault) => text(StatusCode::BAD_REQUEST, &fault),
        }
    }
}

/// The answer to a body that was not read to its end, behind which no other request can be found.
fn last(status: StatusCode, what: &str) -> Response<Full<Bytes>> {
    let mut response = text(status, what);
    response.headers_mut().insert(CONNECTION, hyper::header::HeaderValue::from_static("close"));
    response
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
}
