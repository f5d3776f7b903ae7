//! Where the gateway is: what its name leads to, which changes while we run as replicas come and go, and how it is spoken to.

use super::App;
use crate::config::{Config, Gateway, Ingress, ProxyProtocol};
use crate::proxy::road::Ends;
use crate::proxy::tls::{Originator, Terminator};
use anyhow::{Context as _, Result, anyhow};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

/// The gateway's addresses. Asks the system's resolver, and so blocks.
pub(super) fn resolve(config: &Config) -> Result<Vec<SocketAddr>> {
    let at = &config.ingress.gateway.at;
    at.resolve().with_context(|| format!("ingress.gateway: {at} cannot be resolved"))
}

/// The gateway, and how clients come in.
pub(super) fn ends(ingress: &Ingress, gateway: &[SocketAddr]) -> Result<Ends> {
    let Gateway { at, tls } = &ingress.gateway;
    let originator = tls.as_ref().map(|trust| Originator::new(at, trust)).transpose();
    let originator = originator.map_err(|reason| anyhow!("ingress.gateway: {reason}"))?;
    let pair = ingress.tls.as_ref().and_then(|tls| tls.pair.as_ref());
    let terminator = pair.map(Terminator::new).transpose().context("ingress.tls")?;
    Ok(Ends {
        gateway: gateway.into(),
        originator: originator.map(Arc::new),
        terminator: terminator.map(Arc::new),
        proxy_protocol: ingress.proxy_protocol == ProxyProtocol::Required,
    })
}

impl App {
    /// Looks the gateway's name up again, and goes to where it leads now. A lookup that fails leaves what was known. Blocks.
    pub fn find_gateway(&self) {
        let config = self.config();
        let Gateway { at, .. } = &config.ingress.gateway;
        if at.literal().is_some() {
            return;
        }
        let found = match at.resolve() {
            Ok(found) => found,
            Err(error) => return tracing::debug!(%error, gateway = %at, "the gateway's name is not resolved"),
        };
        let set = |addresses: &[SocketAddr]| addresses.iter().copied().collect::<BTreeSet<_>>();
        if set(&found) == set(&self.view.gateway.load()) {
            return;
        }
        tracing::info!(gateway = %at, addresses = ?found, "the gateway has other addresses");
        if let Err(error) = self.adopt((*config).clone(), found) {
            tracing::warn!("the gateway's other addresses are not taken: {error:#}");
        }
    }
}
