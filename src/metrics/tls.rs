//! The families of TLS that ends or begins here. Without it they are absent.

use super::family::Family;
use super::registry::Registry;
use prometheus::{IntCounter, IntGauge};

/// All of them.
#[derive(Clone)]
pub struct TlsMetrics {
    handshakes: Family<IntCounter>,
    expiry: Family<IntGauge>,
}

impl TlsMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        Self {
            handshakes: Family::register(
                registry,
                "outrider_tls_handshakes_total",
                "TLS handshakes with clients and with the gateway, by how they ended.",
                &["peer", "result"],
            ),
            expiry: Family::register(
                registry,
                "outrider_tls_certificate_expiry_timestamp_seconds",
                "When a listener's certificate expires.",
                &["listener"],
            ),
        }
    }

    /// A handshake with `peer`, `client` or `gateway`, has ended.
    pub fn handshake(&self, peer: &str, succeeded: bool) {
        self.handshakes.with(&[peer, if succeeded { "ok" } else { "failed" }]).inc();
    }

    /// The certificate of `listener` expires at `unix`, seconds since 1970.
    pub fn certificate(&self, listener: &str, unix: i64) {
        self.expiry.with(&[listener]).set(unix);
    }
}
