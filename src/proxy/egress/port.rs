//! A local port for one service: the gateway's own pool is seen exactly, since each of its connections has one of ours.

use super::{Kind, Pair, Way, reach};
use crate::event::ObserveCalls;
use crate::proxy::first;
use crate::proxy::stream::{Client, Stream as _};
use crate::proxy::tls::Originator;
use crate::service::Service;
use crate::wire::sniff::Protocol;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl<E: ObserveCalls<Pair>> Way<'_, E> {
    /// Serves a connection for `service`. The service is reached at once, as it may be the one who speaks first, but for a breaker
    /// that would have to be asked, and TLS that must know what is spoken.
    pub(super) async fn port(&self, mut client: Client, service: Arc<Service>) {
        let guarded = reach::is_guarded(&service, Instant::now());
        let originator = self.plan.originators.get(service.name());
        let mut protocol = Protocol::Unknown;
        if guarded || originator.is_some() {
            let known = first::protocol(&mut client, self.place, &self.egress.scratch).await;
            let Some(known) = known else { return };
            protocol = known;
        }
        let whose = |address| (Some(service.clone()), address);
        let ticket = match reach::admit(&service, Instant::now()) {
            Ok(ticket) => ticket,
            Err(left) => {
                let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
                return self.reject(client, whose(nowhere), left).await;
            }
        };
        match reach::service(&service).await {
            Ok((gateway, address)) => {
                // The first byte is here only where it was waited for.
                let ticket = if guarded {
                    ticket
                } else {
                    reach::give_back(&service, ticket, Instant::now());
                    None
                };
                let pair = self.pair(Some(service.clone()), address, Kind::Road).admitted(ticket);
                match originator {
                    None => self.relay(client, gateway, pair, whose(address)).await,
                    Some(originator) => {
                        self.originate(client, gateway, originator, pair, whose(address), protocol).await
                    }
                }
            }
            Err(error) => {
                reach::failed(&service, ticket, &error, false, Instant::now());
                // What is nearest to what the gateway would see without us: no byte, and a connection that fails.
                client.reset_on_close();
            }
        }
    }

    /// The same over TLS.
    async fn originate(
        &self,
        client: Client,
        gateway: TcpStream,
        originator: &Originator,
        mut pair: Pair,
        whose: (Option<Arc<Service>>, SocketAddr),
        protocol: Protocol,
    ) {
        let (http1, http2) = (protocol != Protocol::Http2, protocol == Protocol::Http2);
        let shaken = timeout(HANDSHAKE, originator.connect(gateway, http1, http2)).await;
        match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok((gateway, _)) => self.relay(client, gateway, pair, whose).await,
            Err(error) => {
                self.egress.road.tls.handshake("service", false);
                pair.close(Instant::now());
                if let (Some(service), _) = whose {
                    reach::failed(&service, None, &error, false, Instant::now());
                }
                client.reset_on_close();
            }
        }
    }
}
