//! `outrider demo`: a gateway of our own, a gentle load, and the road between them, all in this process, so that a newcomer
//! sees it work with nothing else installed.
//!
//! - `generator`: a service that the gateway calls, through a port of Outrider's
//! - `gateway`: the gateway: JSON, errors, slow answers, an event stream and a WebSocket echo
//! - `load`: its clients

mod gateway;
mod generator;
mod load;

use super::App;
use crate::config::{self, Config};
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// A demo that runs.
pub struct Demo {
    /// The agent.
    pub app: App,
    /// The demo's own gateway.
    pub gateway: SocketAddr,
    /// Where its clients come in.
    pub ingress: SocketAddr,
}

/// Starts all of it: clients come in at `ingress`, people look at `admin`. The gateway and its service take any free ports.
pub fn start(ingress: SocketAddr, admin: SocketAddr, load: bool) -> Result<Demo> {
    let (listener, generator) = (listen()?, listen()?);
    let (gateway, service) = (listener.local_addr()?, generator.local_addr()?);
    let app = App::start(configuration(ingress, admin, gateway, service)?)?;
    let ingress = app.ingress()[0];
    let (_, port) = app.service_ports().pop().context("the demo's service has no port")?;
    let run = move || run(listener, generator, port, load.then_some(ingress));
    std::thread::Builder::new().name("demo".to_owned()).spawn(run)?;
    Ok(Demo { app, gateway, ingress })
}

fn listen() -> Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("the demo found no free port")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn configuration(ingress: SocketAddr, admin: SocketAddr, gateway: SocketAddr, service: SocketAddr) -> Result<Config> {
    // The alerts of one demo are nothing to the next.
    let state = std::env::temp_dir().join(format!("outrider-demo-{}", std::process::id()));
    let text = format!(
        "service: demo\nenvironment: demo\nlog: {{ level: warn, format: text }}\n\
         ingress: {{ listen: \"{ingress}\", gateway: \"{gateway}\", drain: 1s }}\nadmin: {{ listen: \"{admin}\" }}\n\
         services: [ {{ name: code-generator, address: \"{service}\", listen: \"127.0.0.1:0\", \
         health_check: {{ path: /health }} }} ]\n\
         history: {{ interval: 1s }}\nalerting:\n  state: \"{}\"\n  interval: 5s\n  rules:\n    \
         - {{ name: server_errors, severity: medium, for: 10s, condition: \"error_rate > 0.005\", \
         message: \"{{error_rate:.1%}} of answers are errors\" }}\n",
        state.display()
    );
    Ok(config::parse(&text, Path::new(""), &|_| None)?)
}

fn run(listener: std::net::TcpListener, generator: std::net::TcpListener, port: SocketAddr, load: Option<SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.and_then(|runtime| {
        runtime.block_on(async {
            if let Some(ingress) = load {
                tokio::spawn(load::requests(ingress));
                tokio::spawn(load::sessions(ingress));
            }
            let generator = axum::serve(TcpListener::from_std(generator)?, generator::router());
            tokio::spawn(async move { generator.await });
            axum::serve(TcpListener::from_std(listener)?, gateway::router(port)).await
        })
    });
    if let Err(error) = result {
        tracing::error!(%error, "the demo's gateway failed");
    }
}
