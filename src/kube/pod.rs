//! A pod with the sidecar: what reaches the gateway from outside reaches Outrider, and what belongs to the gateway itself (its
//! probes, its hooks) still reaches the gateway.
//!
//! The name of the gateway's port stays where it is, in the list of the gateway's container, and its number becomes ours: all
//! containers share one network, and before Kubernetes 1.33 Services do not look for names in native sidecars.
//!
//! - `checks`: what stands in the way, and what the configuration decides
//! - `scrape`: who is told about metrics

mod checks;
mod scrape;

use super::annotation::{self as is, INJECTED};
use super::edit::{self, Edits};
use super::gateway::Gateway;
use super::settings::{Defaults, User, Wishes};
use super::sidecar::{self, Sidecar};
use super::workload::Name;
use checks::Ports;
use serde_json::{Value, json};

/// What became of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has a sidecar now.
    Injected(Injected),
    /// It is as it was, and why.
    Skipped(String),
}

/// What a sidecar did to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// Where the gateway listens, and where its clients are to go; `None` where the kernel leads them.
    pub moved: Option<(u16, u16)>,
    /// The moved port's name.
    pub(super) port_name: Option<String>,
    /// In one line, for people.
    pub said: String,
    /// What they should know besides.
    pub notes: Vec<String>,
}

