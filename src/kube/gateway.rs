//! The container and the port that Outrider stands in front of.

use super::annotation as is;
use super::settings::Wishes;
use serde_json::Value;

/// Where the gateway listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gateway {
    /// The container's name.
    pub(super) container: String,
    /// The port's place among those that the container declares; `None` where it declares none.
    pub(super) place: Option<usize>,
    pub(super) port: u16,
    /// The port's name.
    pub(super) name: Option<String>,
    /// Other ports of the pod, as `name 9000`: what comes in there passes us by.
    pub(super) others: Vec<String>,
}

/// Names that ports of gateways have, the likeliest first.
const NAMES: [&str; 6] = ["http", "web", "proxy", "api", "h2c", "grpc"];
/// What a port's name says that is not the gateway's.
const ASIDE: [&str; 9] = ["metrics", "admin", "health", "prom", "monitor", "probe", "debug", "status", "mgmt"];

/// A TCP port that a container declares.
struct Port {
    container: String,
    place: usize,
    number: u16,
    name: Option<String>,
}

impl Gateway {
    /// Finds it in a pod, by what the pod says or by what its ports are called. The message says what to add.
    pub(super) fn find(pod: &Value, wishes: &Wishes) -> Result<Self, String> {
        let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let name = |container: &Value| container["name"].as_str().unwrap_or_default().to_owned();
        let mut ports: Vec<Port> =
            containers.iter().flat_map(|container| declared(container, &name(container))).collect();
        if let Some(wanted) = &wishes.container {
            if !containers.iter().any(|container| name(container) == *wanted) {
                let names: Vec<String> = containers.iter().map(name).collect();
                let key = is::key(is::CONTAINER);
                return Err(format!("{key}: there is no container `{wanted}`; there are {}", names.join(", ")));
            }
            ports.retain(|port| port.container == *wanted);
        }
        let chosen = match &wishes.gateway_port {
            Some(wanted) => by_wish(&ports, wanted),
            None => by_name(&ports)?,
        };
        if let Some(at) = chosen {
            let chosen = ports.swap_remove(at);
            let others = ports.iter().map(|port| format!("{} {}", port.name.as_deref().unwrap_or("port"), port.number));
            let mut others: Vec<String> = others.collect();
            others.sort();
            let Port { container, place, number, name } = chosen;
            return Ok(Self { container, place: Some(place), port: number, name, others });
        }
        // A port need not be declared to be listened on.
        let number = wishes.gateway_port.as_deref().and_then(|wanted| wanted.parse().ok());
        let container = wishes.container.clone().or_else(|| match containers {
            [only] => Some(name(only)),
            _ => None,
        });
        match (number, container) {
            (Some(port), Some(container)) => Ok(Self { container, place: None, port, name: None, others: Vec::new() }),
            (Some(_), None) => Err(format!("no container declares that port; name one by {}", is::key(is::CONTAINER))),
            (None, _) => {
                let wanted = wishes.gateway_port.as_deref().unwrap_or_default();
                Err(format!("{}: no container has a TCP port `{wanted}`", is::key(is::GATEWAY_PORT)))
            }
        }
    }
}

fn declared(container: &Value, name: &str) -> Vec<Port> {
    let ports = container["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let port = |(place, port): (usize, &Value)| {
        let is_tcp = port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP");
        let number = u16::try_from(port["containerPort"].as_u64()?).ok().filter(|_| is_tcp)?;
        Some(Port { container: name.to_owned(), place, number, name: port["name"].as_str().map(str::to_owned) })
    };
    ports.iter().enumerate().filter_map(port).collect()
}

fn by_wish(ports: &[Port], wanted: &str) -> Option<usize> {
    ports.iter().position(|port| port.name.as_deref() == Some(wanted) || port.number.to_string() == wanted)
}

