//! One connection to a service: whose it is, and what becomes of the calls on it. Dropped, it is closed.

use super::breaker::{Admission, Ticket};
use super::circuit::Ending;
use super::directory::{Directory, Service};
use super::instance::Instance;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection to a service, or one that was asked for.
pub struct Pair {
    directory: Arc<Directory>,
    /// Known from the start, or once the first bytes have told.
    service: Option<Arc<Service>>,
    instance: Option<Arc<Instance>>,
    /// Where it leads, where that is known before any name is.
    address: Option<SocketAddr>,
    kind: Kind,
    /// For the first call.
    ticket: Option<Ticket>,
    /// Whether a call came before the next.
    is_used: bool,
    tunnel: Option<Instant>,
}

/// What a connection is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Calls pass one after the other as they come.
    Road,
    /// One call at a time passes: where the next leads is another's to say.
    Single,
    /// The breaker has rejected it: what is asked gets an answer of ours.
    Rejected,
}

/// A call that is under way.
#[derive(Debug)]
pub struct Call {
    /// When its head was here.
    pub started: Instant,
    ticket: Option<Ticket>,
    /// It passes although the breaker rejects it.
    pub is_withheld: bool,
}

impl Pair {
    /// To `service` if that is known, else to whom the first bytes name, or `address` leads.
    pub fn new(
        directory: Arc<Directory>,
        service: Option<Arc<Service>>,
        address: Option<SocketAddr>,
        kind: Kind,
    ) -> Self {
        let instance = service.as_ref().zip(address).and_then(|(service, address)| service.instances.at(address));
        let (ticket, is_used, tunnel) = (None, false, None);
        let pair = Self { directory, service, instance, address, kind, ticket, is_used, tunnel };
        pair.count_open(1);
        pair
    }

    /// The first call has been let through already.
    pub fn admitted(mut self, ticket: Option<Ticket>) -> Self {
        self.ticket = ticket;
        self
    }

    /// What it is to be.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of whose it is; empty while that is not known.
    pub fn name(&self) -> &str {
        self.service.as_ref().map_or("", |service| service.name())
    }

    /// Where it leads, where that is known.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether it is known whose it is.
    pub fn is_attributed(&self) -> bool {
        self.service.is_some()
    }

    /// Whose it is, if that was not known: whom `authority` (`host` or `host:port`) names, or else the address.
    pub fn attribute(&mut self, authority: Option<&str>) {
        if self.service.is_some() {
            return;
        }
        let port = self.address.map_or(0, |address| address.port());
        let named = authority.and_then(|authority| {
            let (host, port) = split(authority, port);
            self.directory.by_name(host, port)
        });
        let service = named.or_else(|| self.address.and_then(|address| self.directory.by_address(address)));
        let service = service.unwrap_or(&self.directory.other).clone();
        self.instance = self.address.and_then(|address| service.instances.at(address));
        self.service = Some(service);
        self.count_open(1);
    }

    /// Asks for a call; in mode enforce it may be rejected, for so long.
    pub fn ask(&mut self, now: Instant) -> Result<Call, Duration> {
        let circuit = self.service.as_ref().and_then(|service| service.circuit.as_ref());
        let (Some(circuit), Kind::Road | Kind::Single) = (circuit, self.kind) else {
            return Ok(Call { started: now, ticket: None, is_withheld: false });
        };
        let known = self.ticket.take().filter(|ticket| circuit.is_current(*ticket, now));
        let ticket = match known.map_or_else(|| circuit.admit(now), Admission::Passed) {
            Admission::Passed(ticket) => Some(ticket),
            Admission::Rejected(left) if circuit.enforces() => return Err(left),
            Admission::Rejected(_) => {
                circuit.withheld();
                None
            }
        };
        Ok(Call { started: now, ticket, is_withheld: ticket.is_none() })
    }

    /// A call that cannot be held back any more.
    pub fn pass(&mut self, now: Instant) -> Call {
        self.ask(now).unwrap_or_else(|_| {
            if let Some(circuit) = self.service.as_ref().and_then(|service| service.circuit.as_ref()) {
                circuit.withheld();
            }
            Call { started: now, ticket: None, is_withheld: true }
        })
    }

