//! `admin:`: the port that people and scrapers talk to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;

use super::read::Node;
use super::scalar::{address, one_of, text};
use super::secret::Secret;
use super::tls::ServerTls;

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
            audit: keys.key("audit").optional(|keys| keys.key("path").need_file().map(|path| Audit { path })),
        })
    }
}

fn tokens(node: &Node<'_>) -> Vec<Token> {
    let mut names: Vec<String> = Vec::new();
    let tokens = node.list(|item| {
        item.map(|keys| {
            let (node, role, secret) = (keys.key("name"), keys.key("role"), keys.key("token"));
            let name = node.need(text);
            let role = role.need(one_of(&[("read", Role::Read), ("operate", Role::Operate)]));
            let token = Secret::need(&secret);
            if let Some(name) = &name {
                if names.contains(name) {
                    node.fault(format!("`{name}` is the name of another token already"));
                }
                names.push(name.clone());
            }
            Some(Token { name: name?, role: role?, token: token? })
        })
    });
    tokens.unwrap_or_default()
}
