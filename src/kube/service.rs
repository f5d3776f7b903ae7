//! Services whose clients would pass us by: those that name the gateway's port by its number.

use super::edit::{Edits, take_back};
use super::pod::Injected;
use super::workload::Name;
use serde_json::{Map, Value};

/// A pod of the same text that has a sidecar now.
pub(super) struct Target {
    pub(super) name: Name,
    pub(super) labels: Map<String, Value>,
    pub(super) injected: Injected,
}

/// Leads a Service to the sidecars of the pods that it selects; gives what was done and what could not be.
pub(super) fn redirect(service: &mut Value, name: &Name, targets: &[Target]) -> Result<Vec<String>, String> {
    let Some(selector) = service["spec"]["selector"].as_object().filter(|selector| !selector.is_empty()) else {
        return Ok(Vec::new());
    };
    let selected = |target: &&Target| {
        target.name.namespace == name.namespace
            && selector.iter().all(|(key, value)| target.labels.get(key) == Some(value))
    };
    let targets: Vec<&Target> = targets.iter().filter(selected).collect();
    let headless = service["spec"]["clusterIP"] == "None";
    let (mut said, mut moves) = (Vec::new(), Vec::new());
    let ports = service["spec"]["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (place, port) in ports.iter().enumerate() {
        // Without a target, the port is the target.
        let target = port.get("targetPort").filter(|target| !target.is_null()).unwrap_or(&port["port"]);
        let moved = |target_pod: &&Target| target_pod.injected.moved.filter(|(from, _)| target == from);
        let to: Vec<(&Target, u16)> =
            targets.iter().filter_map(|target| moved(target).map(|(_, to)| (*target, to))).collect();
        let Some((first, number)) = to.first() else { continue };
        if let Some((other, another)) = to.iter().find(|(_, other)| other != number) {
            return Err(format!(
                "it selects {} and {}, whose sidecars listen on {number} and {another}",
                first.name, other.name
            ));
        }
        if headless {
            said.push(format!(
                "it is headless: its clients connect to pods at port {target} itself and pass {} by; outrider.dev/redirect: ingress helps",
                first.name
            ));
        } else {
            said.push(format!("port {}: targetPort {target} is now {number}", port["port"]));
            moves.push((place, *number));
        }
    }
    let mut edits = Edits::to(service);
    for (place, number) in moves {
        edits.set(&["spec", "ports", &place.to_string(), "targetPort"], number);
    }
    edits.keep();
    Ok(said)
}

/// Takes that back; whether there was anything.
pub(super) fn restore(service: &mut Value) -> Result<bool, String> {
    take_back(service)
}

/// What a NetworkPolicy has against us: ports of the gateway by their numbers, which nobody connects to any more.
pub(super) fn policy(policy: &Value, name: &Name, targets: &[Target]) -> Vec<String> {
    let selector = policy["spec"]["podSelector"]["matchLabels"].as_object();
    let selected = |target: &&Target| {
        let labels = |(key, value): (&String, &Value)| target.labels.get(key) == Some(value);
        target.name.namespace == name.namespace && selector.is_none_or(|selector| selector.iter().all(labels))
    };
    let rules = policy["spec"]["ingress"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ports: Vec<&Value> = rules.iter().filter_map(|rule| rule["ports"].as_array()).flatten().collect();
    let moves = targets.iter().filter(selected).filter_map(|target| Some((target, target.injected.moved?)));
    let moves = moves.filter(|(_, (from, _))| ports.iter().any(|port| port["port"] == *from));
    moves
        .map(|(target, (from, to))| format!("lets port {from} of {} in, where {to} is needed now", target.name))
        .collect()
}
