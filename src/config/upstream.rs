//! Where a connection goes to: host and port, and URLs.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use hyper::Uri;
use serde::{Serialize, Serializer};

use super::yaml::Yaml;

/// A host name or address with a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port; 0 never occurs.
    pub port: u16,
}

impl HostPort {
    /// The address, where the host is one and needs no lookup.
    pub fn literal(&self) -> Option<SocketAddr> {
        self.host.parse::<IpAddr>().ok().map(|ip| (ip, self.port).into())
    }

    /// Asks the system's resolver. Blocks: never call it on a data path.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok((&*self.host, self.port).to_socket_addrs()?.collect())
    }

    /// `host:port`; without a port, `port` is taken where there is one.
    pub(super) fn parse(text: &str, port: Option<u16>) -> Option<Self> {
        if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return port.map(|port| Self { host: ip.to_string(), port });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, digits)) => (host, digits.parse().ok().filter(|port| *port != 0)?),
            None => (text, port?),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(bare) = bare {
            return bare.parse::<IpAddr>().ok().map(|ip| Self { host: ip.to_string(), port });
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!host.is_empty() && host.len() <= 253 && host.chars().all(named)).then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Serialize for HostPort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `host:port`, both needed.
fn host_port(value: &Yaml) -> Result<HostPort, String> {
    let parsed = match value {
        Yaml::Text(text) => HostPort::parse(text, None),
        _ => None,
    };
    parsed.ok_or_else(|| format!("expected a host and a port such as 127.0.0.1:8000, found {}", value.kind()))
}

/// `host:port`, `http://host` or `https://host`: host, port and whether TLS is spoken.
pub(super) fn endpoint(value: &Yaml) -> Result<(HostPort, bool), String> {
    let Yaml::Text(text) = value else { return host_port(value).map(|at| (at, false)) };
    let (rest, port, tls) = match text.split_once("://") {
        None => return host_port(value).map(|at| (at, false)),
        Some(("http", rest)) => (rest, 80, false),
        Some(("https", rest)) => (rest, 443, true),
        Some((scheme, _)) => return Err(format!("expected host:port, http:// or https://, found {scheme}://")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('/') {
        return Err(format!("must not have a path, as requests pass with the path they came with; found `{text}`"));
    }
    let at = HostPort::parse(rest, Some(port)).ok_or_else(|| format!("expected a host and a port, found `{text}`"))?;
    Ok((at, tls))
}

/// An absolute `http://` or `https://` URL without user and password.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `host` or `host:port`.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or(rest)
    }

    /// What follows the authority, without the query.
    pub fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.split('?').next().unwrap_or(rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// Whether it asks for TLS.
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri = Uri::from_str(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
        let Some(authority) = uri.authority().filter(|_| matches!(uri.scheme_str(), Some("http" | "https"))) else {
            return Err(format!("expected a URL such as http://host:port/path, found `{text}`"));
        };
        if authority.as_str().contains('@') {
            // What was written is not repeated: it holds a password.
            return Err("a URL must not hold a user and a password; they would be shown with it".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A [`Url`].
pub(super) fn url(value: &Yaml) -> Result<Url, String> {
    match value {
        Yaml::Text(text) => text.parse(),
        other => Err(format!("expected a URL such as http://host:port/path, found {}", other.kind())),
    }
}

/// The origin of a web page: scheme and host, no path.
pub(super) fn origin(value: &Yaml) -> Result<String, String> {
    let url = url(value)?;
    match url.path() {
        "" => Ok(url.0.to_lowercase()),
        _ => Err(format!("an origin has no path; write {}", url.0.trim_end_matches(url.path()))),
    }
}
