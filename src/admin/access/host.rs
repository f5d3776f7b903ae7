//! DNS rebinding: a page of the world gives its own name our address, and its reader's browser then asks us under that name.
//! So a name must be one that nobody in the world can have, or one that the configuration knows.

use crate::config::Config;
use axum::http::{HeaderMap, header};
use std::net::IpAddr;

/// Ends of names that no public registry gives out (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, Kubernetes' services).
const PRIVATE: [&str; 6] = [".localhost", ".local", ".internal", ".test", ".home.arpa", ".svc"];

/// Whether `Host` names us; a sentence where it does not.
pub(super) fn check(headers: &HeaderMap, config: &Config) -> Result<(), String> {
    let mut sent = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (sent.next(), sent.next()) else { return Err("one Host field is needed".to_owned()) };
    let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
    let name = name(&host);
    if name.parse::<IpAddr>().is_ok() || is_private(name) || name == config.service.to_ascii_lowercase() {
        return Ok(());
    }
    match config.admin.hosts.iter().any(|known| known == name || *known == host) {
        true => Ok(()),
        false => Err(format!("{name:?} is not known as a name of this agent; if it is one, add it to `admin.hosts`")),
    }
}

/// Without the port, the brackets of an IPv6 address, and the dot at the end.
fn name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default().trim_end_matches('.')
}

fn is_private(name: &str) -> bool {
    !name.is_empty() && (!name.contains('.') || PRIVATE.iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_world_are_refused_unless_they_are_known() {
        let mut config = Config::default();
        config.admin.hosts = vec!["ops.example.com".to_owned()];
        let checked =
            |host: &str| check(&HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]), &config).is_ok();
        for host in [
            "127.0.0.1:9600",
            "10.1.2.3",
            "[::1]:9600",
            "localhost:9600",
            "outrider",
            "outrider.monitoring.svc",
            "outrider.monitoring.svc.cluster.local:9600",
            "OPS.example.com",
            "api-gateway:9600",
        ] {
            assert!(checked(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example:9600", "127.0.0.1.nip.io", "", ":9600", "a.svc.evil.example"]
        {
            assert!(!checked(host), "{host}");
        }
        assert!(check(&HeaderMap::new(), &config).is_err());
    }
}
