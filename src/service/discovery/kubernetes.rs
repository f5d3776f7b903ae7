//! Addresses by the EndpointSlices of a Kubernetes service (`discovery.k8s.io/v1`), with the pod's own service account, which must
//! be allowed to `list` and `watch` them. `address` is `name`, `name.namespace` or a longer cluster name; its port is that of the
//! slice which has it, or the slice's only one.

use super::Found;
use crate::config::HostPort;
use reqwest::{Certificate, Client, Response};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// Where a pod finds what it needs to speak with its cluster.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long to wait for a change before all is listed again.
const WATCH: Duration = Duration::from_secs(240);
/// Between a list and the wait for its change: many changes come together.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the API server may take to begin an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Lists, and then waits for a change to list again.
#[derive(Default)]
pub(super) struct Watch {
    /// The version of what was listed last.
    version: Option<String>,
}

#[derive(Deserialize)]
struct List {
    metadata: Metadata,
    items: Vec<Slice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

/// An EndpointSlice.
#[derive(Deserialize)]
struct Slice {
    #[serde(default)]
    endpoints: Vec<Endpoint>,
    #[serde(default)]
    ports: Option<Vec<Port>>,
}

#[derive(Deserialize)]
struct Endpoint {
    addresses: Vec<IpAddr>,
    #[serde(default)]
    conditions: Conditions,
}

#[derive(Deserialize, Default)]
struct Conditions {
    /// Absent means that it is not known, which is to be taken for ready.
    ready: Option<bool>,
}

#[derive(Deserialize)]
struct Port {
    port: Option<u16>,
}

impl Watch {
    /// The addresses: at once the first time, then when they change or after [`WATCH`].
    pub(super) async fn next(&mut self, at: &HostPort) -> Result<Found, String> {
        let account = Account::read(Path::new(ACCOUNT)).await?;
        let (service, namespace) = name(&at.host, &account.namespace);
        let url = format!(
            "{}/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{service}",
            account.server
        );
        if let Some(version) = self.version.take() {
            let url = format!("{url}&watch=1&resourceVersion={version}&timeoutSeconds={}", WATCH.as_secs());
            let mut events = account.get(&url, WATCH + ANSWER).await?;
            // Whatever it says, something has changed or the time is up: the whole is asked for again.
            events.chunk().await.map_err(|error| error.to_string())?;
        }
        let list = account.get(&url, ANSWER).await?.bytes().await.map_err(|error| error.to_string())?;
        let list: List = serde_json::from_slice(&list).map_err(|error| format!("an EndpointSliceList: {error}"))?;
        self.version = Some(list.metadata.resource_version.clone());
        let addresses = addresses(&list, at.port);
        Ok(match addresses.is_empty() {
            true => Found::Nothing(PAUSE),
            false => Found::Addresses(addresses, PAUSE),
        })
    }
}

/// What a pod speaks to its cluster with. Tokens are rotated, so it is read anew each time.
struct Account {
    client: Client,
    server: String,
    token: String,
    namespace: String,
}

impl Account {
    async fn read(folder: &Path) -> Result<Self, String> {
        let read = async |name: &str| {
            let path = folder.join(name);
            let text = tokio::task::spawn_blocking(move || (std::fs::read_to_string(&path), path)).await;
            let (text, path) = text.map_err(|error| error.to_string())?;
            text.map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        let (token, namespace, ca) = (read("token").await?, read("namespace").await?, read("ca.crt").await?);
        let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let authorities = Certificate::from_pem_bundle(ca.as_bytes()).map_err(|error| error.to_string())?;
        let client = Client::builder().no_proxy().tls_certs_only(authorities).connect_timeout(ANSWER).build();
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            server: format!("https://{host}:{port}"),
            token: token.trim().to_owned(),
            namespace: namespace.trim().to_owned(),
        })
    }

    async fn get(&self, url: &str, timeout: Duration) -> Result<Response, String> {
        let answer = self.client.get(url).bearer_auth(&self.token).timeout(timeout).send().await;
        let answer = answer.and_then(Response::error_for_status);
        answer.map_err(|error| error.without_url().to_string())
    }
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: this is no pod of a cluster"))
}

/// Service and namespace of `name`, `name.namespace`, `name.namespace.svc…`.
fn name<'a>(host: &'a str, own: &'a str) -> (&'a str, &'a str) {
    let mut labels = host.split('.');
    let service = labels.next().unwrap_or(host);
    (service, labels.next().unwrap_or(own))
}

/// Addresses that are ready, each with the port meant.
fn addresses(list: &List, port: u16) -> Vec<(SocketAddr, u16)> {
    let mut all = Vec::new();
    for slice in &list.items {
        let ports: Vec<u16> = slice.ports.iter().flatten().filter_map(|port| port.port).collect();
        let port = match &ports[..] {
            // A service's port may lead to another of its pods.
            [only] => *only,
            _ => port,
        };
        let ready = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready != Some(false));
        all.extend(ready.flat_map(|endpoint| &endpoint.addresses).map(|ip| (SocketAddr::new(*ip, port), 0)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_ready_are_taken_with_the_port_of_their_slice() {
        let list = serde_json::json!({
            "metadata": { "resourceVersion": "7" },
            "items": [
                { "ports": [{ "name": "http", "port": 8080 }], "endpoints": [
                    { "addresses": ["10.0.0.2"], "conditions": { "ready": true } },
                    { "addresses": ["10.0.0.3"], "conditions": { "ready": false } },
                    { "addresses": ["10.0.0.1"] }
                ]},
                { "ports": [{ "port": 80 }, { "port": 90 }], "endpoints": [{ "addresses": ["fd00::1"] }] },
                { "ports": null, "endpoints": [] }
            ]
        });
        let list: List = serde_json::from_value(list).unwrap();
        let found: Vec<_> = addresses(&list, 90).iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(found, ["10.0.0.1:8080", "10.0.0.2:8080", "[fd00::1]:90"]);
    }

    #[test]
    fn a_cluster_name_has_a_service_and_a_namespace() {
        assert_eq!(name("api", "shop"), ("api", "shop"));
        assert_eq!(name("api.other", "shop"), ("api", "other"));
        assert_eq!(name("api.other.svc.cluster.local", "shop"), ("api", "other"));
    }
}
