//! What stands in the way of a sidecar, and what the configuration decides about it.

use super::super::annotation as is;
use super::super::gateway::Gateway;
use super::super::settings::{Defaults, User, Wishes, settle};
use super::super::sidecar::{CONTAINER, REDIRECT, UID};
use super::super::workload;
use serde_json::Value;
use std::collections::HashSet;

/// Where the sidecar takes what was meant for the gateway; away from the ports that gateways have.
pub(super) const INGRESS: u16 = 15080;
/// As in agent.yaml.
pub(super) const ADMIN: u16 = 9600;

/// What ports the sidecar has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) ingress: u16,
    pub(super) admin: u16,
    /// How the kubelet asks the admin port.
    pub(super) probes: Option<&'static str>,
    /// How a scraper does.
    pub(super) scheme: &'static str,
}

/// Why a pod cannot have a sidecar, whatever its ports are.
pub(super) fn obstacle(pod: &Value, wishes: &Wishes, plain: bool) -> Option<String> {
    let spec = &pod["spec"];
    if spec["hostNetwork"] == true && !wishes.redirect.ingress {
        return Some("hostNetwork: its ports are the node's, and its clients would pass a sidecar by".to_owned());
    }
    if spec["hostNetwork"] == true {
        return Some("hostNetwork: the rules of a redirect would be the whole node's".to_owned());
    }
    let is_windows = |value: &Value| value == "windows";
    if is_windows(&spec["os"]["name"]) || is_windows(&spec["nodeSelector"]["kubernetes.io/os"]) {
        return Some("Outrider does not run on Windows".to_owned());
    }
    if plain && workload::ends(pod) {
        return Some("its pods are to end, and an ordinary container would keep them: leave out --plain".to_owned());
    }
    let named = |name: &str| names(pod).any(|other| other == name);
    [CONTAINER, REDIRECT].into_iter().find(|name| named(name)).map(|name| {
        format!("it has a container `{name}` that `outrider inject` did not put there; rename it, or take it out")
    })
}

impl Ports {
    /// The ports, as the sidecar will read its configuration. Faults name what contradicts what.
    pub(super) fn settle(
        pod: &Value,
        wishes: &Wishes,
        gateway: &Gateway,
        defaults: &Defaults,
        variables: &[(&'static str, String)],
    ) -> Result<Self, Vec<String>> {
        let config = settle(defaults, variables);
        let config = config
            .map_err(|errors| errors.iter().map(|fault| format!("its configuration: {fault}")).collect::<Vec<_>>())?;
        let listen: Vec<u16> = config.ingress.listen.iter().map(std::net::SocketAddr::port).collect();
        let admin = config.admin.listen.port();
        let mut faults = Vec::new();
        let at = config.ingress.gateway.at.to_string();
        if config.ingress.gateway.at.port != gateway.port {
            faults.push(format!(
                "ingress.gateway of the configuration is {at}, and the gateway's port is {}",
                gateway.port
            ));
        }
        let ingress = wishes.port.unwrap_or(listen[0]);
        if !listen.contains(&ingress) {
            faults.push(format!(
                "{}: the configuration listens on {} and not on {ingress}",
                is::key(is::PORT),
                listen[0]
            ));
        }
        if wishes.admin_port.is_some_and(|wanted| wanted != admin) {
            faults.push(format!("{}: admin.listen of the configuration has port {admin}", is::key(is::ADMIN_PORT)));
        }
        let taken = declared(pod);
        for (port, key) in [(ingress, is::PORT), (admin, is::ADMIN_PORT)] {
            if taken.contains(&port) {
                faults.push(format!("port {port} is one of the pod's own; choose another by {}", is::key(key)));
            }
        }
        let tls = config.admin.tls.as_ref();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let probes = tls.is_none_or(|tls| tls.client_ca.is_none()).then_some(scheme);
        if faults.is_empty() { Ok(Self { ingress, admin, probes, scheme }) } else { Err(faults) }
    }
}

/// Whom the sidecar runs as.
pub(super) fn user(pod: &Value, wishes: &Wishes, gateway: &Gateway) -> Result<User, Vec<String>> {
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let container = containers.iter().find(|container| container["name"] == *gateway.container);
    let of = |value: &Value| value["securityContext"]["runAsUser"].as_u64().and_then(|id| u32::try_from(id).ok());
    let theirs = container.and_then(of).or_else(|| of(&pod["spec"]));
    // Root sees all processes as any user sees its own, and is not worth it.
    let shared = theirs.filter(|id| wishes.share && *id != 0 && !wishes.redirect.egress).map(User::Id);
    let user = wishes.user.or(shared).unwrap_or(User::Id(UID));
    if wishes.redirect.egress {
        let key = is::key(is::USER);
        if user == User::Any {
            return Err(vec![format!("{key}: a redirect of egress exempts one user, who must be known")]);
        }
        if theirs.map(User::Id) == Some(user) {
            return Err(vec![format!(
                "{key}: the gateway's own user cannot be exempt from a redirect of egress; choose another"
            )]);
        }
    }
    Ok(user)
}

/// The names of all containers.
fn names(pod: &Value) -> impl Iterator<Item = &str> {
    let lists = ["containers", "initContainers"].into_iter().filter_map(|key| pod["spec"][key].as_array());
    lists.flatten().filter_map(|container| container["name"].as_str())
}

/// The ports that containers say they listen on.
fn declared(pod: &Value) -> HashSet<u16> {
    let lists = ["containers", "initContainers"].into_iter().filter_map(|key| pod["spec"][key].as_array());
    let ports = lists.flatten().filter_map(|container| container["ports"].as_array()).flatten();
    ports.filter_map(|port| u16::try_from(port["containerPort"].as_u64()?).ok()).collect()
}
