//! The thread of the services' control plane, and what a configuration means for the gateway's calls.

use crate::config::Config;
use crate::event::coverage::{Area, Coverage, Status};
use crate::metrics::ServiceMetrics;
use crate::metrics::service::GATEWAY_UP;
use crate::proxy::egress::{Door, Plan, To};
use crate::proxy::tls::Originator;
use crate::service::Directory;
use crate::service::control::{self, Order};
use crate::service::gateway::Checked;
use anyhow::{Context as _, Result, anyhow};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a start or a reload waits for the first addresses of services. Calls that come earlier find none.
const FIRST: Duration = Duration::from_secs(2);

/// The control plane's thread.
pub(super) struct Services {
    orders: mpsc::UnboundedSender<Order>,
    thread: JoinHandle<()>,
}

impl Services {
    /// Starts the thread, with nothing to look after.
    pub(super) fn start(metrics: ServiceMetrics) -> Result<Self> {
        let (orders, ordered) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = super::spawn("services", move || runtime.block_on(control::run(ordered, metrics)))?;
        Ok(Self { orders, thread })
    }

    /// From now on these services, and this gateway if it is to be checked. Waits for a first word on their addresses.
    pub(super) fn follow(&self, directory: Arc<Directory>, gateway: Option<Arc<Checked>>) {
        let (known, is_known) = sync_channel(1);
        // It fails only when the thread is gone.
        if self.orders.send(Order { directory, gateway, known }).is_ok() {
            let _ = is_known.recv_timeout(FIRST);
        }
    }

    /// Ends it.
    pub(super) fn stop(self) {
        drop(self.orders);
        let _ = self.thread.join();
    }
}

/// What `config` means for the gateway's calls; services and doors of `before` that stay live on. Opens what doors are new.
pub(super) fn plan(config: &Config, metrics: &ServiceMetrics, before: Option<&Plan>) -> Result<Plan> {
    let mut originators = std::collections::HashMap::new();
    for (at, service) in config.services.iter().enumerate() {
        let Some(trust) = service.tls.as_ref().filter(|_| service.listen.is_some()) else { continue };
        let originator = Originator::new(&service.address, trust);
        let originator = originator.map_err(|reason| anyhow!("services[{at}]: {reason}"))?;
        originators.insert(service.name.clone(), Arc::new(originator));
    }
    let mut doors = Vec::new();
    for (path, to, address) in wanted(config) {
        let known =
            before.and_then(|before| before.doors.iter().find(|door| (&door.to, door.address) == (&to, address)));
        doors.push(match known {
            Some(door) => door.clone(),
            None => {
                let door = Door::open(to, address, config.ingress.workers.get());
                Arc::new(door.with_context(|| format!("{path}: cannot listen on {address}"))?)
            }
        });
    }
    let loopback = config.egress.redirect.filter(|address| address.ip().is_loopback() && address.is_ipv4());
    if let Some(address) = loopback {
        doors.extend(second(address, config, before));
    }
    let directory = Directory::new(config, metrics, before.map(|before| &*before.directory), Instant::now());
    Ok(Plan { directory: Arc::new(directory), originators, allow: config.egress.allow.clone(), doors })
}

/// The kernel redirects IPv6 to the loopback address of IPv6; without IPv6 there is nothing to redirect.
fn second(address: SocketAddr, config: &Config, before: Option<&Plan>) -> Option<Arc<Door>> {
    let address = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), address.port());
    let known = before.and_then(|before| before.doors.iter().find(|door| door.address == address)).cloned();
    known.or_else(|| Door::open(To::Redirect, address, config.ingress.workers.get()).ok().map(Arc::new))
}

/// Every door, with the key that asks for it.
fn wanted(config: &Config) -> Vec<(String, To, SocketAddr)> {
    let services = config.services.iter().enumerate().filter_map(|(at, service)| {
        Some((format!("services[{at}].listen"), To::Service(service.name.clone()), service.listen?))
    });
    let proxy = config.egress.http_proxy.map(|address| ("egress.http_proxy".to_owned(), To::Proxy, address));
    let redirect = config.egress.redirect.map(|address| ("egress.redirect".to_owned(), To::Redirect, address));
    services.chain(proxy).chain(redirect).collect()
}

/// Says where the gateway's calls come in.
pub(super) fn announce(plan: &Plan, before: Option<&Plan>) {
    for door in &plan.doors {
        if before.is_some_and(|before| before.doors.iter().any(|known| Arc::ptr_eq(known, door))) {
            continue;
        }
        let Ok(address) = door.local() else { continue };
        match &door.to {
            To::Service(service) => tracing::info!(what = "service", service, %address, "listening"),
            To::Proxy => tracing::info!(what = "http_proxy", %address, "listening"),
            To::Redirect => tracing::info!(what = "redirect", %address, "listening"),
        }
    }
}

/// What is seen of the gateway's calls, and what is not.
pub(super) fn cover(config: &Config, coverage: &Coverage) {
    let ports = config.services.iter().filter(|service| service.listen.is_some()).count();
    let mut ways = Vec::new();
    if ports > 0 {
        ways.push(format!("Calls to {ports} of {} services, through ports of their own.", config.services.len()));
    }
    if config.egress.http_proxy.is_some() {
        ways.push("Calls of clients that heed HTTP_PROXY; of https:// only tunnels.".to_owned());
    }
    if config.egress.redirect.is_some() {
        ways.push("Every redirected connection; of TLS only tunnels.".to_owned());
    }
    let judged = config.services.iter().any(|service| !service.routes.is_empty());
    let everything = config.egress.redirect.is_some() || (ports > 0 && ports == config.services.len());
    let (status, why, enable) = match () {
        () if ways.is_empty() => {
            let why = "Nothing of the gateway's own calls comes past us.".to_owned();
            (Status::Unseen, why, Some("services[].listen, egress.http_proxy or egress.redirect"))
        }
        () if everything => (Status::Seen, ways.join(" "), None),
        () => (Status::Partly, ways.join(" "), Some("services[].listen or egress.redirect")),
    };
    let named: [(&str, &str); 3] = [
        ("services", "service_requests_total service_request_duration_seconds"),
        (
            "breakers",
            "circuit_breaker_requests_total circuit_breaker_state circuit_breaker_failure_rate \
             circuit_breaker_transitions_total",
        ),
        ("pools", "connection_pool_connections_active connection_pool_requests_total"),
    ];
    for (name, metrics) in named {
        let by_routes = name == "breakers" && judged && ways.is_empty();
        let (status, why) = match by_routes {
            true => (Status::Partly, "Services are judged by the 502, 503 and 504 of their routes.".to_owned()),
            false => (status, why.clone()),
        };
        coverage.put(Area { name, status, why, enable, metrics });
    }
    let (status, why) = match config.services.is_empty() {
        true => (Status::Unseen, "No service is configured."),
        false => (Status::Seen, "Addresses of the services, and what checks and calls find of them."),
    };
    let metrics = "service_instances_total service_health_checks_total";
    coverage.put(Area { name: "discovery", status, why: why.to_owned(), enable: Some("services"), metrics });
    let (status, why) = match config.ingress.health_check {
        None => (Status::Unseen, "The gateway is not checked."),
        Some(_) => (Status::Seen, "What the gateway answers to its checks."),
    };
    let enable = Some("ingress.health_check");
    coverage.put(Area { name: "health", status, why: why.to_owned(), enable, metrics: GATEWAY_UP });
}
