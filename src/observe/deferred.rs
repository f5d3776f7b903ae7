//! What is derived from whole exchanges, off the data path: one thread has this, and sees what the workers tell in order.
//!
//! - `access`: logins, credentials and rate limits
//! - `attacks`: what requests show that attack

mod access;
mod attacks;

use super::business::Business;
use super::exemplars::Exemplars;
use super::interest::Interests;
use super::signature::Told;
use super::worker::Families;
use crate::config::Profile;
use crate::event::{Exchange, Record};
use crate::metrics::Taken;
use crate::trace::span::Judgement;
use access::Access;
use attacks::Attacks;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// The state of what is derived.
pub struct Deferred {
    interests: Arc<Interests>,
    access: Access,
    attacks: Attacks,
    business: Business,
    told: Told,
    exemplars: Exemplars,
}

impl Deferred {
    /// By `interests`, counting in `families`.
    pub fn new(interests: Arc<Interests>, families: &Families) -> Result<Self, Taken> {
        let access = Access::new(&interests, families.security.clone());
        let attacks = Attacks::new(&interests, families.security.clone());
        let business = Business::new(&interests, families.business.clone())?;
        let told = Told::new(&interests.signatures, families.services.clone());
        let exemplars = families.exemplars.clone();
        Ok(Self { interests, access, attacks, business, told, exemplars })
    }

    /// From now on by `interests`; what has been counted goes on.
    pub fn follow(&mut self, interests: Arc<Interests>) {
        if Arc::ptr_eq(&self.interests, &interests) {
            return;
        }
        self.access.follow(&self.interests, &interests);
        self.attacks.follow(&interests);
        self.told.follow(&interests.signatures);
        if let Err(error) = self.business.follow(&interests) {
            tracing::error!(%error, "a business rule is left out");
        }
        self.interests = interests;
    }

    /// Takes note of what was told. `now` is the time of day, for tokens that expire.
    pub fn see(&mut self, now: SystemTime, record: &Record) {
        match record {
            Record::Exchange(exchange) => {
                self.exemplars.see(now, exchange);
                self.business.see(&self.interests, exchange);
                self.told.see(&self.interests.signatures, exchange);
                self.exchange(now, exchange);
            }
            Record::Message(message) => self.business.message(message),
            Record::Session(_) | Record::Call(_) => {}
        }
    }

    /// What business rules that ask for a span saw since the last time.
    pub fn judgements(&mut self) -> std::vec::Drain<'_, Judgement> {
        self.business.judgements()
    }

    /// What ends by time alone does; to be called every now and then.
    pub fn tick(&mut self, now: Instant) {
        self.business.tick(now);
        self.told.tick(now);
    }

    fn exchange(&mut self, now: SystemTime, exchange: &Exchange) {
        if self.interests.profile != Profile::Full {
            return;
        }
        let client = client(&self.interests, exchange);
        self.access.see(&self.interests, now, client, exchange);
        self.attacks.see(&self.interests, exchange);
    }
}

/// Who asked: the peer, or, where that is a proxy that is trusted, the last one of `X-Forwarded-For` that is none.
fn client(interests: &Interests, exchange: &Exchange) -> IpAddr {
    let trusted = |ip: IpAddr| {
        let ip = ip.to_canonical();
        interests.security.clients.trusted_proxies.iter().any(|network| network.contains(&ip))
    };
    if !trusted(exchange.client) {
        return exchange.client;
    }
    let fields: Vec<&[u8]> = exchange
        .request
        .fields()
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"x-forwarded-for"))
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .collect();
    let mut client = exchange.client;
    for hop in fields.into_iter().rev() {
        // What cannot be read was written by nobody who is trusted.
        let Some(ip) = address(hop.trim_ascii()) else { break };
        client = ip;
        if !trusted(ip) {
            break;
        }
    }
    client
}

/// An address, with or without port and brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let socket = || text.parse().ok().map(|socket: std::net::SocketAddr| socket.ip());
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(socket)
}

/// The status that a gRPC call would have had in HTTP, or that of the exchange itself.
fn meant_status(exchange: &Exchange) -> u16 {
    match exchange.grpc {
        Some(0) => 200,
        Some(7) => 403,
        Some(8) => 429,
        Some(12) => 404,
        Some(16) => 401,
        Some(3 | 9 | 11) => 400,
        Some(_) => 500,
        None => exchange.status.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
