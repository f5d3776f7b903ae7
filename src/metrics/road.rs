//! What we count of our own road.

use super::family::Family;
use super::registry::Registry;
use super::tls::TlsMetrics;
use prometheus::{IntCounter, IntGauge};

pub(super) const OPEN: &str = "outrider_connections_open";
pub(super) const RELAYED: &str = "outrider_relayed_bytes_total";

/// Connections and what became of them.
#[derive(Clone)]
pub struct RoadMetrics {
    /// Accepted so far.
    pub accepted: IntCounter,
    /// Open now.
    pub open: IntGauge,
    /// Bytes from clients to the gateway.
    pub bytes_in: IntCounter,
    /// Bytes from the gateway to clients.
    pub bytes_out: IntCounter,
    /// Bytes of TLS that passed unopened, from clients.
    pub tls_bytes_in: IntCounter,
    /// Bytes of TLS that passed unopened, from the gateway.
    pub tls_bytes_out: IntCounter,
    /// Accepting failed (descriptors, memory).
    pub accept_errors: IntCounter,
    /// Connections without the PROXY protocol's header that was required.
    pub proxy_protocol_errors: IntCounter,
    /// TLS that ends or begins here.
    pub tls: TlsMetrics,
    opaque: Family<IntCounter>,
    connect_errors: Family<IntCounter>,
    bytes: Family<IntCounter>,
}

/// Why a connection goes on unobserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opaque {
    /// A TLS ClientHello on a listener without a certificate.
    Tls,
    /// The first bytes are of no protocol we know.
    Unknown,
    /// A head, a frame or a field block that is not of its protocol.
    Malformed,
    /// A head over 64 KiB.
    HeadTooLong,
    /// Fields that readers take differently: nobody can say where the next message begins.
    Ambiguous,
    /// CONNECT, or an upgrade to something that is no WebSocket.
    Upgrade,
    /// Frames that are not of RFC 6455.
    WebSocket,
    /// More requests in flight on one connection than we follow.
    Pipeline,
    /// Our observer failed.
    Panic,
}

impl Opaque {
    const ALL: [Self; 9] = [
        Self::Tls,
        Self::Unknown,
        Self::Malformed,
        Self::HeadTooLong,
        Self::Ambiguous,
        Self::Upgrade,
        Self::WebSocket,
        Self::Pipeline,
        Self::Panic,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Unknown => "unknown",
            Self::Malformed => "malformed",
            Self::HeadTooLong => "head_too_long",
            Self::Ambiguous => "ambiguous",
            Self::Upgrade => "upgrade",
            Self::WebSocket => "websocket",
            Self::Pipeline => "pipeline",
            Self::Panic => "panic",
        }
    }
}

impl RoadMetrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        let counter = |name, help| Family::<IntCounter>::register(registry, name, help, &[]).with(&[]);
        let open: Family<IntGauge> = Family::register(registry, OPEN, "Client connections that are open.", &[]);
        let bytes: Family<IntCounter> = Family::register(registry, RELAYED, "Bytes moved.", &["direction"]);
        let tls_bytes: Family<IntCounter> = Family::register(
            registry,
            "outrider_tls_passthrough_bytes_total",
            "Bytes of TLS that passed unopened.",
            &["direction"],
        );
        let road = Self {
            accepted: counter("outrider_connections_accepted_total", "Client connections accepted."),
            open: open.with(&[]),
            bytes_in: bytes.with(&["inbound"]),
            bytes_out: bytes.with(&["outbound"]),
            tls_bytes_in: tls_bytes.with(&["inbound"]),
            tls_bytes_out: tls_bytes.with(&["outbound"]),
            accept_errors: counter("outrider_accept_errors_total", "Times that accepting a connection failed."),
            proxy_protocol_errors: counter(
                "outrider_proxy_protocol_errors_total",
                "Connections refused for want of a PROXY protocol header.",
            ),
            tls: TlsMetrics::register(registry),
            opaque: Family::register(
                registry,
                "outrider_opaque_connections_total",
                "Connections that went on unobserved, by the reason.",
                &["reason"],
            ),
            connect_errors: Family::register(
                registry,
                "outrider_gateway_connect_errors_total",
                "Connections to the gateway that could not be made, by the reason.",
                &["reason"],
            ),
            bytes,
        };
        Opaque::ALL.iter().for_each(|reason| drop(road.opaque.with(&[reason.as_str()])));
        ["refused", "timeout", "tls", "other"].iter().for_each(|reason| drop(road.connect_errors.with(&[reason])));
        road
    }

    /// The same road for the gateway's own calls, whose bytes are told apart: from the gateway to services, and back.
    pub fn of_egress(&self) -> Self {
        let (bytes_in, bytes_out) = (self.bytes.with(&["to_service"]), self.bytes.with(&["from_service"]));
        Self { bytes_in, bytes_out, ..self.clone() }
    }

    /// A connection goes on unobserved.
    pub fn opaque(&self, reason: Opaque) {
        self.opaque.with(&[reason.as_str()]).inc();
    }

    /// The gateway could not be reached.
    pub fn connect_error(&self, error: &std::io::Error) {
        let reason = match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "refused",
            std::io::ErrorKind::TimedOut => "timeout",
            // What rustls has to say comes as this.
            std::io::ErrorKind::InvalidData => "tls",
            _ => "other",
        };
        self.connect_errors.with(&[reason]).inc();
    }
}
