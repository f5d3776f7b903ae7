//! `admin:`: the port that people and scrapers talk to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::quantity::{Rate, rate, size};
use super::read::{Node, Unique};
use super::scalar::{address, one_of, text, whole};
use super::secret::Secret;
use super::tls::ServerTls;
use super::upstream::origin;

/// The admin port.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Admin {
    /// Where to listen.
    pub listen: SocketAddr,
    /// TLS, mutual when it has a `client_ca`.
    pub tls: Option<ServerTls>,
    /// What a caller without credentials may do.
    pub anonymous: Role,
    /// Bearer tokens; their names are unique.
    pub tokens: Vec<Token>,
    /// The log of every change that was asked for.
    pub audit: Option<Audit>,
    /// Names that a `Host` header may have besides addresses, `localhost` and the service's own; lower case.
    pub hosts: Vec<String>,
    /// Origins whose pages may call: `https://ops.example.com`.
    pub cors: Vec<String>,
    /// Calls of one client.
    pub rate_limit: Rate,
}

/// What a caller may do; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Change.
    Operate,
}

/// A bearer token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Token {
    /// Who it belongs to, for the audit log.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The token.
    pub token: Secret,
}

/// Where the audit log is written, one JSON object a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// The file.
    pub path: PathBuf,
    /// Bytes after which a new file is begun.
    pub max_size: u64,
    /// Full files that are kept.
    pub keep: usize,
}

impl Admin {
    pub(super) fn read(node: &Node<'_>) -> Self {
        node.map(|keys| Self {
            listen: keys.key("listen").get(address).unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 9600).into()),
            tls: ServerTls::read_mutual(&keys.key("tls")),
            anonymous: keys
                .key("anonymous")
                .get(one_of(&[("none", Role::None), ("read", Role::Read), ("operate", Role::Operate)]))
                .unwrap_or(Role::Read),
            tokens: tokens(&keys.key("tokens")),
            audit: keys.key("audit").optional(|keys| {
                let path = keys.key("path").need_file();
                let max_size = keys.key("max_size").get(size).unwrap_or(10 << 20);
                let keep = keys.key("keep").get(whole(0..=1_000)).unwrap_or(5);
                path.map(|path| Audit { path, max_size, keep })
            }),
            hosts: keys.key("hosts").list(|item| item.get(text).map(|host| host.to_lowercase())).unwrap_or_default(),
            cors: keys.key("cors").list(|item| item.get(origin)).unwrap_or_default(),
            rate_limit: keys.key("rate_limit").get(rate).unwrap_or(Rate { count: 50, per: Duration::from_secs(1) }),
        })
    }
}

fn tokens(node: &Node<'_>) -> Vec<Token> {
    let mut names = Unique::default();
    let tokens = node.list(|item| {
        item.map(|keys| {
            let (node, role, secret) = (keys.key("name"), keys.key("role"), keys.key("token"));
            let name = node.need(text);
            let role = role.need(one_of(&[("read", Role::Read), ("operate", Role::Operate)]));
            let token = Secret::need(&secret);
            name.iter().for_each(|name| names.take(&node, name));
            Some(Token { name: name?, role: role?, token: token? })
        })
    });
    tokens.unwrap_or_default()
}
