//! Connections to services: whether the breaker lets one be made, and what is counted when none can be.

use super::{Kind, Pair, Way};
use crate::event::ObserveCalls;
use crate::proxy::descriptors;
use crate::service::breaker::{Admission, State, Ticket};
use crate::service::{Ending, Service};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take, over all addresses of a service.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The least that one address gets of it.
const LEAST: Duration = Duration::from_secs(1);

impl<E: ObserveCalls<Pair>> Way<'_, E> {
    /// A pair of this connection with one to `address`.
    pub(super) fn pair(&self, service: Option<Arc<Service>>, address: SocketAddr, kind: Kind) -> Pair {
        Pair::new(self.plan.directory.clone(), service, Some(address), kind)
    }
}

/// Whether the breaker must be asked in front of the first byte that goes out.
pub(super) fn is_guarded(service: &Service, now: Instant) -> bool {
    let circuit = service.circuit.as_ref();
    circuit.is_some_and(|circuit| circuit.enforces() && circuit.state(now) != State::Closed)
}

/// Asks the breaker for a connection; `Err` if it may not be made, for so long.
pub(super) fn admit(service: &Service, now: Instant) -> Result<Option<Ticket>, Duration> {
    let Some(circuit) = &service.circuit else { return Ok(None) };
    match circuit.admit(now) {
        Admission::Passed(ticket) => Ok(Some(ticket)),
        Admission::Rejected(left) if circuit.enforces() => Err(left),
        Admission::Rejected(_) => Ok(None),
    }
}

/// The connection was made, and its first call asks for itself.
pub(super) fn give_back(service: &Service, ticket: Option<Ticket>, now: Instant) {
    if let (Some(circuit), Some(ticket)) = (&service.circuit, ticket) {
        circuit.give_back(ticket, now);
    }
}

/// No connection could be made: that is what became of the call it was for.
pub(super) fn failed(service: &Service, ticket: Option<Ticket>, error: &io::Error, is_tunnel: bool, now: Instant) {
    let in_time = error.kind() != io::ErrorKind::TimedOut;
    let pool = service.metrics.pool();
    if in_time {
        pool.error.inc()
    } else {
        pool.timeout.inc()
    }
    if is_tunnel {
        service.metrics.tunnels().results[if in_time { 1 } else { 2 }].inc();
    } else {
        service.metrics.calls().count(0);
    }
    if let Some(circuit) = &service.circuit {
        circuit.settle(ticket, if in_time { Ending::Unreachable } else { Ending::TimedOut }, now);
    }
    tracing::debug!(service = service.name(), %error, "a service cannot be reached");
}

/// Connects to an address of `service`, those that work first.
pub(super) async fn service(service: &Service) -> io::Result<(TcpStream, SocketAddr)> {
    let instances = service.instances.in_turn(Instant::now());
    let addresses: Vec<_> = instances.iter().map(|instance| instance.address).collect();
    connect(&addresses, |address| {
        if let Some(instance) = instances.iter().find(|instance| instance.address == address) {
            instance.called(false, Instant::now());
        }
    })
    .await
}

/// Connects to the first of `addresses` that takes it; `failed` is told of each that does not. The error is the last one's.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    failed: impl Fn(SocketAddr),
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    let patience = TIMEOUT.checked_div(addresses.len() as u32).unwrap_or(TIMEOUT).max(LEAST);
    for &address in addresses {
        let connected = timeout(patience, descriptors::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok((stream, address));
            }
            Err(error) => {
                failed(address);
                last = error;
            }
        }
    }
    Err(last)
}
