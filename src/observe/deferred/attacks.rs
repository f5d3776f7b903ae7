//! What requests show that attack: each kind counts once a request.

use crate::event::Exchange;
use crate::metrics::SecurityMetrics;
use crate::observe::interest::Interests;
use crate::observe::security::{Kind, Kinds};

/// Headers that programs log and trust, besides the user agent.
const LOGGED: [&str; 3] = ["referer", "x-forwarded-for", "x-api-version"];

/// Counts them.
pub(super) struct Attacks {
    metrics: SecurityMetrics,
}

impl Attacks {
    pub(super) fn new(interests: &Interests, metrics: SecurityMetrics) -> Self {
        let attacks = Self { metrics };
        attacks.follow(interests);
        attacks
    }

    /// What is looked for is there from 0 on.
    pub(super) fn follow(&self, interests: &Interests) {
        for kind in Kind::ALL {
            if let Some(severity) = interests.severity(*kind) {
                self.metrics.may_see(kind.as_str(), severity.as_str());
            }
        }
    }

    pub(super) fn see(&self, interests: &Interests, exchange: &Exchange) {
        let Some(detector) = &interests.detector else { return };
        let mut kinds = Kinds::default();
        kinds.extend(detector.target(exchange.target(), exchange.status.unwrap_or(0)).iter());
        let (mut host, mut origin) = (&b""[..], None);
        for (name, value) in exchange.request.fields() {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("user-agent") {
                kinds.extend(detector.agent(value).iter());
            } else if LOGGED.iter().any(|known| is(known)) {
                kinds.extend(detector.header(value).iter());
            } else if is("host") {
                host = value;
            } else if is("origin") {
                origin = Some(value);
            }
        }
        if exchange.is_websocket && detector.crosses_origin(origin, host) {
            kinds.insert(Kind::WebsocketOrigin);
        }
        for kind in kinds.iter() {
            if let Some(severity) = detector.severity(kind) {
                self.metrics.event(kind.as_str(), severity.as_str());
            }
        }
    }
}