/// Puts the sidecar into `pod`, which has none. Nothing is altered if there is a fault, or a reason to pass it over.
pub(super) fn inject(pod: &mut Value, name: &Name, defaults: &Defaults) -> Result<Outcome, Vec<String>> {
    let wishes = Wishes::read(edit::annotations(pod), defaults)?;
    if wishes.inject == Some(false) {
        return Ok(Outcome::Skipped(format!("{} is disabled", is::key(is::INJECT))));
    }
    let found = checks::obstacle(pod, &wishes, defaults.plain).map_or_else(|| Gateway::find(pod, &wishes), Err);
    let gateway = match found {
        Ok(gateway) => gateway,
        // Who asked for a sidecar by name is not to go without one unawares.
        Err(reason) if wishes.inject.is_some() || wishes.gateway_port.is_some() => return Err(vec![reason]),
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let scrape = scrape::Scrape::read(pod, &wishes, &gateway);
    let variables = variables(name, &wishes, &gateway, scrape.merge.as_deref());
    let ports = Ports::settle(pod, &wishes, &gateway, defaults, &variables)?;
    let user = checks::user(pod, &wishes, &gateway)?;

    let sidecar = Sidecar {
        wishes: &wishes,
        plain: defaults.plain,
        user,
        variables,
        admin_port: ports.admin,
        probes: ports.probes,
        memory_of: limit_of_memory(pod, &gateway.container).then(|| gateway.container.clone()),
        grace: pod["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30),
    };
    let mut injected = Injected {
        moved: (!wishes.redirect.ingress).then_some((gateway.port, ports.ingress)),
        port_name: gateway.name.clone(),
        said: said(&wishes, &gateway, &ports),
        notes: notes(&wishes, &gateway, &user),
    };
    let mut edits = Edits::to(pod);
    edits.set(&["metadata", "labels", INJECTED], "true");
    injected.notes.extend(scrape.apply(&mut edits, &ports));
    if injected.moved.is_some() {
        move_port(&mut edits, &gateway, ports.ingress);
    }
    insert(&mut edits, &sidecar);
    edits.keep();
    Ok(Outcome::Injected(injected))
}

/// Takes the sidecar out again; whether there was one.
pub(super) fn uninject(pod: &mut Value) -> Result<bool, String> {
    edit::take_back(pod)
}

/// What the sidecar is told where its configuration says nothing.
fn variables(name: &Name, wishes: &Wishes, gateway: &Gateway, merge: Option<&str>) -> Vec<(&'static str, String)> {
    let port = wishes.port.unwrap_or(checks::INGRESS);
    let service = wishes.service.clone().unwrap_or_else(|| name.name.trim_end_matches('-').to_owned());
    let resource = format!(
        "k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),k8s.container.name={}",
        gateway.container
    );
    let mut variables = vec![
        ("OTEL_SERVICE_NAME", service),
        ("OTEL_RESOURCE_ATTRIBUTES", resource),
        ("OUTRIDER_INGRESS_LISTEN", format!("0.0.0.0:{port}")),
        ("OUTRIDER_INGRESS_GATEWAY", format!("127.0.0.1:{}", gateway.port)),
        ("OUTRIDER_ADMIN_LISTEN", format!("0.0.0.0:{}", wishes.admin_port.unwrap_or(checks::ADMIN))),
    ];
    if wishes.redirect.ingress {
        variables.push(("OUTRIDER_INGRESS_REDIRECT", "0.0.0.0:15007".to_owned()));
    }
    if wishes.redirect.egress {
        variables.push(("OUTRIDER_EGRESS_REDIRECT", "127.0.0.1:15006".to_owned()));
    }
    if let Some(url) = merge {
        variables.push(("OUTRIDER_METRICS_MERGE", url.to_owned()));
    }
    variables
}

fn move_port(edits: &mut Edits<'_>, gateway: &Gateway, to: u16) {
    let container = format!("={}", gateway.container);
    if let Some(place) = gateway.place {
        edits.set(&["spec", "containers", &container, "ports", &place.to_string(), "containerPort"], to);
    }
    let Some(name) = &gateway.name else { return };
    // What the kubelet asks the gateway itself must not come to ask us.
    let hooks = [
        &["livenessProbe"][..],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    for hook in hooks {
        for kind in ["httpGet", "tcpSocket"] {
            let path = [&["spec", "containers", &container], hook, &[kind, "port"]].concat();
            if edits.get(&path).is_some_and(|port| port == name) {
                edits.set(&path, gateway.port);
            }
        }
    }
}

fn insert(edits: &mut Edits<'_>, sidecar: &Sidecar<'_>) {
    if sidecar.wishes.share {
        edits.set(&["spec", "shareProcessNamespace"], true);
    }
    let redirects = sidecar.wishes.redirect.any();
    // Init containers of others may need the network: with a native sidecar it is there before them, otherwise it is not until
    // all of them are done.
    match sidecar.plain {
        true => {
            if redirects {
                edits.insert(&["spec", "initContainers"], None, sidecar.redirect());
            }
            edits.insert(&["spec", "containers"], None, sidecar.container());
        }
        false => {
            edits.insert(&["spec", "initContainers"], Some(0), sidecar.container());
            if redirects {
                edits.insert(&["spec", "initContainers"], Some(0), sidecar.redirect());
            }
        }
    }
    for volume in sidecar.volumes() {
        edits.insert(&["spec", "volumes"], None, volume);
    }
}

fn limit_of_memory(pod: &Value, container: &str) -> bool {
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    containers.iter().any(|each| each["name"] == container && !each["resources"]["limits"]["memory"].is_null())
}

fn said(wishes: &Wishes, gateway: &Gateway, ports: &Ports) -> String {
    let name = gateway.name.as_ref().map_or_else(|| "port".to_owned(), |name| format!("port {name}"));
    let way = match wishes.redirect.ingress {
        true => format!("{name} {} is led to it by the kernel", gateway.port),
        false => format!("{name} {} is now {}", gateway.port, ports.ingress),
    };
    format!("injected beside {}: {way}, admin port {}", gateway.container, ports.admin)
}

fn notes(wishes: &Wishes, gateway: &Gateway, user: &User) -> Vec<String> {
    let mut notes = Vec::new();
    if !gateway.others.is_empty() {
        notes.push(format!("what comes in at other ports passes it by: {}", gateway.others.join(", ")));
    }
    if wishes.share && *user == User::Id(sidecar::UID) {
        notes.push(format!(
            "processes are shared, but the gateway's user is not known, and only the same user sees its descriptors: set {}",
            is::key(is::USER)
        ));
    }
    notes
}

/// The label by which injected pods are selected.
pub(super) fn is_injected(pod: &Value) -> bool {
    pod["metadata"]["labels"][INJECTED] == json!("true")
}
