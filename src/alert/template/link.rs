//! Addresses: of a query's page, without port, without domain.

use std::net::IpAddr;

/// The page of the expression browser that shows `expr`; `tab` is 0 for the graph, 1 for the table.
pub(super) fn browser(expr: &str, tab: u8) -> String {
    format!("/graph?g0.expr={}&g0.tab={tab}", query_escape(expr))
}

/// As a form's value: Go's `url.QueryEscape`.
pub(super) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The path of a URL.
pub(super) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.find('/').map_or("", |at| &rest[at..])
}

/// `host:port` without its port; what is none stays as it is.
pub(super) fn strip_port(address: &str) -> &str {
    split(address).map_or(address, |(host, _)| host)
}

/// The first part of a host's name, its port kept; an IP address stays as it is.
pub(super) fn strip_domain(address: &str) -> String {
    let (host, port) = split(address).unwrap_or((address, ""));
    if host.parse::<IpAddr>().is_ok() {
        return address.to_owned();
    }
    let first = host.split('.').next().unwrap_or_default();
    match port {
        "" => first.to_owned(),
        port if first.contains(':') => format!("[{first}]:{port}"),
        port => format!("{first}:{port}"),
    }
}

/// Go's `net.SplitHostPort`: a host with colons must be in brackets.
fn split(address: &str) -> Option<(&str, &str)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, behind) = rest.split_once(']')?;
        let port = behind.strip_prefix(':')?;
        return (!host.contains('[') && !port.contains([':', '[', ']'])).then_some((host, port));
    }
    let (host, port) = address.split_once(':')?;
    (!port.contains(':') && !address.contains(['[', ']'])).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_is_asked_for() {
        let ports = [
            ("a:80", "a"),
            ("a", "a"),
            ("[::1]:80", "::1"),
            ("::1", "::1"),
            ("[::1]", "[::1]"),
            ("a:80:90", "a:80:90"),
        ];
        ports.iter().for_each(|(address, host)| assert_eq!(strip_port(address), *host));
        let domains = [
            ("a.example.com:80", "a:80"),
            ("a.example.com", "a"),
            ("10.1.2.3:80", "10.1.2.3:80"),
            ("[::1]:80", "[::1]:80"),
            ("a", "a"),
        ];
        domains.iter().for_each(|(address, host)| assert_eq!(strip_domain(address), *host));
    }

    #[test]
    fn a_query_is_escaped_as_a_form_has_it() {
        assert_eq!(browser("up{job=\"a b\"}", 0), "/graph?g0.expr=up%7Bjob%3D%22a+b%22%7D&g0.tab=0");
        assert_eq!((path("http://h:1/a/b?c"), path("http://h")), ("/a/b", ""));
    }
}
