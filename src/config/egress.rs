//! `egress:`: how the gateway's own calls come past us.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::read::Node;
use super::scalar::{address, flag, network, text};
use super::yaml::Yaml;

/// How the gateway's own calls come past us, besides a port per service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Egress {
    /// Where to be an HTTP proxy, for a gateway started with `HTTP_PROXY`.
    pub http_proxy: Option<SocketAddr>,
    /// Where to take connections that iptables redirected.
    pub redirect: Option<SocketAddr>,
    /// What may be reached through `http_proxy` besides the services.
    pub allow: Vec<Destination>,
    /// Whether egress ports may be bound to more than loopback.
    pub public: bool,
}

/// A part of the network that calls may go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Destination {
    /// `*` is every host, `*.example.com` every host below, else the host itself; lower case.
    Host(String),
    /// Every address in it.
    Network(IpNet),
}

impl Egress {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| Self {
            http_proxy: keys.key("http_proxy").get(address),
            redirect: keys.key("redirect").get(address),
            allow: keys
                .key("allow")
                .list(|item| item.get(destination))
                .unwrap_or_else(|| vec![Destination::Host("*".to_owned())]),
            public: keys.key("public").get(flag).unwrap_or(false),
        })
    }
}

/// A [`Destination`].
pub(super) fn destination(value: &Yaml) -> Result<Destination, String> {
    let host = text(value)?.to_lowercase();
    if let Ok(network) = network(value) {
        return Ok(Destination::Network(network));
    }
    let name = host.strip_prefix("*.").unwrap_or(&host);
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match host == "*" || named {
        true => Ok(Destination::Host(host)),
        false if host.contains('/') => network(value).map(Destination::Network),
        false => Err(format!("expected a host, *.domain, * or a network, found `{host}`")),
    }
}