fn by_name(ports: &[Port]) -> Result<Option<usize>, String> {
    let named = |port: &Port| port.name.clone().unwrap_or_default();
    let is_aside = |port: &Port| ASIDE.iter().any(|word| named(port).contains(word));
    let likely: Vec<usize> = (0..ports.len()).filter(|at| !is_aside(&ports[*at])).collect();
    let advice = format!("name the gateway's by {}", is::key(is::GATEWAY_PORT));
    for known in NAMES {
        if let Some(at) = likely.iter().find(|at| named(&ports[**at]) == known) {
            return Ok(Some(*at));
        }
    }
    let begin = |at: &&usize| NAMES.iter().any(|known| named(&ports[**at]).starts_with(&format!("{known}-")));
    let beginning: Vec<usize> = likely.iter().filter(begin).copied().collect();
    match (&beginning[..], &likely[..]) {
        ([at], _) | ([], [at]) => Ok(Some(*at)),
        ([], []) => Err(format!("no container declares a TCP port for traffic; {advice}")),
        (some, all) => {
            let some = if some.is_empty() { all } else { some };
            let list: Vec<String> =
                some.iter().map(|at| format!("{} {}", named(&ports[*at]), ports[*at].number)).collect();
            Err(format!("it has several ports ({}); {advice}", list.join(", ").replace("  ", " ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Defaults;
    use super::*;
    use serde_json::json;

    fn find(containers: Value, annotations: Value) -> Result<(String, u16, Option<usize>), String> {
        let defaults = Defaults { image: String::new(), redirect_image: String::new(), plain: false, config: None };
        let wishes = Wishes::read(annotations.as_object(), &defaults).expect("good annotations");
        let found = Gateway::find(&json!({ "spec": { "containers": containers } }), &wishes)?;
        Ok((found.container, found.port, found.place))
    }

    fn kong() -> Value {
        json!([
            { "name": "ingress-controller", "ports": [{ "name": "webhook", "containerPort": 8080 }, { "name": "cmetrics", "containerPort": 10255 }] },
            { "name": "proxy", "ports": [{ "name": "admin-tls", "containerPort": 8444 }, { "name": "proxy", "containerPort": 8000, "protocol": "TCP" },
                { "name": "proxy-tls", "containerPort": 8443 }, { "name": "stream", "containerPort": 9000, "protocol": "UDP" }, { "name": "status", "containerPort": 8100 }] },
        ])
    }

    #[test]
    fn the_port_is_found_by_what_it_is_called() {
        assert_eq!(find(kong(), json!({})), Ok(("proxy".to_owned(), 8000, Some(1))));
        let only = json!([{ "name": "a", "ports": [{ "containerPort": 80 }] }, { "name": "log" }]);
        assert_eq!(find(only, json!({})), Ok(("a".to_owned(), 80, Some(0))));
        let prefixed = json!([{ "name": "a", "ports": [{ "name": "http-metrics", "containerPort": 1 }, { "name": "http-main", "containerPort": 2 }] }]);
        assert_eq!(find(prefixed, json!({})), Ok(("a".to_owned(), 2, Some(1))));
    }

    #[test]
    fn what_the_pod_says_goes_before() {
        for wanted in ["8443", "proxy-tls"] {
            assert_eq!(
                find(kong(), json!({ "outrider.dev/gateway-port": wanted })),
                Ok(("proxy".to_owned(), 8443, Some(2)))
            );
        }
        let undeclared = json!([{ "name": "a" }]);
        assert_eq!(find(undeclared, json!({ "outrider.dev/gateway-port": "8000" })), Ok(("a".to_owned(), 8000, None)));
    }

    #[test]
    fn what_cannot_be_told_says_what_to_add() {
        let two = json!([{ "name": "a", "ports": [{ "name": "one", "containerPort": 1 }, { "containerPort": 2 }] }]);
        assert_eq!(
            find(two, json!({})),
            Err("it has several ports (one 1, 2); name the gateway's by outrider.dev/gateway-port".to_owned())
        );
        let none = json!([{ "name": "a", "ports": [{ "name": "metrics", "containerPort": 1 }] }]);
        assert!(find(none, json!({})).is_err_and(|error| error.starts_with("no container declares a TCP port")));
        let gone = find(kong(), json!({ "outrider.dev/gateway-container": "kong" }));
        assert!(
            gone.is_err_and(
                |error| error.ends_with("there is no container `kong`; there are ingress-controller, proxy")
            )
        );
        let unknown = find(kong(), json!({ "outrider.dev/gateway-port": "https" }));
        assert_eq!(unknown, Err("outrider.dev/gateway-port: no container has a TCP port `https`".to_owned()));
    }
}
