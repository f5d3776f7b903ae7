//! How a gateway shows that its own breaker for a service is open (`services[].breaker_signature`), and what is told of that:
//! `circuit_breaker_*{source="gateway"}`. It is known by what it rejects, so it counts as open for the service's `open_for` after
//! each rejection.

use crate::config::Config;
use crate::config::services::BreakerSignature;
use crate::config::status::StatusSet;
use crate::event::Exchange;
use crate::metrics::ServiceMetrics;
use crate::metrics::service::{BreakerHandles, Source};
use anyhow::Result;
use regex::bytes::Regex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// An answer that means: my breaker for this service is open.
pub struct Signature {
    service: String,
    status: Option<StatusSet>,
    header: Option<(String, Option<Regex>)>,
    body: Option<Regex>,
    open_for: Duration,
}

impl Signature {
    /// All of a configuration.
    pub fn all(config: &Config) -> Result<Vec<Self>> {
        let compile = |text: &Option<String>| text.as_deref().map(Regex::new).transpose();
        let signed = config.services.iter().filter_map(|service| Some((service, service.breaker_signature.as_ref()?)));
        signed
            .map(|(service, signature)| {
                let BreakerSignature { header, value, status, body } = signature;
                let value = compile(value)?;
                Ok(Self {
                    service: service.name.clone(),
                    status: status.clone(),
                    header: header.clone().map(|header| (header, value)),
                    body: compile(body)?,
                    open_for: service.circuit_breaker.open_for,
                })
            })
            .collect()
    }

    /// Whether an answer of this status and with these fields may be one, as far as its head tells.
    pub(super) fn may_be<'a>(&self, status: u16, mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> bool {
        let of_status = self.status.as_ref().is_none_or(|set| set.contains(status));
        of_status
            && self.header.as_ref().is_none_or(|(wanted, value)| {
                fields.any(|(name, found)| {
                    name.eq_ignore_ascii_case(wanted.as_bytes())
                        && value.as_ref().is_none_or(|value| value.is_match(found))
                })
            })
    }

    /// Whether its body is to be kept.
    pub(super) fn reads_body(&self) -> bool {
        self.body.is_some()
    }

    fn is(&self, exchange: &Exchange) -> bool {
        exchange.status.is_some_and(|status| self.may_be(status, exchange.response.fields()))
            && self.body.as_ref().is_none_or(|body| body.is_match(&exchange.response.body))
    }
}

/// The gateway's own breakers, as far as its answers tell.
pub(super) struct Told {
    metrics: ServiceMetrics,
    breakers: HashMap<String, (BreakerHandles, Option<Instant>)>,
}

impl Told {
    pub(super) fn new(signatures: &[Signature], metrics: ServiceMetrics) -> Self {
        let mut told = Self { metrics, breakers: HashMap::new() };
        told.follow(signatures);
        told
    }

    /// Other signatures; what is known of services that stay lives on.
    pub(super) fn follow(&mut self, signatures: &[Signature]) {
        let has = |service: &String| signatures.iter().any(|signature| signature.service == *service);
        for (gone, _) in self.breakers.extract_if(|service, _| !has(service)) {
            self.metrics.forget_told(&gone);
        }
        for Signature { service, .. } in signatures {
            self.breakers.entry(service.clone()).or_insert_with(|| {
                let handles = self.metrics.breaker(service, Source::Gateway);
                handles.states[CLOSED].set(1);
                (handles, None)
            });
        }
    }

    pub(super) fn see(&mut self, signatures: &[Signature], exchange: &Exchange) {
        for signature in signatures.iter().filter(|signature| signature.is(exchange)) {
            let Some((handles, until)) = self.breakers.get_mut(&signature.service) else { continue };
            handles.outcomes[REJECTED].inc();
            handles.states[CLOSED].set(0);
            handles.states[OPEN].set(1);
            *until = Some(exchange.ended + signature.open_for);
        }
    }

    /// Nothing was rejected for a while.
    pub(super) fn tick(&mut self, now: Instant) {
        for (handles, until) in self.breakers.values_mut() {
            if until.is_some_and(|until| until <= now) {
                *until = None;
                handles.states[OPEN].set(0);
                handles.states[CLOSED].set(1);
            }
        }
    }
}

/// Places in the handles.
const CLOSED: usize = 0;
const OPEN: usize = 1;
const REJECTED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::metrics::Registry;
    use std::path::Path;

    #[test]
    fn a_rejection_of_the_gateways_own_breaker_opens_it_for_a_while() {
        let text = "services: [{ name: a, address: 'a:80', circuit_breaker: { open_for: 5s },
            breaker_signature: { status: 503, header: x-circuit, value: ^open, body: 'circuit .* open' } }]";
        let config = config::parse(text, Path::new(""), &|_| None).unwrap();
        let (registry, signatures) = (Registry::new(), Signature::all(&config).unwrap());
        let mut told = Told::new(&signatures, ServiceMetrics::register(&registry, &config.metrics.buckets));
        let get = |series: &str| {
            let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
            text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok())
        };
        let rejected = "circuit_breaker_requests_total{outcome=\"rejected\",service=\"a\",source=\"gateway\"}";
        let open = "circuit_breaker_state{service=\"a\",source=\"gateway\",state=\"open\"}";
        let mut exchange = Exchange { status: Some(503), ..Exchange::default() };
        for (head, body, count) in [
            ("HTTP/1.1 503 x\r\nX-Circuit: closed\r\n\r\n", "circuit a open", 0.0),
            ("HTTP/1.1 503 x\r\nX-Circuit: open\r\n\r\n", "busy", 0.0),
            ("HTTP/1.1 503 x\r\nX-Circuit: open\r\n\r\n", "the circuit a is open", 1.0),
        ] {
            (exchange.response.head, exchange.response.body) = (head.into(), body.into());
            told.see(&signatures, &exchange);
            assert_eq!((get(rejected), get(open)), (Some(count), Some(count)), "{head}{body}");
        }
        told.tick(exchange.ended + Duration::from_secs(4));
        assert_eq!(get(open), Some(1.0));
        told.tick(exchange.ended + Duration::from_secs(5));
        assert_eq!(get(open), Some(0.0));
        told.follow(&[]);
        assert_eq!(get(open), None);
    }
}