    /// A call has begun: its connection was there before, or is new.
    pub fn begin(&mut self) {
        let reused = std::mem::replace(&mut self.is_used, true);
        if let (Some(service), Kind::Road | Kind::Single) = (&self.service, self.kind) {
            let pool = service.metrics.pool();
            if reused { pool.reused.inc() } else { pool.new.inc() }
        }
    }

    /// A call is over. `status` is that of its answer, as far as it came.
    pub fn end(&self, call: Call, status: Option<u16>, ending: Ending, now: Instant) {
        let Some(service) = &self.service else { return };
        if self.kind == Kind::Rejected {
            if let Some(circuit) = &service.circuit {
                circuit.rejected();
            }
            return;
        }
        service.metrics.calls().count(status.unwrap_or(0));
        if matches!(ending, Ending::Answered(_)) {
            service.metrics.calls().duration.observe(now.saturating_duration_since(call.started).as_secs_f64());
        }
        if let Some(circuit) = &service.circuit {
            circuit.settle(call.ticket, ending, now);
        }
        if let Some(instance) = &self.instance {
            match ending {
                Ending::Answered(status) => instance.called(!matches!(status, 502..=504), now),
                // Who leaves sooner says nothing of it.
                Ending::GivenUp(_) => {}
                Ending::Broken | Ending::Unreachable | Ending::TimedOut => instance.called(false, now),
            }
        }
    }

    /// A call that was asked for does not come.
    pub fn give_back(&self, call: &Call, now: Instant) {
        if let Some((circuit, ticket)) = self.circuit_and(call.ticket) {
            circuit.give_back(ticket, now);
        }
    }

    /// What it carries cannot be looked into: from now on it is a tunnel, and that it stands is all there is to judge.
    pub fn become_tunnel(&mut self, name: Option<&str>, now: Instant) {
        self.attribute(name);
        let Some(service) = &self.service else { return };
        if self.tunnel.replace(now).is_none() && self.kind != Kind::Rejected {
            service.metrics.tunnels().results[0].inc();
            if let Some(circuit) = &service.circuit {
                let ticket = self.ticket.take();
                circuit.settle(ticket, Ending::Answered(200), now);
            }
        }
    }

    /// Bytes passed a tunnel.
    pub fn tunnel_bytes(&self, outbound: bool, bytes: usize) {
        let Some(service) = &self.service else { return };
        let tunnels = service.metrics.tunnels();
        let counter = if outbound { &tunnels.bytes_out } else { &tunnels.bytes_in };
        counter.inc_by(bytes as u64);
    }

    /// The connection is over at `now`.
    pub fn close(&mut self, now: Instant) {
        if let (Some(service), Some(began)) = (&self.service, self.tunnel.take()) {
            service.metrics.tunnels().duration.observe(now.saturating_duration_since(began).as_secs_f64());
        }
        if let Some((circuit, ticket)) = self.circuit_and(self.ticket) {
            circuit.give_back(ticket, now);
        }
        self.ticket = None;
    }

    fn circuit_and(&self, ticket: Option<Ticket>) -> Option<(&super::Circuit, Ticket)> {
        Some((self.service.as_ref()?.circuit.as_deref()?, ticket?))
    }

    fn count_open(&self, by: i64) {
        if let (Some(service), Kind::Road | Kind::Single) = (&self.service, self.kind) {
            service.metrics.pool().active.add(by);
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.count_open(-1);
    }
}

/// Host without brackets, and port, of an authority; `port` where it has none.
pub fn split(authority: &str, port: u16) -> (&str, u16) {
    let (host, given) = match authority.rsplit_once(':') {
        Some((host, digits)) if !host.contains(':') || host.ends_with(']') => (host, digits.parse().ok()),
        _ => (authority, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    (bare.unwrap_or(host), given.unwrap_or(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_a_host_and_perhaps_a_port() {
        assert_eq!(split("a.b:81", 80), ("a.b", 81));
        assert_eq!(split("a.b", 80), ("a.b", 80));
        assert_eq!(split("[::1]:81", 80), ("::1", 81));
        assert_eq!(split("[::1]", 80), ("::1", 80));
        assert_eq!(split("::1", 80), ("::1", 80));
    }
}
