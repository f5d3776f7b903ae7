//! What one request, or one client, shows.

use std::net::IpAddr;

use super::agent::Agents;
use super::event::{Kind, Kinds};
use super::signature::Signatures;
use super::text::{layers, parameters, split};
use super::traversal::climbs;
use crate::config::Severity;
use crate::config::security::Detectors;

/// The detectors of one configuration, compiled. Compiling takes tens of milliseconds, so build one and share it; a
/// judgement takes a microsecond or so, and time linear in what is judged.
pub struct Detector {
    detectors: Detectors,
    signatures: Signatures,
    agents: Agents,
}

impl Detector {
    /// What is off in `detectors` is never found.
    pub fn new(detectors: &Detectors) -> Self {
        let agents = detectors.scanner.as_ref().map_or(&[][..], |scanner| &scanner.agents);
        Self { detectors: detectors.clone(), signatures: Signatures::new(), agents: Agents::new(agents) }
    }

    /// How severe a kind of event is, or `None` where it is off.
    pub fn severity(&self, kind: Kind) -> Option<Severity> {
        kind.severity(&self.detectors)
    }

    /// What a request target (as it stands in the request line, at most 8 KiB of it) shows. `status` is that of the response:
    /// a probe for a file counts only where the gateway has no such file (4xx).
    pub fn target(&self, target: &[u8], status: u16) -> Kinds {
        let mut kinds = Kinds::default();
        let (path, query) = split(target);
        if climbs(path) {
            kinds.insert(Kind::PathTraversal);
        }
        layers(path, false, |text| self.signatures.path(text, (400..500).contains(&status), &mut kinds));
        for parameter in parameters(query) {
            layers(parameter, true, |text| self.signatures.value(text, &mut kinds));
        }
        self.enabled(kinds)
    }

    /// What a `User-Agent` shows: a scanner by its name, or an attack on whatever logs it.
    pub fn agent(&self, agent: &[u8]) -> Kinds {
        let mut kinds = self.header(agent);
        kinds.extend(self.agents.is_scanner(agent).then_some(Kind::Scanner));
        self.enabled(kinds)
    }

    /// What the value of another header shows (`Referer`, `X-Forwarded-For`, `X-Api-Version`): an attack on whatever logs it.
    pub fn header(&self, value: &[u8]) -> Kinds {
        let mut kinds = Kinds::default();
        self.signatures.header(&value[..value.len().min(1024)], &mut kinds);
        self.enabled(kinds)
    }

    /// Whether a client comes from a network that is denied.
    pub fn is_denied(&self, client: IpAddr) -> bool {
        // A client that came over an IPv6 socket is meant by IPv4 networks all the same.
        let client = client.to_canonical();
        self.detectors
            .denied_network
            .as_ref()
            .is_some_and(|denied| denied.networks.iter().any(|net| net.contains(&client)))
    }

    /// Whether a WebSocket handshake comes from a page of another origin: its `Origin` names another host than its `Host`
    /// does, and is not one that the configuration allows. Programs send no origin; pages without one say `null`.
    pub fn crosses_origin(&self, origin: Option<&[u8]>, host: &[u8]) -> bool {
        let (Some(rule), Some(origin)) = (&self.detectors.websocket_origin, origin) else { return false };
        let scheme = origin.windows(3).position(|at| at == b"://");
        let named = scheme.map_or(origin, |at| &origin[at + 3..]);
        let same = without_port(named, scheme.map(|at| &origin[..at])).eq_ignore_ascii_case(without_port(host, None));
        let allowed = rule.allow.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin));
        !same && !allowed
    }

    fn enabled(&self, kinds: Kinds) -> Kinds {
        kinds.only(|kind| self.severity(kind).is_some())
    }
}

/// An authority without the port that its scheme has by itself; any of the two where the scheme is not known.
fn without_port<'a>(authority: &'a [u8], scheme: Option<&[u8]>) -> &'a [u8] {
    let usual: &[&[u8]] = match scheme {
        Some(b"http" | b"ws") => &[b":80"],
        Some(b"https" | b"wss") => &[b":443"],
        _ => &[b":80", b":443"],
    };
    usual.iter().find_map(|port| authority.strip_suffix(*port)).unwrap_or(authority)
}
