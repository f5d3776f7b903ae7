//! All services, and whose a call is.

use super::circuit::Circuit;
use super::instances::Instances;
use crate::config::egress::Destination;
use crate::config::{self, Config};
use crate::metrics::ServiceMetrics;
use crate::metrics::service::{CallHandles, PoolHandles, Source, TunnelHandles};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The name of all that is no service.
pub const OTHER: &str = "other";

/// All services of a configuration.
pub struct Directory {
    /// As configured, in order.
    pub services: Vec<Arc<Service>>,
    /// What calls to everything else are counted as.
    pub other: Arc<Service>,
    /// Calls to all services come past us.
    egress_sees: bool,
}

/// A service, or all that is none. What is counted and known lives on over reloads.
pub struct Service {
    /// As configured; none for what is no service.
    pub config: Option<config::Service>,
    /// Its addresses.
    pub instances: Arc<Instances>,
    /// Its breaker; what is no service has none.
    pub circuit: Option<Arc<Circuit>>,
    /// Its families; touched when a call is seen, so that what cannot be seen is absent.
    pub metrics: Arc<Handles>,
}

/// Handles of one service, each made when it is first used.
pub struct Handles {
    name: String,
    families: ServiceMetrics,
    calls: OnceLock<CallHandles>,
    pool: OnceLock<PoolHandles>,
    tunnels: OnceLock<TunnelHandles>,
}

impl Handles {
    fn new(name: &str, families: &ServiceMetrics) -> Arc<Self> {
        let (calls, pool, tunnels) = Default::default();
        Arc::new(Self { name: name.to_owned(), families: families.clone(), calls, pool, tunnels })
    }

    /// Of its calls.
    pub fn calls(&self) -> &CallHandles {
        self.calls.get_or_init(|| self.families.calls(&self.name))
    }

    /// Of the connections to it.
    pub fn pool(&self) -> &PoolHandles {
        self.pool.get_or_init(|| self.families.pool(&self.name))
    }

    /// Of tunnels to it.
    pub fn tunnels(&self) -> &TunnelHandles {
        self.tunnels.get_or_init(|| self.families.tunnels(&self.name))
    }
}

impl Service {
    /// Its `service` label.
    pub fn name(&self) -> &str {
        &self.metrics.name
    }

    /// Whether a call to `host` and `port` is one to it, by name: its own, or one of its `hosts` whatever the port.
    fn is_named(&self, host: &str, port: u16) -> bool {
        let Some(config) = &self.config else { return false };
        let own = config.address.port == port && config.address.host.eq_ignore_ascii_case(host);
        let ip = host.parse::<IpAddr>().ok();
        own || config.hosts.iter().any(|destination| covers(destination, host, ip))
    }
}

