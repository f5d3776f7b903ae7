//! An HTTP proxy, for a gateway started with `HTTP_PROXY`. Each connection of the gateway's has connections of its own to the hosts
//! that it names, so two of the gateway's never share one: no answer can reach the wrong request, and none is sent again.

use super::destination::{Unreached, resolve};
use super::request::{self, Request};
use super::{Kind, Pair, Way, open, reach};
use crate::event::{Decline, ObserveCalls, Observer};
use crate::proxy::first;
use crate::proxy::guard::Guard;
use crate::proxy::refusal::{self, Refusal};
use crate::proxy::relay::Relay;
use crate::proxy::stream::Client;
use crate::service::Service;
use crate::wire::http1::{self, HEAD_LIMIT};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Connections to other hosts that wait for the next request of one of the gateway's connections.
const WAITING: usize = 16;
/// How long an answer of ours may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a host, and who watches it.
struct Upstream<O> {
    host: (String, u16),
    stream: TcpStream,
    observer: Guard<O>,
}

impl<O: Observer> Upstream<O> {
    /// Whether the host has said or ended something since its last answer: then no request goes to it any more.
    fn is_stale(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl<E: ObserveCalls<Pair>> Way<'_, E> {
    /// Serves one connection, request by request.
    pub(super) async fn forward(&self, mut client: Client) {
        let mut waiting: Vec<Upstream<E::Observer>> = Vec::new();
        while let Some((request, rest)) = self.next(&mut client).await {
            let host = (request.host.to_ascii_lowercase(), request.port);
            let known = waiting.iter().position(|upstream| upstream.host == host);
            let known = known.map(|at| waiting.swap_remove(at)).filter(|upstream| !upstream.is_stale());
            let upstream = match known {
                Some(mut upstream) => {
                    upstream.observer.resume();
                    upstream
                }
                None => match self.reach(&request, host).await {
                    Ok(upstream) => upstream,
                    Err(refusal) => return self.answer(client, &refusal, request.with_body).await,
                },
            };
            let is_tunnel = request.head.is_none();
            let mut bytes = request.head.unwrap_or_default();
            bytes.extend_from_slice(&rest);
            client.rewind(bytes);
            if is_tunnel && client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await.is_err() {
                return;
            }
            let Upstream { host, stream, observer } = upstream;
            let relay = Relay::new(client, stream, observer, self.egress.road.clone());
            let Some(mut declined) = relay.run(self.place, &self.egress.scratch).await else { return };
            client = declined.client;
            match declined.observer.declined() {
                Some(Decline::Next) => {
                    client.rewind(declined.bytes.into());
                    if waiting.len() == WAITING {
                        waiting.remove(0).observer.closed(Instant::now());
                    }
                    waiting.push(Upstream { host, stream: declined.gateway, observer: declined.observer });
                }
                Some(Decline::Rejected(left)) => {
                    declined.observer.closed(Instant::now());
                    let service = self.whose(&host.0, host.1);
                    service.circuit.iter().for_each(|circuit| circuit.rejected());
                    return self.answer(client, &open(Some(service.name()), left), request.with_body).await;
                }
                None => return,
            }
        }
    }

    /// The next request's head, and what came behind it; `None` if none will come.
    async fn next(&self, client: &mut Client) -> Option<(Request, Vec<u8>)> {
        let mut bytes = Vec::new();
        loop {
            match http1::request(&bytes, request::read) {
                Ok(Some(Ok(request))) => {
                    let rest = bytes.split_off(request.len);
                    return Some((request, rest));
                }
                Ok(None) if bytes.len() <= HEAD_LIMIT => {}
                Ok(None) => return self.malformed(client, "the head is over 64 KiB").await,
                Ok(Some(Err(reason))) => return self.malformed(client, reason).await,
                Err(_) => return self.malformed(client, "this is not a request of HTTP/1").await,
            }
            if first::more(client, self.place, &self.egress.scratch, &mut bytes).await? == 0 {
                return None;
            }
        }
    }

    async fn malformed<T>(&self, client: &mut Client, reason: &str) -> Option<T> {
        self.egress.metrics.refused("malformed");
        let detail = format!("outrider: {reason}");
        let refusal = Refusal { status: 400, title: "Bad Request", detail, retry_after: None };
        let _ = timeout(PATIENCE, refusal::say(client, refusal.answer(true).as_bytes())).await;
        None
    }

    async fn answer(&self, mut client: Client, refusal: &Refusal, with_body: bool) {
        let _ = timeout(PATIENCE, refusal::say(&mut client, refusal.answer(with_body).as_bytes())).await;
    }

    fn whose(&self, host: &str, port: u16) -> Arc<Service> {
        self.plan.directory.by_name(host, port).unwrap_or(&self.plan.directory.other).clone()
    }

    /// Connects to where `request` is to go.
    async fn reach(&self, request: &Request, host: (String, u16)) -> Result<Upstream<E::Observer>, Refusal> {
        let service = self.whose(&host.0, host.1);
        let ticket = reach::admit(&service, Instant::now()).map_err(|left| {
            service.circuit.iter().for_each(|circuit| circuit.rejected());
            open(Some(service.name()), left)
        })?;
        match self.connect(&service, &host).await {
            Ok((stream, address)) => {
                let kind = if request.head.is_some() { Kind::Single } else { Kind::Road };
                let pair = self.pair(Some(service), address, kind).admitted(ticket);
                Ok(Upstream { host, stream, observer: self.observer(pair) })
            }
            Err(Unreached::Forbidden) => {
                reach::give_back(&service, ticket, Instant::now());
                self.egress.metrics.refused("forbidden");
                let detail = format!("outrider: egress.allow does not have {}", host.0);
                Err(Refusal { status: 403, title: "Forbidden", detail, retry_after: None })
            }
            Err(Unreached::Unknown(error)) => {
                reach::failed(&service, ticket, &error, request.head.is_none(), Instant::now());
                let detail = format!("outrider cannot reach {}:{}: {}", host.0, host.1, refusal::reason(&error));
                Err(match error.kind() {
                    io::ErrorKind::TimedOut => {
                        Refusal { status: 504, title: "Gateway Timeout", detail, retry_after: None }
                    }
                    _ => Refusal { status: 502, title: "Bad Gateway", detail, retry_after: None },
                })
            }
        }
    }

    async fn connect(
        &self,
        service: &Service,
        (host, port): &(String, u16),
    ) -> Result<(TcpStream, SocketAddr), Unreached> {
        let is_its_own = service
            .config
            .as_ref()
            .is_some_and(|config| config.address.port == *port && config.address.host.eq_ignore_ascii_case(host));
        if is_its_own {
            return reach::service(service).await.map_err(Unreached::Unknown);
        }
        // What a service lists as its own may be reached in any case.
        let everything = [crate::config::egress::Destination::Host("*".to_owned())];
        let allow = if service.config.is_some() { &everything[..] } else { &self.plan.allow };
        let addresses = resolve(allow, host, *port).await?;
        reach::connect(&addresses, |_| {}).await.map_err(Unreached::Unknown)
    }
}
