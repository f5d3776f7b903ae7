//! The families of what the gateway calls: services, their breakers, instances and pools.

use super::family::Family;
use super::registry::Registry;
use crate::config::Buckets;
use prometheus::{Gauge, Histogram, IntCounter, IntGauge};

/// All of them.
#[derive(Clone)]
pub struct ServiceMetrics {
    requests: Family<IntCounter>,
    duration: Family<Histogram>,
    breaker_requests: Family<IntCounter>,
    breaker_state: Family<IntGauge>,
    breaker_rate: Family<Gauge>,
    breaker_transitions: Family<IntCounter>,
    breaker_withheld: Family<IntCounter>,
    instances: Family<IntGauge>,
    checks: Family<IntCounter>,
    resolutions: Family<IntCounter>,
    pool_active: Family<IntGauge>,
    pool_requests: Family<IntCounter>,
    tunnels: Family<IntCounter>,
    tunnel_bytes: Family<IntCounter>,
    tunnel_duration: Family<Histogram>,
    refused: Family<IntCounter>,
    gateway_up: Family<IntGauge>,
}

/// Whose breaker is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Ours, over the outcomes that we see.
    Outrider,
    /// The gateway's own, as far as its answers tell.
    Gateway,
}

impl Source {
    /// The label `source`; a label without a value is none.
    fn as_str(self) -> &'static str {
        match self {
            Self::Outrider => "",
            Self::Gateway => "gateway",
        }
    }
}

/// Handles of one service's breaker.
pub struct BreakerHandles {
    /// By `success`, `failure`, `timeout`, `rejected`.
    pub outcomes: [IntCounter; 4],
    /// By `closed`, `open`, `half_open`: one is 1.
    pub states: [IntGauge; 3],
    /// Into each of the same.
    pub transitions: Option<[IntCounter; 3]>,
    /// From 0 to 1.
    pub rate: Option<Gauge>,
    /// Calls that an enforcing breaker would have rejected.
    pub withheld: Option<IntCounter>,
}

/// Handles of one service's calls.
pub struct CallHandles {
    requests: Family<IntCounter>,
    service: Box<str>,
    /// Seconds.
    pub duration: Histogram,
    by_status: parking_lot::Mutex<Vec<(u16, IntCounter)>>,
}

/// Handles of the connections to one service.
pub struct PoolHandles {
    /// Open now.
    pub active: IntGauge,
    /// Requests on a connection that had carried one before.
    pub reused: IntCounter,
    /// First requests of their connections.
    pub new: IntCounter,
    /// Connections that were not made in time.
    pub timeout: IntCounter,
    /// Connections that were not made.
    pub error: IntCounter,
}

/// Handles of the tunnels to one service.
pub struct TunnelHandles {
    /// By `established`, `error`, `timeout`.
    pub results: [IntCounter; 3],
    /// From the gateway.
    pub bytes_out: IntCounter,
    /// To the gateway.
    pub bytes_in: IntCounter,
    /// Seconds.
    pub duration: Histogram,
}

/// The family that says whether the gateway passes its checks.
pub const GATEWAY_UP: &str = "gateway_up";
/// How breaker calls end, as the label `outcome` has it; the order of [`BreakerHandles::outcomes`].
pub const OUTCOMES: [&str; 4] = ["success", "failure", "timeout", "rejected"];
/// States in the order of [`BreakerHandles::states`].
pub const STATES: [&str; 3] = ["closed", "open", "half_open"];

impl ServiceMetrics {
    /// Registers the families. What a deployment does not see has no children, and is absent.
    pub fn register(registry: &Registry, buckets: &Buckets) -> Self {
        let counter = |name, help, labels| Family::<IntCounter>::register(registry, name, help, labels);
        let gauge = |name, help, labels| Family::<IntGauge>::register(registry, name, help, labels);
        let seconds = |name, help| Family::with_buckets(registry, name, help, &["service"], &buckets.duration);
        Self {
            requests: counter(
                "service_requests_total",
                "Calls of the gateway by the status of their answer; 0 is none.",
                &["service", "status_code"],
            ),
            duration: seconds("service_request_duration_seconds", "From a call's head to the last byte of its answer."),
            breaker_requests: counter(
                "circuit_breaker_requests_total",
                "Calls as a circuit breaker judges them.",
                &["service", "outcome", "source"],
            ),
            breaker_state: gauge(
                "circuit_breaker_state",
                "1 for the state that a circuit breaker is in.",
                &["service", "state", "source"],
            ),
            breaker_rate: Family::register(
                registry,
                "circuit_breaker_failure_rate",
                "Share of failures in the breaker's window; 0 without calls.",
                &["service"],
            ),
            breaker_transitions: counter(
                "circuit_breaker_transitions_total",
                "Changes of a circuit breaker's state.",
                &["service", "to"],
            ),
            breaker_withheld: counter(
                "outrider_circuit_breaker_withheld_total",
                "Calls that passed, and that an enforcing breaker would have rejected.",
                &["service"],
            ),
            instances: gauge("service_instances_total", "Addresses of a service by health.", &["service", "health"]),
            checks: counter("service_health_checks_total", "Active checks by result.", &["service", "result"]),
            resolutions: counter(
                "outrider_service_resolutions_total",
                "Lookups of a service's addresses by result.",
                &["service", "result"],
            ),
            pool_active: gauge("connection_pool_connections_active", "Open connections to a service.", &["service"]),
            pool_requests: counter(
                "connection_pool_requests_total",
                "Requests by whether their connection was there before, and connections that were not made.",
                &["service", "result"],
            ),
            tunnels: counter("outrider_tunnels_total", "Tunnels by what became of them.", &["service", "result"]),
            tunnel_bytes: counter("outrider_tunnel_bytes_total", "Bytes through tunnels.", &["service", "direction"]),
            tunnel_duration: seconds("outrider_tunnel_duration_seconds", "How long tunnels lasted."),
            gateway_up: gauge(GATEWAY_UP, "1 while the gateway passes its health checks.", &[]),
            refused: counter(
                "outrider_egress_refused_total",
                "Calls that we did not let out, by the reason.",
                &["reason"],
            ),
        }
    }

