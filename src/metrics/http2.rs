//! The families of HTTP/2's own ways to end: resets of streams and GOAWAYs.

use super::family::Family;
use super::registry::Registry;
use prometheus::IntCounter;

/// All of them.
#[derive(Clone)]
pub struct Http2Metrics {
    resets: Family<IntCounter>,
    goaways: Family<IntCounter>,
}

impl Http2Metrics {
    /// Registers the families.
    pub fn register(registry: &Registry) -> Self {
        Self {
            resets: Family::register(
                registry,
                "http2_stream_resets_total",
                "RST_STREAM frames by who sent them and their error code (RFC 9113 §7).",
                &["by", "code"],
            ),
            goaways: Family::register(
                registry,
                "http2_goaways_total",
                "GOAWAY frames by who sent them and their error code (RFC 9113 §7).",
                &["by", "code"],
            ),
        }
    }

    /// `by`, `client` or `gateway`, reset a stream.
    pub fn reset(&self, by: &str, code: u32) {
        self.resets.with(&[by, error(code)]).inc();
    }

    /// `by` takes no more streams on a connection.
    pub fn goaway(&self, by: &str, code: u32) {
        self.goaways.with(&[by, error(code)]).inc();
    }
}

/// The code's name, bounded.
fn error(code: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    NAMES.get(code as usize).copied().unwrap_or("other")
}
