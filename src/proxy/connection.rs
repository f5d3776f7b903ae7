//! One client's connection, from accept to end.

use super::first;
use super::guard::Guard;
use super::refusal::{Refusal, refuse};
use super::registry::Place;
use super::relay::Relay;
use super::road::Road;
use super::stream::{Client, Stream};
use super::tls::server::Hello;
use super::tls::{Inner, Terminator};
use super::worker::Shared;
use crate::event::Observe;
use crate::wire::sniff::Protocol;
use futures_util::FutureExt as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves `client`. Where nothing must be known first the gateway is reached at once, not at the first byte: it may be the one
/// who speaks first.
pub async fn serve<O: Observe>(client: TcpStream, from: SocketAddr, shared: Rc<Shared<O>>, place: Place) {
    shared.metrics.accepted.inc();
    shared.metrics.open.inc();
    let road = shared.road.borrow().clone();
    let connection = Connection { road, shared: &shared, place: &place };
    connection.serve(Client::new(client, from)).await;
    shared.metrics.open.dec();
}

struct Connection<'a, O: Observe> {
    road: Rc<Road>,
    shared: &'a Shared<O>,
    place: &'a Place,
}

impl<O: Observe> Connection<'_, O> {
    /// What is done but once is kept out of the memory that the connection has for as long as it lasts.
    async fn serve(&self, mut client: Client) {
        let ends = &self.road.ends;
        if ends.proxy_protocol {
            match Box::pin(first::source(&mut client, self.place, &self.shared.scratch)).await {
                Ok(source) => client.from = source.unwrap_or(client.from),
                Err(_) => {
                    self.shared.metrics.proxy_protocol_errors.inc();
                    return client.reset_on_close();
                }
            }
        }
        let mut protocol = Protocol::Unknown;
        if ends.terminator.is_some() || ends.originator.is_some() {
            let known = Box::pin(first::protocol(&mut client, self.place, &self.shared.scratch)).await;
            let Some(known) = known else { return };
            protocol = known;
        }
        match (&ends.terminator, protocol) {
            (Some(terminator), Protocol::Tls) => Box::pin(self.terminate(client, terminator)).await,
            _ if ends.originator.is_some() => {
                let (http1, http2) = (protocol != Protocol::Http2, protocol == Protocol::Http2);
                match Box::pin(self.originate(http1, http2)).await {
                    Ok((gateway, _)) => Box::pin(self.relay(client, gateway)).await,
                    Err(error) => self.refuse(client, &error).await,
                }
            }
            _ => match Box::pin(self.road.connect()).await {
                Ok(gateway) => self.relay(client, gateway).await,
                Err(error) => self.refuse(client, &error).await,
            },
        }
    }

    /// Ends the client's TLS, with the protocol inside that the gateway takes.
    async fn terminate(&self, client: Client, terminator: &Terminator) {
        let from = client.from;
        let Some(hello) = self.shake("client", terminator.hello(client)).await else { return };
        if self.road.ends.originator.is_some() {
            match self.originate(hello.http1, hello.http2).await {
                Ok((gateway, inner)) => self.answer(terminator, hello, inner, from, Ok(gateway)).await,
                Err(error) => {
                    let inner = if hello.http1 { Inner::Http1 } else { Inner::Http2 };
                    self.answer::<TcpStream>(terminator, hello, inner, from, Err(error)).await;
                }
            }
        } else {
            let inner = if hello.http2 && self.road.speaks_http2().await { Inner::Http2 } else { Inner::Http1 };
            let gateway = self.road.connect().await;
            self.answer(terminator, hello, inner, from, gateway).await;
        }
    }

    /// Ends the handshake, and relays or refuses.
    async fn answer<G: Stream>(
        &self,
        terminator: &Terminator,
        hello: Hello,
        inner: Inner,
        from: SocketAddr,
        gateway: io::Result<G>,
    ) {
        let Some(client) = self.shake("client", terminator.answer(hello, inner)).await else { return };
        self.shared.metrics.tls.handshake("client", true);
        match gateway {
            Ok(gateway) => self.relay_from(client, from, gateway).await,
            Err(error) => self.refuse_from(client, from, &error).await,
        }
    }

    /// Reaches the gateway over TLS and offers it what the client speaks.
    async fn originate(&self, http1: bool, http2: bool) -> io::Result<(super::tls::stream::Originated, Inner)> {
        let Some(originator) = &self.road.ends.originator else { return Err(io::ErrorKind::Unsupported.into()) };
        let gateway = self.road.connect().await?;
        let shaken = timeout(HANDSHAKE, originator.connect(gateway, http1, http2)).await;
        let shaken = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        self.shared.metrics.tls.handshake("gateway", shaken.is_ok());
        shaken
    }

    /// A step of a handshake, in time.
    async fn shake<T>(&self, peer: &str, step: impl Future<Output = io::Result<T>>) -> Option<T> {
        let error = match timeout(HANDSHAKE, step).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        self.shared.metrics.tls.handshake(peer, false);
        tracing::debug!(peer, %error, "a TLS handshake failed");
        None
    }

    fn relay<G: Stream>(&self, client: Client, gateway: G) -> impl Future<Output = ()> {
        let from = client.from;
        self.relay_from(client, from, gateway)
    }

    async fn refuse(&self, client: Client, error: &io::Error) {
        let from = client.from;
        Box::pin(self.refuse_from(client, from, error)).await;
    }

    fn relay_from<C: Stream, G: Stream>(&self, client: C, from: SocketAddr, gateway: G) -> impl Future<Output = ()> {
        Relay::new(client, gateway, self.observer(from), self.shared.metrics.clone())
            .run(self.place, &self.shared.scratch)
            // Nothing that comes from clients is declined.
            .map(|_| ())
    }

    async fn refuse_from<C: Stream>(&self, client: C, from: SocketAddr, error: &io::Error) {
        self.shared.metrics.connect_error(error);
        tracing::debug!(%error, gateway = ?self.road.ends.gateway, "the gateway cannot be reached");
        refuse(client, self.observer(from), &Refusal::unreachable(error)).await;
    }

    fn observer(&self, from: SocketAddr) -> Guard<O::Observer> {
        Guard::new(self.shared.observe.connection(from), self.shared.metrics.clone())
    }
}
