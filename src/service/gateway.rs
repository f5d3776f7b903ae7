//! Active checks of the gateway itself (`ingress.health_check`): `gateway_up`, and whether traffic should come.

use super::check::{count, jittered};
use super::instance::{Health, Instance};
use super::probe::{Answer, Prober};
use crate::config::health::HealthCheck;
use crate::config::{Gateway, Ingress};
use crate::metrics::ServiceMetrics;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::{sleep, timeout};

/// The gateway as its checks find it.
pub struct Checked {
    check: HealthCheck,
    gateway: Gateway,
    instances: Vec<Arc<Instance>>,
}

impl Checked {
    /// The gateway of `ingress` at `addresses`, if it is to be checked.
    pub fn new(ingress: &Ingress, addresses: &[SocketAddr]) -> Option<Self> {
        let check = ingress.health_check.clone()?;
        let instances = addresses.iter().map(|address| Arc::new(Instance::new(*address, 0))).collect();
        Some(Self { check, gateway: ingress.gateway.clone(), instances })
    }

    /// Healthy if one of its addresses is, and unhealthy if all are.
    pub fn health(&self, now: Instant) -> Health {
        let all: Vec<_> = self.instances.iter().map(|instance| instance.health(now)).collect();
        match () {
            () if all.contains(&Health::Healthy) => Health::Healthy,
            () if all.contains(&Health::Unknown) => Health::Unknown,
            () => Health::Unhealthy,
        }
    }
}

/// Checks the gateway for as long as it is polled.
pub(super) async fn follow(gateway: Arc<Checked>, metrics: ServiceMetrics) {
    let Checked { check, gateway: Gateway { at, tls }, instances } = &*gateway;
    let prober = |instance: &Arc<Instance>| Prober::new(&check.probe, instance.address, &at.host, tls.as_ref());
    let probers: Vec<_> = instances.iter().map(prober).collect();
    loop {
        for (instance, prober) in instances.iter().zip(&probers) {
            let answer = timeout(check.timeout, prober.ask()).await.unwrap_or(Answer::TimedOut);
            if answer != Answer::Passed {
                tracing::debug!(address = %instance.address, ?answer, "a check of the gateway failed");
            }
            instance.checked(answer == Answer::Passed, count(check.healthy), count(check.unhealthy));
        }
        match gateway.health(Instant::now()) {
            Health::Unknown => {}
            health => metrics.gateway_up(health == Health::Healthy),
        }
        sleep(jittered(check.interval)).await;
    }
}
