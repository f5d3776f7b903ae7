//! `ingress:`: where clients come in and which gateway they go to.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::health::HealthCheck;
use super::quantity::{as_text, duration};
use super::read::{Keys, Node};
use super::scalar::{address, one_of, positive};
use super::tls::{ClientTls, ServerTls};
use super::upstream::{HostPort, endpoint};
use super::yaml::Yaml;

/// Where clients come in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ingress {
    /// Where to listen; never empty, no address twice.
    pub listen: Vec<SocketAddr>,
    /// What is behind.
    pub gateway: Gateway,
    /// Threads that move bytes, each with its own runtime.
    pub workers: NonZeroUsize,
    /// Terminates TLS; without it TLS passes opaque.
    pub tls: Option<ServerTls>,
    /// Whether the client's address is told to the gateway.
    pub forwarded_for: ForwardedFor,
    /// Whether connections begin with a PROXY protocol header.
    pub proxy_protocol: ProxyProtocol,
    /// Where to take connections that iptables redirected; they go to the gateway all the same.
    pub redirect: Option<SocketAddr>,
    /// Active checks of the gateway, for `gateway_up` and `/readyz`; without one, a connection is tried.
    pub health_check: Option<HealthCheck>,
    /// How long what is in flight may take after a stop was asked for.
    #[serde(serialize_with = "as_text")]
    pub drain: Duration,
}

/// The gateway: `127.0.0.1:8000`, `http://…`, or `https://…` when it wants TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// Host and port.
    pub at: HostPort,
    /// Set when the gateway is reached over TLS.
    pub tls: Option<ClientTls>,
}

/// What happens to `x-forwarded-for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ForwardedFor {
    /// The client's address is appended.
    Append,
    /// Heads pass as they came.
    Off,
}

/// Which PROXY protocol header is expected before the first byte of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyProtocol {
    /// None; bytes that look like one are the client's.
    Off,
    /// Version 1 or 2; a connection without it is refused.
    Required,
}

impl Ingress {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| Self {
            listen: listen(keys).unwrap_or_else(|| vec![(Ipv4Addr::UNSPECIFIED, 8080).into()]),
            gateway: Gateway::read(keys),
            workers: keys.key("workers").get(positive(256)).unwrap_or(NonZeroUsize::MIN),
            tls: ServerTls::read(&keys.key("tls")),
            forwarded_for: keys
                .key("forwarded_for")
                .get(one_of(&[("append", ForwardedFor::Append), ("off", ForwardedFor::Off)]))
                .unwrap_or(ForwardedFor::Append),
            proxy_protocol: keys
                .key("proxy_protocol")
                .get(one_of(&[("off", ProxyProtocol::Off), ("required", ProxyProtocol::Required)]))
                .unwrap_or(ProxyProtocol::Off),
            redirect: keys.key("redirect").get(address),
            health_check: HealthCheck::read(&keys.key("health_check")),
            drain: keys.key("drain").get(duration).unwrap_or(Duration::from_secs(30)),
        })
    }
}

fn listen(keys: &mut Keys<'_>) -> Option<Vec<SocketAddr>> {
    let node = keys.key("listen");
    let listen = node.one_or_many(|item| item.get(address))?;
    if listen.is_empty() && node.get(|value| Ok(*value == Yaml::List(Vec::new()))) == Some(true) {
        node.fault("needs at least one address");
    }
    Some(listen)
}

impl Gateway {
    fn read(keys: &mut Keys<'_>) -> Self {
        let (node, ca) = (keys.key("gateway"), keys.key("gateway_ca"));
        let (at, tls) = node.get(endpoint).unwrap_or_else(|| {
            let at = HostPort { host: Ipv4Addr::LOCALHOST.to_string(), port: 8000 };
            (at, false)
        });
        let trust = ClientTls::read(&ca, tls, "ingress.gateway");
        Self { at, tls: tls.then_some(trust) }
    }
}