/// Whether `destination` holds `host`, which may be the address `ip`.
pub fn covers(destination: &Destination, host: &str, ip: Option<IpAddr>) -> bool {
    match destination {
        Destination::Network(network) => ip.is_some_and(|ip| network.contains(&ip.to_canonical())),
        Destination::Host(name) if name == "*" => true,
        Destination::Host(name) => match name.strip_prefix('*') {
            // `*.example.com` is what is below it, not itself.
            Some(domain) => {
                host.len() > domain.len()
                    && host.get(host.len() - domain.len()..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
            }
            None => name.eq_ignore_ascii_case(host),
        },
    }
}

impl Directory {
    /// By `config`; a service of the same name in `before` lives on.
    pub fn new(config: &Config, families: &ServiceMetrics, before: Option<&Self>, now: Instant) -> Self {
        let egress_sees = config.egress.http_proxy.is_some() || config.egress.redirect.is_some();
        let services = config.services.iter().map(|service| {
            let known = before.and_then(|before| before.named(&service.name));
            let metrics = known.map_or_else(|| Handles::new(&service.name, families), |known| known.metrics.clone());
            // The same name at another address is another service with the same counts.
            let same_place = |known: &&Arc<Service>| {
                known
                    .config
                    .as_ref()
                    .is_some_and(|known| (&known.address, known.discovery) == (&service.address, service.discovery))
            };
            let instances = known.filter(same_place).map(|known| known.instances.clone()).unwrap_or_default();
            let policy = &service.circuit_breaker;
            // Who sees no call has no breaker to tell of.
            let is_seen = egress_sees || service.listen.is_some() || !service.routes.is_empty();
            let known = known.and_then(|known| known.circuit.clone());
            let circuit = is_seen.then(|| match known {
                Some(circuit) => {
                    circuit.follow(policy, now);
                    circuit
                }
                None => Arc::new(Circuit::new(policy, families.breaker(&service.name, Source::Outrider), now)),
            });
            Arc::new(Service { config: Some(service.clone()), instances, circuit, metrics })
        });
        let services: Vec<_> = services.collect();
        for gone in before.into_iter().flat_map(|before| &before.services) {
            if !services.iter().any(|service| service.name() == gone.name()) {
                families.forget(gone.name());
            }
        }
        let other = match before {
            Some(before) => before.other.clone(),
            None => Arc::new(Service {
                config: None,
                instances: Arc::default(),
                circuit: None,
                metrics: Handles::new(OTHER, families),
            }),
        };
        Self { services, other, egress_sees }
    }

    /// Breakers that can be judged only by what the gateway answers at their services' `routes`.
    pub fn judged(&self) -> HashMap<Box<str>, Vec<Arc<Circuit>>> {
        let mut judged: HashMap<Box<str>, Vec<Arc<Circuit>>> = HashMap::new();
        for service in self.services.iter().filter(|_| !self.egress_sees) {
            let (Some(config), Some(circuit)) = (&service.config, &service.circuit) else { continue };
            for route in config.routes.iter().filter(|_| config.listen.is_none()) {
                judged.entry(route.as_str().into()).or_default().push(circuit.clone());
            }
        }
        judged
    }

    /// The service of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.name() == name)
    }

    /// Whose calls to `host` and `port` are, by name; `host` has no brackets.
    pub fn by_name(&self, host: &str, port: u16) -> Option<&Arc<Service>> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let own = |service: &&Arc<Service>| {
            let config = service.config.as_ref();
            config.is_some_and(|config| config.address.port == port && config.address.host.eq_ignore_ascii_case(host))
        };
        // Its own name is a better word than a pattern of another's.
        self.services.iter().find(own).or_else(|| self.services.iter().find(|service| service.is_named(host, port)))
    }

    /// Whose calls to `address` are, by what is known of addresses.
    pub fn by_address(&self, address: SocketAddr) -> Option<&Arc<Service>> {
        let has = |service: &&Arc<Service>| service.instances.at(address).is_some();
        let host = address.ip().to_string();
        self.services.iter().find(has).or_else(|| self.by_name(&host, address.port()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use std::path::Path;

    fn directory(before: Option<&Directory>, families: &ServiceMetrics, services: &str) -> Directory {
        let config = config::parse(&format!("services: {services}"), Path::new(""), &|_| None).unwrap();
        Directory::new(&config, families, before, Instant::now())
    }

    fn families() -> (Registry, ServiceMetrics) {
        let registry = Registry::new();
        let families = ServiceMetrics::register(&registry, &Config::default().metrics.buckets);
        (registry, families)
    }

    #[test]
    fn a_call_belongs_to_whom_its_host_or_address_names() {
        let (_registry, families) = families();
        let all = "[{ name: a, address: 'a.internal:80' },
            { name: b, address: 'b:8080', hosts: ['*.b.internal', 10.1.0.0/16] },
            { name: c, address: '10.1.2.3:90' }]";
        let directory = directory(None, &families, all);
        let by_name = |host, port| directory.by_name(host, port).map(|service| service.name());
        assert_eq!(by_name("A.internal.", 80), Some("a"));
        assert_eq!(by_name("a.internal", 81), None);
        assert_eq!((by_name("x.b.internal", 1), by_name("b.internal", 1)), (Some("b"), None));
        assert_eq!((by_name("10.1.2.3", 90), by_name("10.1.2.3", 91)), (Some("c"), Some("b")));
        directory.services[0].instances.publish(&[("10.1.0.9:80".parse().unwrap(), 0)]);
        let by_address = |text: &str| directory.by_address(text.parse().unwrap()).map(|service| service.name());
        assert_eq!((by_address("10.1.0.9:80"), by_address("10.1.0.9:81")), (Some("a"), Some("b")));
        assert_eq!(by_address("192.0.2.1:80"), None);
    }

    #[test]
    fn what_stays_lives_on_and_what_goes_is_forgotten() {
        let (registry, families) = families();
        let one = directory(
            None,
            &families,
            "[{ name: a, address: 'a:80', listen: '127.0.0.1:1' }, { name: b, address: 'b:80' }]",
        );
        one.services[0].instances.publish(&[("10.0.0.1:80".parse().unwrap(), 0)]);
        one.services[1].metrics.calls().count(200);
        let two = directory(Some(&one), &families, "[{ name: a, address: 'a:80', listen: '127.0.0.1:1' }]");
        let circuit = |directory: &Directory| directory.services[0].circuit.clone().unwrap();
        assert!(Arc::ptr_eq(&circuit(&one), &circuit(&two)));
        assert_eq!(two.services[0].instances.all().len(), 1);
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert!(text.contains("service=\"a\"") && !text.contains("service=\"b\""), "{text}");
        let three = directory(Some(&two), &families, "[{ name: a, address: 'elsewhere:80' }]");
        assert!(three.services[0].instances.all().is_empty());
    }
}
