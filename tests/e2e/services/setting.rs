//! The gateway, its services and the road between them.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::raw::{self, Response};
use crate::harness::road::Road;

/// A process of `tests/e2e/clients` under uvicorn, and where it listens.
pub struct Server {
    _process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// A service at a port that the system chooses, or at one where an earlier service was.
    pub fn service(address: &str) -> Self {
        Self::start("service.py", &mut Command::new(installed::python()), address, &[])
    }

    /// The gateway; `environment` says where its services are.
    pub fn gateway(environment: &[(&str, String)]) -> Self {
        Self::start("calling_gateway.py", &mut Command::new(installed::python()), "127.0.0.1:0", environment)
    }

    /// The script, by `command`, which is to end in Python.
    pub fn start(script: &str, command: &mut Command, address: &str, environment: &[(&str, String)]) -> Self {
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/").to_owned() + script).arg(address);
        command.env("PYTHONDONTWRITEBYTECODE", "1").envs(environment.iter().map(|(name, value)| (name, value)));
        let process = Process::start(script, command);
        let address = process.wait_for_line("uvicorn's address", |line| {
            let (_, rest) = line.split_once("Uvicorn running on http://")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Self { _process: process, address }
    }

    /// How often the service was asked for `what`.
    pub fn asked(&self, what: &str) -> u64 {
        let counts: serde_json::Value = serde_json::from_slice(&raw::get(self.address, "/count").body).expect("JSON");
        counts[what].as_u64().unwrap_or(0)
    }
}

/// Where Outrider listens for `what`, as its log says.
pub fn door(road: &Road, what: &str, service: Option<&str>) -> SocketAddr {
    road.process.wait_for_line(&format!("the address of {what}"), |line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = line["message"] == "listening" && line["what"] == what;
        let is_of = service.is_none_or(|service| line["service"] == service);
        (is_it && is_of).then(|| line["address"].as_str()?.parse().ok())?
    })
}

/// Outrider with these `services` and `egress` sections, in front of a gateway at `gateway`.
pub fn road(gateway: SocketAddr, services: &str, egress: &str) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    std::fs::write(&config, yaml(&gateway.to_string(), services, egress, folder.path()))
        .expect("the folder takes a file");
    Road::run(folder, config)
}

/// The configuration of [`road`].
pub fn yaml(gateway: &str, services: &str, egress: &str, state: &std::path::Path) -> String {
    format!(
        "service: e2e\nlog: {{ level: debug, format: json }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{gateway}', forwarded_for: off, drain: 5s }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\ntracing: {{ inject: false, mint_request_id: false }}\n\
         alerting: {{ state: '{}' }}\nservices: {services}\negress: {egress}\n",
        state.display()
    )
}

/// One service of the `services` section.
pub fn service(name: &str, address: SocketAddr, more: &str) -> String {
    format!("{{ name: {name}, address: '{address}'{more} }}")
}

/// Asks the gateway to call.
pub fn call(gateway: SocketAddr, path: &str) -> Response {
    raw::get(gateway, path)
}

/// A port where nobody listens.
pub fn nowhere() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it listens")
}
