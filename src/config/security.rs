//! `security:`: logins, limits and what looks like an attack. It detects and never rejects.

use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;

use super::alerting::Severity;
use super::quantity::{as_text, duration_in};
use super::read::{Keys, Node};
use super::routes::{Pattern, patterns};
use super::scalar::{flag, header_name, network, one_of, text, whole};
use super::secret::Secret;
use super::upstream::origin;

/// Logins, limits and what looks like an attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Security {
    /// Endpoints where people log in.
    pub login: Vec<Pattern>,
    /// Families of headers that tell a rate limit, lower case: `x-ratelimit` stands for `x-ratelimit-limit` and the like.
    pub rate_limit_headers: Vec<String>,
    /// How clients are told apart without naming them.
    pub clients: Clients,
    /// What looks like an attack.
    pub detectors: Detectors,
}

/// How clients are told apart without naming them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clients {
    /// What stands for a client in a label.
    pub by: ClientBy,
    /// Bits of an IPv4 address that count, where `by` is `cidr`.
    pub ipv4: u8,
    /// Bits of an IPv6 address that count; a client is a network here, in any case.
    pub ipv6: u8,
    /// Proxies in front of us that tell the client in `X-Forwarded-For`; what others write there is not believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Clients with a label of their own; the rest is `other`.
    pub top: usize,
    /// The key of the hash; a random one per start when absent, so that labels differ between pods and starts.
    pub key: Option<Secret>,
}

/// What stands for a client in a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientBy {
    /// A keyed hash of its address.
    Hash,
    /// The network it is in.
    Cidr,
}

/// Each detector, or `None` where it is off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detectors {
    /// Many failed logins of one client.
    pub brute_force: Option<BruteForce>,
    /// `../` in path or query, in any encoding.
    pub path_traversal: Option<Severity>,
    /// SQL, script, command or template code in path or query.
    pub injection: Option<Severity>,
    /// Tools that look for holes.
    pub scanner: Option<Scanner>,
    /// Bytes that begin like HTTP and are not.
    pub malformed_request: Option<Severity>,
    /// Heads beyond what is observed.
    pub oversize_head: Option<Severity>,
    /// A WebSocket handshake from a page of another origin.
    pub websocket_origin: Option<WebsocketOrigin>,
    /// Both Content-Length and Transfer-Encoding, or several lengths.
    pub request_smuggling: Option<Severity>,
    /// TLS on a port that does not speak it.
    pub tls_on_plain_port: Option<Severity>,
    /// A client from a network that should not come here.
    pub denied_network: Option<DeniedNetwork>,
}

/// When failed logins become an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BruteForce {
    /// How bad it is.
    pub severity: Severity,
    /// How many failures of one client.
    pub failures: usize,
    /// In how long.
    #[serde(serialize_with = "as_text")]
    pub window: Duration,
}

/// Which tools.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scanner {
    /// How bad it is.
    pub severity: Severity,
    /// Parts of a user agent, lower case, besides those we know.
    pub agents: Vec<String>,
}

/// Which origins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebsocketOrigin {
    /// How bad it is.
    pub severity: Severity,
    /// Origins besides the host itself: `https://app.example.com`.
    pub allow: Vec<String>,
}

/// Which networks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeniedNetwork {
    /// How bad it is.
    pub severity: Severity,
    /// The networks.
    pub networks: Vec<IpNet>,
}

impl Security {
    pub(super) fn read(node: &Node<'_>) -> Self {
        let login = ["/login", "/api/v1/auth/login"];
        let headers = ["ratelimit", "x-ratelimit"];
        node.map(|keys| Self {
            login: patterns(&keys.key("login")).unwrap_or_else(|| login.map(Pattern::of).to_vec()),
            rate_limit_headers: keys
                .key("rate_limit_headers")
                .list(|item| item.get(header_name))
                .unwrap_or_else(|| headers.map(str::to_owned).to_vec()),
            clients: keys.key("clients").map(|keys| Clients {
                by: keys
                    .key("by")
                    .get(one_of(&[("hash", ClientBy::Hash), ("cidr", ClientBy::Cidr)]))
                    .unwrap_or(ClientBy::Hash),
                ipv4: keys.key("ipv4").get(bits(32)).unwrap_or(24),
                ipv6: keys.key("ipv6").get(bits(128)).unwrap_or(64),
                trusted_proxies: keys.key("trusted_proxies").list(|item| item.get(network)).unwrap_or_default(),
                top: keys.key("top").get(whole(1..=10_000)).unwrap_or(100),
                key: Secret::read(&keys.key("key")),
            }),
            detectors: keys.key("detectors").map(Detectors::read),
        })
    }
}

impl Detectors {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            brute_force: detector(&keys.key("brute_force"), Severity::High, |severity, keys| BruteForce {
                severity,
                failures: keys.key("failures").get(whole(2..=100_000)).unwrap_or(10),
                window: keys
                    .key("window")
                    .get(duration_in(Duration::from_secs(1)..=Duration::from_secs(86_400)))
                    .unwrap_or(Duration::from_secs(300)),
            }),
            path_traversal: detector(&keys.key("path_traversal"), Severity::High, |severity, _| severity),
            injection: detector(&keys.key("injection"), Severity::High, |severity, _| severity),
            scanner: detector(&keys.key("scanner"), Severity::Medium, |severity, keys| Scanner {
                severity,
                agents: lower(&keys.key("agents")),
            }),
            malformed_request: detector(&keys.key("malformed_request"), Severity::Low, |severity, _| severity),
            oversize_head: detector(&keys.key("oversize_head"), Severity::Low, |severity, _| severity),
            websocket_origin: detector(&keys.key("websocket_origin"), Severity::Medium, |severity, keys| {
                let allow = keys.key("allow").list(|item| item.get(origin)).unwrap_or_default();
                WebsocketOrigin { severity, allow }
            }),
            request_smuggling: detector(&keys.key("request_smuggling"), Severity::Critical, |severity, _| severity),
            tls_on_plain_port: detector(&keys.key("tls_on_plain_port"), Severity::Info, |severity, _| severity),
            denied_network: detector(&keys.key("denied_network"), Severity::High, |severity, keys| DeniedNetwork {
                severity,
                networks: keys.key("networks").list(|item| item.get(network)).unwrap_or_default(),
            }),
        }
    }
}

/// `{ enabled, severity, … }`.
fn detector<'a, T>(node: &Node<'a>, usual: Severity, read: impl FnOnce(Severity, &mut Keys<'a>) -> T) -> Option<T> {
    node.map(|keys| {
        let enabled = keys.key("enabled").get(flag).unwrap_or(true);
        let severity = keys.key("severity").get(Severity::parse).unwrap_or(usual);
        let detector = read(severity, keys);
        enabled.then_some(detector)
    })
}

fn lower(node: &Node<'_>) -> Vec<String> {
    node.list(|item| item.get(text).map(|text| text.to_lowercase())).unwrap_or_default()
}

fn bits(most: u8) -> impl Fn(&super::yaml::Yaml) -> Result<u8, String> {
    move |value| whole(1..=usize::from(most))(value).and_then(|bits| u8::try_from(bits).map_err(|e| e.to_string()))
}
