//! What sections must agree on.

use std::net::SocketAddr;

use super::Config;
use super::read::Reading;

pub(super) fn check(config: &Config, reading: &Reading<'_>) {
    let mut listeners = listeners(config);
    // What is wrong already has a default in its place, which says nothing.
    let known = reading.faults.borrow().clone();
    listeners.retain(|(path, _)| {
        let base = path.strip_suffix(']').and_then(|path| path.rsplit_once('[')).map_or(&**path, |(base, _)| base);
        !known.iter().any(|fault| fault.path.starts_with(base))
    });
    for (at, (path, address)) in listeners.iter().enumerate() {
        if let Some((other, _)) = listeners[..at].iter().find(|(_, other)| overlap(*address, *other)) {
            reading.fault(path, format!("{address} is the port of `{other}` already"));
        }
        if !config.egress.public && is_egress(path) && !address.ip().is_loopback() {
            let why = "would let others reach the gateway's network through us";
            reading.fault(path, format!("{address} is not loopback and {why}; set egress.public: true if it is meant"));
        }
    }
    let ingress = listeners.iter().filter(|(path, _)| path.starts_with("ingress."));
    if let Some(gateway) = config.ingress.gateway.at.literal()
        && !known.iter().any(|fault| fault.path == "ingress.gateway")
        && let Some((path, _)) = ingress.into_iter().find(|(_, address)| is_us(gateway, *address))
    {
        reading.fault("ingress.gateway", format!("{gateway} is our own `{path}`: requests would never leave"));
    }
}

/// Every address that is listened on, by path.
fn listeners(config: &Config) -> Vec<(String, SocketAddr)> {
    let ingress = config.ingress.listen.iter().enumerate();
    let ingress = ingress.map(|(at, address)| (format!("ingress.listen[{at}]"), *address));
    let single = [
        ("ingress.redirect", config.ingress.redirect),
        ("admin.listen", Some(config.admin.listen)),
        ("egress.http_proxy", config.egress.http_proxy),
        ("egress.redirect", config.egress.redirect),
        ("tracing.receiver.grpc", config.tracing.receiver.grpc),
        ("tracing.receiver.http", config.tracing.receiver.http),
    ];
    let single = single.into_iter().filter_map(|(path, address)| Some((path.to_owned(), address?)));
    let services = config.services.iter().enumerate();
    let services = services.filter_map(|(at, service)| Some((format!("services[{at}].listen"), service.listen?)));
    ingress.chain(single).chain(services).collect()
}

fn is_egress(path: &str) -> bool {
    path.starts_with("egress.") || path.starts_with("services[")
}

/// Whether two listeners cannot both be had. Port 0 is any free port.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || any && one.is_ipv4() == other.is_ipv4())
}

/// Whether a connection to `target` would come back to `listener`.
fn is_us(target: SocketAddr, listener: SocketAddr) -> bool {
    let here = listener.ip().is_unspecified() && (target.ip().is_loopback() || target.ip().is_unspecified());
    target.port() == listener.port() && (target.ip() == listener.ip() || here)
}
