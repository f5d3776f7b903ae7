//! `services:`: what the gateway calls, and how those calls are judged.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::egress::Destination;
use super::health::HealthCheck;
use super::quantity::{as_text, duration_in};
use super::read::{Keys, Node, Unique};
use super::routes::{Pattern, patterns};
use super::scalar::{address, header_name, number, one_of, positive, regex, text};
use super::status::StatusSet;
use super::tls::ClientTls;
use super::upstream::{HostPort, endpoint};

/// A service that the gateway calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Its `service` label; unique, and never `other`.
    pub name: String,
    /// Where it is.
    pub address: HostPort,
    /// Set when it is reached over TLS.
    pub tls: Option<ClientTls>,
    /// How its name becomes addresses.
    pub discovery: Discovery,
    /// More names and networks that its calls go to; those of `address` count in any case.
    pub hosts: Vec<Destination>,
    /// A local port just for this service.
    pub listen: Option<SocketAddr>,
    /// Endpoints of the gateway that fail with it, where its calls themselves are not seen.
    pub routes: Vec<Pattern>,
    /// Active checks of its addresses.
    pub health_check: Option<HealthCheck>,
    /// How its calls are judged.
    pub circuit_breaker: CircuitBreaker,
    /// How the gateway shows that its own breaker rejected a call.
    pub breaker_signature: Option<BreakerSignature>,
}

/// How a name becomes addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Discovery {
    /// A and AAAA records, asked again when they expire.
    Dns,
    /// SRV records; they give the ports too.
    Srv,
    /// EndpointSlices of the Kubernetes service of that name.
    Kubernetes,
}

/// When a breaker opens and closes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CircuitBreaker {
    /// Whether it only tells or also acts.
    pub mode: BreakerMode,
    /// Share of failures in the window that opens it, above 0 and up to 1.
    pub failure_rate: f64,
    /// Failures in a row that open it.
    pub consecutive_failures: NonZeroUsize,
    /// Calls in the window below which the rate says nothing.
    pub min_requests: NonZeroUsize,
    /// How far back the rate looks.
    #[serde(serialize_with = "as_text")]
    pub window: Duration,
    /// How long it stays open before it lets probes through.
    #[serde(serialize_with = "as_text")]
    pub open_for: Duration,
    /// Probes at once while half open; as many successes close it.
    pub half_open_max: NonZeroUsize,
    /// Answers that count as failures; a timeout or a failed connection always does.
    pub failures: StatusSet,
    /// An answer that the gateway waited for this long, and no longer, is a timeout; one that it left sooner was cancelled.
    #[serde(serialize_with = "as_text")]
    pub patience: Duration,
}

/// Whether a breaker acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BreakerMode {
    /// It tells what it would have done.
    Observe,
    /// It rejects calls while open.
    Enforce,
}

/// An answer of the gateway that means: my breaker for this service is open. What is set must all hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BreakerSignature {
    /// A header of the response.
    pub header: Option<String>,
    /// What that header must match, a regular expression; anything when absent.
    pub value: Option<String>,
    /// The answer's status.
    pub status: Option<StatusSet>,
    /// A regular expression that the body must match.
    pub body: Option<String>,
}

/// All services; their names are unique.
pub(super) fn read(node: &Node<'_>) -> Vec<Service> {
    let mut names = Unique::default();
    node.list(|item| item.map(|keys| service(keys, &mut names))).unwrap_or_default()
}

fn service(keys: &mut Keys<'_>, names: &mut Unique) -> Option<Service> {
    let (name_node, address_node, ca) = (keys.key("name"), keys.key("address"), keys.key("ca"));
    let name = name_node.need(text);
    if let Some(name) = &name {
        names.take(&name_node, name);
        if name == "other" {
            name_node.fault("`other` is the name of all hosts that are no service of this list");
        }
    }
    let discovery = keys.key("discovery").get(one_of(&[
        ("dns", Discovery::Dns),
        ("srv", Discovery::Srv),
        ("kubernetes", Discovery::Kubernetes),
    ]));
    let endpoint = address_node.need(endpoint);
    let trust = ClientTls::read(&ca, endpoint.as_ref().is_none_or(|(_, tls)| *tls), "address");
    let hosts = keys.key("hosts").list(|item| item.get(super::egress::destination)).unwrap_or_default();
    let listen = keys.key("listen").get(address);
    let routes = patterns(&keys.key("routes")).unwrap_or_default();
    let health_check = HealthCheck::read(&keys.key("health_check"));
    let circuit_breaker = CircuitBreaker::read(&keys.key("circuit_breaker"));
    let breaker_signature = BreakerSignature::read(&keys.key("breaker_signature"));
    let (address, tls) = endpoint?;
    Some(Service {
        name: name?,
        address,
        tls: tls.then_some(trust),
        discovery: discovery.unwrap_or(Discovery::Dns),
        hosts,
        listen,
        routes,
        health_check,
        circuit_breaker,
        breaker_signature,
    })
}

impl CircuitBreaker {
    fn read(node: &Node<'_>) -> Self {
        const FIVE: NonZeroUsize = NonZeroUsize::new(5).expect("5 is not 0");
        const TWENTY: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not 0");
        let limits = Duration::from_secs(1)..=Duration::from_secs(3600);
        node.map(|keys| Self {
            mode: keys
                .key("mode")
                .get(one_of(&[("observe", BreakerMode::Observe), ("enforce", BreakerMode::Enforce)]))
                .unwrap_or(BreakerMode::Observe),
            failure_rate: keys.key("failure_rate").get(number(0.001..=1.0)).unwrap_or(0.5),
            consecutive_failures: keys.key("consecutive_failures").get(positive(10_000)).unwrap_or(FIVE),
            min_requests: keys.key("min_requests").get(positive(1_000_000)).unwrap_or(TWENTY),
            window: keys.key("window").get(duration_in(limits.clone())).unwrap_or(Duration::from_secs(30)),
            open_for: keys.key("open_for").get(duration_in(limits)).unwrap_or(Duration::from_secs(30)),
            half_open_max: keys.key("half_open_max").get(positive(1_000)).unwrap_or(NonZeroUsize::MIN),
            failures: StatusSet::read(&keys.key("failures")).unwrap_or_else(|| StatusSet::class(5)),
            patience: keys
                .key("patience")
                .get(duration_in(Duration::ZERO..=Duration::from_secs(3600)))
                .unwrap_or(Duration::from_secs(1)),
        })
    }
}

impl BreakerSignature {
    fn read(node: &Node<'_>) -> Option<Self> {
        node.optional(|keys| {
            let (header, value_node) = (keys.key("header").get(header_name), keys.key("value"));
            if header.is_none() && value_node.is_set() {
                value_node.fault("is what `header` must match, and there is no `header`");
            }
            let value = value_node.get(regex);
            let status = StatusSet::read(&keys.key("status"));
            let body = keys.key("body").get(regex);
            if header.is_none() && body.is_none() {
                node.fault("needs a `header` or a `body`: a status alone is no proof of a breaker");
            }
            Some(Self { header, value, status, body })
        })
    }
}
