//! A service that the gateway calls, through the real observer of calls; its breaker and its health follow from them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outrider::config::Config;
use outrider::event::{End, ObserveCalls, Observer, Side};
use outrider::metrics::ServiceMetrics;
use outrider::observe::egress::Calls;
use outrider::service::pair::Kind;
use outrider::service::{Directory, Pair};

use super::gateway::ask;

pub struct Services {
    directory: Arc<Directory>,
    metrics: ServiceMetrics,
}

fn address() -> SocketAddr {
    "10.0.0.1:80".parse().expect("an address")
}

impl Services {
    /// Those of `config`, each at one address.
    pub fn new(config: &Config, metrics: ServiceMetrics, now: Instant) -> Self {
        let directory = Arc::new(Directory::new(config, &metrics, None, now));
        directory.services.iter().for_each(|service| service.instances.publish(&[(address(), 0)]));
        Self { directory, metrics }
    }

    /// A call to the first of them, on a connection of its own, which is answered with `status`.
    pub fn call(&self, status: u16, now: Instant) {
        let service = self.directory.services.first().cloned();
        let mut connection =
            Calls::untraced().connection(Pair::new(self.directory.clone(), service, Some(address()), Kind::Road));
        ask(&mut connection, now, b"POST /generate HTTP/1.1\r\nHost: code\r\nContent-Length: 0\r\n\r\n");
        let then = now + Duration::from_millis(20);
        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 2\r\n\r\nok");
        connection.gateway_bytes(then, answer.as_bytes());
        connection.ended(then, Side::Client, End::Finished);
        connection.ended(then, Side::Gateway, End::Finished);
        connection.closed(then);
    }

    /// What time alone changes, as the control plane does each second.
    pub fn refresh(&self, now: Instant) {
        for service in &self.directory.services {
            service.circuit.iter().for_each(|circuit| circuit.refresh(now));
            let [healthy, unhealthy, unknown] = service.instances.counts(now);
            self.metrics.instances(service.name(), healthy, unhealthy, unknown);
        }
    }
}
