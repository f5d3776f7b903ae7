//! Clients, told apart without naming them.
//!
//! - `top`: the busiest clients, within a bound

pub mod top;

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::config::security::{self, ClientBy};
pub use top::{Counted, Top};

/// How clients are told apart, by the configuration.
pub struct Clients {
    by: ClientBy,
    ipv4: u8,
    ipv6: u8,
    key: hmac::Key,
}

impl Clients {
    /// With the key of the configuration, or one drawn now: then names differ from those of other pods and starts.
    pub fn new(config: &security::Clients) -> Result<Self, ring::error::Unspecified> {
        let key = match &config.key {
            Some(secret) => hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()),
            None => hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?,
        };
        Ok(Self { by: config.by, ipv4: config.ipv4, ipv6: config.ipv6, key })
    }

    /// What counts as one client: an IPv4 address (its network, where names are networks), an IPv6 network.
    pub fn of(&self, address: IpAddr) -> IpNet {
        let address = address.to_canonical();
        let bits = match (address, self.by) {
            (IpAddr::V4(_), ClientBy::Hash) => 32,
            (IpAddr::V4(_), ClientBy::Cidr) => self.ipv4,
            (IpAddr::V6(_), _) => self.ipv6,
        };
        IpNet::new(address, bits).unwrap_or_else(|_| IpNet::from(address)).trunc()
    }

    /// What stands for a client in a label: 16 hex digits of a keyed hash (HMAC-SHA-256), or its network.
    pub fn name(&self, client: IpNet) -> String {
        if self.by == ClientBy::Cidr {
            return client.to_string();
        }
        let tag = match client.addr() {
            IpAddr::V4(address) => hmac::sign(&self.key, &address.octets()),
            IpAddr::V6(address) => hmac::sign(&self.key, &address.octets()),
        };
        tag.as_ref()[..8].iter().fold(String::with_capacity(16), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(yaml: &str) -> Clients {
        let env = |name: &str| (name == "KEY").then(|| "a key".to_owned());
        let yaml = format!("security: {{ clients: {{ {yaml} }} }}");
        let config = crate::config::parse(&yaml, std::path::Path::new(""), &env).unwrap();
        Clients::new(&config.security.clients).unwrap()
    }

    fn name(clients: &Clients, address: &str) -> String {
        clients.name(clients.of(address.parse().unwrap()))
    }

    #[test]
    fn a_hash_is_keyed_and_stable() {
        let (one, two) = (clients("key: { env: KEY }"), clients("key: { env: KEY }"));
        let hash = name(&one, "192.0.2.7");
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(hash, name(&two, "192.0.2.7"));
        assert_eq!(hash, name(&one, "::ffff:192.0.2.7"), "the same client over an IPv6 socket");
        assert_ne!(hash, name(&one, "192.0.2.8"));
        assert_ne!(hash, name(&clients(""), "192.0.2.7"), "a key that was drawn is another");
    }

    #[test]
    fn a_client_is_a_network_where_addresses_are_cheap() {
        let hash = clients("key: { env: KEY }");
        assert_eq!(name(&hash, "2001:db8::1"), name(&hash, "2001:db8::ffff:1"));
        assert_ne!(name(&hash, "2001:db8::1"), name(&hash, "2001:db8:0:1::1"));
        let cidr = clients("by: cidr, ipv4: 16, ipv6: 48");
        assert_eq!(name(&cidr, "192.0.2.7"), "192.0.0.0/16");
        assert_eq!(name(&cidr, "2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
