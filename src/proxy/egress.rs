//! The gateway's own calls: it connects to us, and we to the service. Connections are paired as they are for clients: one of the
//! gateway's, one to the service, no pool, nothing sent twice.
//!
//! - `port`: a local port for one service
//! - `redirect`: connections that the kernel was told to redirect
//! - `forward`: an HTTP proxy · `request`: what it makes of a request's head · `destination`: what it may reach
//! - `reach`: connections to services, and what their breakers say

mod destination;
mod forward;
mod port;
mod reach;
mod redirect;
mod request;

use super::guard::Guard;
use super::listen;
use super::pump::Scratch;
use super::refusal::{Refusal, refuse};
use super::registry::Place;
use super::relay::Relay;
use super::stream::{Client, Stream};
use super::tls::Originator;
use crate::config::egress::Destination;
use crate::event::{Decline, ObserveCalls, Observer};
use crate::metrics::{RoadMetrics, ServiceMetrics};
use crate::service::pair::{Kind, Pair};
use crate::service::{Directory, Service};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// What a reload may change for the gateway's calls.
#[derive(Clone)]
pub struct Plan {
    /// All services.
    pub directory: Arc<Directory>,
    /// By name: those that are reached over TLS through a port of ours.
    pub originators: HashMap<String, Arc<Originator>>,
    /// What the HTTP proxy may reach besides the services.
    pub allow: Vec<Destination>,
    /// Where the gateway connects to.
    pub doors: Vec<Arc<Door>>,
}

/// A port that the gateway connects to.
#[derive(Debug)]
pub struct Door {
    /// What it is for.
    pub to: To,
    /// As configured.
    pub address: SocketAddr,
    /// One per worker.
    sockets: Vec<std::net::TcpListener>,
}

/// What a port is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// The service of this name.
    Service(String),
    /// Whom the request names.
    Proxy,
    /// Where the connection was going.
    Redirect,
}

impl Door {
    /// Listens on `address`.
    pub fn open(to: To, address: SocketAddr, workers: usize) -> io::Result<Self> {
        Ok(Self { to, address, sockets: listen::listen(address, workers)? })
    }

    /// Where it listens; a port that was 0 is what the kernel gave.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.sockets[0].local_addr()
    }

    /// The socket of one worker.
    pub(super) fn socket(&self, worker: usize) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.sockets[worker].try_clone()?)
    }
}

/// What all of the gateway's connections on one worker share.
pub struct Egress<E> {
    /// Makes observers.
    pub observe: E,
    /// As planned.
    pub plan: RefCell<Rc<Plan>>,
    /// What is counted of the road.
    pub road: Rc<RoadMetrics>,
    /// What is counted of calls that are not let out.
    pub metrics: ServiceMetrics,
    /// Buffers.
    pub scratch: Rc<RefCell<Scratch>>,
}

impl<E: ObserveCalls<Pair>> Egress<E> {
    /// Serves a connection that came in by a door.
    pub async fn serve(&self, client: TcpStream, from: SocketAddr, to: &To, place: &Place) {
        let way = Way { egress: self, plan: self.plan.borrow().clone(), place };
        match to {
            To::Service(name) => {
                // A door goes with its service, but one connection may come in between.
                if let Some(service) = way.plan.directory.named(name).cloned() {
                    Box::pin(way.port(Client::new(client, from), service)).await;
                }
            }
            To::Redirect => Box::pin(way.redirect(client, from)).await,
            To::Proxy => Box::pin(way.forward(Client::new(client, from))).await,
        }
    }
}

/// The way of one connection.
struct Way<'a, E> {
    egress: &'a Egress<E>,
    plan: Rc<Plan>,
    place: &'a Place,
}

impl<E: ObserveCalls<Pair>> Way<'_, E> {
    fn observer(&self, pair: Pair) -> Guard<E::Observer> {
        Guard::new(self.egress.observe.connection(pair), self.egress.road.clone())
    }

    /// Pairs `client` with `gateway`, until both are done or the breaker rejects a call.
    async fn relay<G: Stream>(
        &self,
        client: Client,
        gateway: G,
        pair: Pair,
        whose: (Option<Arc<Service>>, SocketAddr),
    ) {
        let relay = Relay::new(client, gateway, self.observer(pair), self.egress.road.clone());
        let Some(mut declined) = relay.run(self.place, &self.egress.scratch).await else { return };
        drop(declined.gateway);
        declined.observer.closed(Instant::now());
        if let Some(Decline::Rejected(left)) = declined.observer.declined() {
            declined.client.rewind(declined.bytes.into());
            self.reject(declined.client, whose, left).await;
        }
    }

    /// Answers a call that the breaker rejects.
    async fn reject(&self, client: Client, (service, address): (Option<Arc<Service>>, SocketAddr), left: Duration) {
        let refusal = open(service.as_deref().map(Service::name), left);
        let pair = Pair::new(self.plan.directory.clone(), service, Some(address), Kind::Rejected);
        refuse(client, self.observer(pair), &refusal).await;
    }
}

/// What is said in the place of a service whose breaker is open.
fn open(service: Option<&str>, left: Duration) -> Refusal {
    let whose = service.map_or_else(|| "the service".to_owned(), |name| format!("service {name}"));
    Refusal {
        status: 503,
        title: "Service Unavailable",
        detail: format!("outrider: the circuit breaker of {whose} is open"),
        retry_after: Some(left.as_millis().div_ceil(1000).max(1) as u64),
    }
}