    /// Handles of `service`'s calls.
    pub fn calls(&self, service: &str) -> CallHandles {
        CallHandles {
            requests: self.requests.clone(),
            service: service.into(),
            duration: self.duration.with(&[service]),
            by_status: parking_lot::Mutex::default(),
        }
    }

    /// Handles of the connections to `service`.
    pub fn pool(&self, service: &str) -> PoolHandles {
        let result = |result| self.pool_requests.with(&[service, result]);
        PoolHandles {
            active: self.pool_active.with(&[service]),
            reused: result("reused"),
            new: result("new"),
            timeout: result("timeout"),
            error: result("error"),
        }
    }

    /// Handles of the tunnels to `service`.
    pub fn tunnels(&self, service: &str) -> TunnelHandles {
        TunnelHandles {
            results: ["established", "error", "timeout"].map(|result| self.tunnels.with(&[service, result])),
            bytes_out: self.tunnel_bytes.with(&[service, "outbound"]),
            bytes_in: self.tunnel_bytes.with(&[service, "inbound"]),
            duration: self.tunnel_duration.with(&[service]),
        }
    }

    /// Handles of the breaker of `service` that `source` has. Of the gateway's own only rejections and the state are known.
    pub fn breaker(&self, service: &str, source: Source) -> BreakerHandles {
        let ours = source == Source::Outrider;
        let outcome = |outcome| self.breaker_requests.with(&[service, outcome, source.as_str()]);
        BreakerHandles {
            outcomes: OUTCOMES.map(outcome),
            states: STATES.map(|state| self.breaker_state.with(&[service, state, source.as_str()])),
            transitions: ours.then(|| STATES.map(|to| self.breaker_transitions.with(&[service, to]))),
            rate: ours.then(|| self.breaker_rate.with(&[service])),
            withheld: ours.then(|| self.breaker_withheld.with(&[service])),
        }
    }

    /// How many addresses of `service` are healthy, unhealthy and not known to be either.
    pub fn instances(&self, service: &str, healthy: usize, unhealthy: usize, unknown: usize) {
        for (health, count) in [("healthy", healthy), ("unhealthy", unhealthy), ("unknown", unknown)] {
            self.instances.with(&[service, health]).set(count as i64);
        }
    }

    /// A check of an address of `service` ended as `success`, `failure` or `timeout`.
    pub fn checked(&self, service: &str, result: &str) {
        self.checks.with(&[service, result]).inc();
    }

    /// A lookup of `service` ended as `found`, `not_found` or `error`.
    pub fn resolved(&self, service: &str, result: &str) {
        self.resolutions.with(&[service, result]).inc();
    }

    /// A call was not let out.
    pub fn refused(&self, reason: &str) {
        self.refused.with(&[reason]).inc();
    }

    /// The gateway passes its checks, or does not.
    pub fn gateway_up(&self, up: bool) {
        self.gateway_up.with(&[]).set(i64::from(up));
    }

    /// Nothing is known of the gateway's own breaker for `service` any more.
    pub fn forget_told(&self, service: &str) {
        let of_it = |values: &[Box<str>]| *values[0] == *service && *values[2] == *Source::Gateway.as_str();
        self.breaker_requests.forget(of_it);
        self.breaker_state.forget(of_it);
    }

    /// Nothing is told of `service` any more.
    pub fn forget(&self, service: &str) {
        let of_it = |values: &[Box<str>]| values.first().is_some_and(|value| **value == *service);
        self.requests.forget(of_it);
        self.duration.forget(of_it);
        self.breaker_requests.forget(of_it);
        self.breaker_state.forget(of_it);
        self.breaker_rate.forget(of_it);
        self.breaker_transitions.forget(of_it);
        self.breaker_withheld.forget(of_it);
        self.instances.forget(of_it);
        self.checks.forget(of_it);
        self.resolutions.forget(of_it);
        self.pool_active.forget(of_it);
        self.pool_requests.forget(of_it);
        self.tunnels.forget(of_it);
        self.tunnel_bytes.forget(of_it);
        self.tunnel_duration.forget(of_it);
    }
}

impl CallHandles {
    /// Counts a call whose answer had `status`; 0 where none came.
    pub fn count(&self, status: u16) {
        let mut known = self.by_status.lock();
        if let Some((_, counter)) = known.iter().find(|(known, _)| *known == status) {
            return counter.inc();
        }
        let counter = self.requests.with(&[&self.service, &status.to_string()]);
        counter.inc();
        known.push((status, counter));
    }
}
