//! What the HTTP proxy may reach, and the addresses of it. Services may always be reached; of everything else `egress.allow` says.

use crate::config::egress::Destination;
use crate::service::directory::covers;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long a lookup may take. It is on a thread of its own; only the connection that asked waits for it.
const LOOKUP: Duration = Duration::from_secs(5);

/// Why a destination is not reached.
#[derive(Debug)]
pub(super) enum Unreached {
    /// `egress.allow` does not have it.
    Forbidden,
    /// Its name says nothing.
    Unknown(io::Error),
}

/// The addresses of `host` that may be reached.
pub(super) async fn resolve(allow: &[Destination], host: &str, port: u16) -> Result<Vec<SocketAddr>, Unreached> {
    let literal = host.parse::<IpAddr>().ok();
    let by_name = allow.iter().any(|destination| covers(destination, host, literal));
    let has_networks = allow.iter().any(|destination| matches!(destination, Destination::Network(_)));
    if !by_name && (literal.is_some() || !has_networks) {
        return Err(Unreached::Forbidden);
    }
    let addresses: Vec<SocketAddr> = match literal {
        Some(ip) => vec![(ip, port).into()],
        None => match timeout(LOOKUP, lookup_host((host, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => {
                return Err(Unreached::Unknown(io::Error::new(io::ErrorKind::NotFound, "its name has no address")));
            }
            Err(_) => return Err(Unreached::Unknown(io::ErrorKind::TimedOut.into())),
        },
    };
    if by_name {
        return Ok(addresses);
    }
    let in_network = |address: &SocketAddr| allow.iter().any(|destination| covers(destination, "", Some(address.ip())));
    let allowed: Vec<SocketAddr> = addresses.into_iter().filter(in_network).collect();
    if allowed.is_empty() { Err(Unreached::Forbidden) } else { Ok(allowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn outcome(allow: &[&str], host: &str) -> Result<usize, bool> {
        let allow: Vec<Destination> = allow
            .iter()
            .map(|text| match text.parse() {
                Ok(network) => Destination::Network(network),
                Err(_) => Destination::Host((*text).to_owned()),
            })
            .collect();
        let resolved = resolve(&allow, host, 80).await;
        resolved.map(|addresses| addresses.len()).map_err(|error| matches!(error, Unreached::Forbidden))
    }

    #[tokio::test]
    async fn only_what_is_allowed_is_reached() {
        assert_eq!(outcome(&["*"], "127.0.0.1").await, Ok(1));
        assert_eq!(outcome(&[], "127.0.0.1").await, Err(true));
        assert_eq!(outcome(&["127.0.0.0/8"], "127.0.0.1").await, Ok(1));
        assert_eq!(outcome(&["10.0.0.0/8"], "127.0.0.1").await, Err(true));
        assert_eq!(outcome(&["example.com"], "127.0.0.1").await, Err(true));
        // A name is allowed by the network that it leads into.
        assert_eq!(outcome(&["127.0.0.0/8"], "localhost").await, Ok(1));
        assert_eq!(outcome(&["10.0.0.0/8"], "localhost").await, Err(true));
    }
}
