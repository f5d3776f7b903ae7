//! Who calls: by a token, by a certificate, or without either.

use crate::config::admin::{Admin, Role};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use ring::hmac;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// A caller.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Caller {
    /// The name of his token or certificate, if he has one.
    pub(in crate::admin) name: Option<String>,
    /// What he may do.
    pub(in crate::admin) role: Role,
    /// Where he calls from.
    pub(in crate::admin) from: IpAddr,
}

/// The common name of a certificate that an authority of ours has signed.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Certificate(pub(in crate::admin) Arc<str>);

impl Caller {
    /// Somebody who may do nothing.
    pub(super) fn nobody(from: IpAddr) -> Self {
        Self { name: None, role: Role::None, from }
    }
}

/// Who sent `request`. A token counts before a certificate; one that is not known is an error, with a sentence.
pub(super) fn of(request: &Request, peer: IpAddr, admin: &Admin) -> Result<Caller, &'static str> {
    if let Some(sent) = request.headers().get(header::AUTHORIZATION) {
        let token = sent.as_bytes().split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        let (_, token) = token.ok_or("Authorization is taken as `Bearer TOKEN` alone")?;
        let known = known(token.trim_ascii(), admin).ok_or("this token is not one of `admin.tokens`")?;
        return Ok(Caller { name: Some(known.0), role: known.1, from: peer });
    }
    if let Some(Certificate(name)) = request.extensions().get() {
        return Ok(Caller { name: Some(name.to_string()), role: Role::Operate, from: peer });
    }
    let role = match admin.anonymous {
        Role::Read if is_here(peer, request.headers()) => Role::Operate,
        role => role,
    };
    Ok(Caller { name: None, role, from: peer })
}

/// Whether the caller is on this machine, and no proxy here speaks for another.
fn is_here(peer: IpAddr, headers: &HeaderMap) -> bool {
    let relayed = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    peer.to_canonical().is_loopback() && !relayed
}

/// Name and role of a token. How long it takes tells nothing of any: keyed hashes are compared, and all of them are.
fn known(token: &[u8], admin: &Admin) -> Option<(String, Role)> {
    static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
        let random = ring::rand::SystemRandom::new();
        hmac::Key::generate(hmac::HMAC_SHA256, &random).expect("the kernel gives random bytes")
    });
    let same = |known: &&crate::config::admin::Token| {
        let tag = hmac::sign(&KEY, known.token.expose().as_bytes());
        hmac::verify(&KEY, token, tag.as_ref()).is_ok()
    };
    // The first that fits does not end the search.
    let found = admin.tokens.iter().filter(same).fold(None, |found, token| found.or(Some(token)))?;
    Some((found.name.clone(), found.role))
}
