//! What the HTTP proxy makes of a request's head (RFC 9112 §3.2, RFC 9110 §7.6.1): the target without scheme and authority, the
//! authority as `Host`, and without what was for us. All else stays as it came, case and order too; no `Via` is added, as some
//! servers answer differently then, and the gateway is to get what it would get without us.

use crate::service::pair::split;
use crate::wire::http1::{Body, RequestHead};

/// Where a request is to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Host without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The head as it goes on; none for CONNECT, which asks for a tunnel.
    pub(super) head: Option<Vec<u8>>,
    /// Whether an answer may have a body.
    pub(super) with_body: bool,
    /// Length of the head that came.
    pub(super) len: usize,
}

/// Reads `head`; `Err` says why it cannot go anywhere.
pub(super) fn read(head: &RequestHead<'_>) -> Result<Request, &'static str> {
    if head.body == Body::Ambiguous {
        return Err("where the request ends is not certain");
    }
    let len = head.bytes.len();
    if head.method == "CONNECT" {
        let (host, port) = split(head.target, 0);
        if host.is_empty() || port == 0 {
            return Err("CONNECT needs a host and a port");
        }
        return Ok(Request { host: host.to_owned(), port, head: None, with_body: true, len });
    }
    let Some(rest) =
        head.target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).map(|_| &head.target[7..])
    else {
        return Err("this is an HTTP proxy: it takes http:// URLs, and CONNECT for all others");
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = split(authority, 80);
    if host.is_empty() || authority.contains('@') {
        return Err("the URL needs a host, and cannot have a user");
    }
    let path = match path {
        "" if head.method == "OPTIONS" => "*".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        query => format!("/{query}"),
    };
    let head_bytes = rewrite(head, authority, &path);
    Ok(Request { host: host.to_owned(), port, head: Some(head_bytes), with_body: head.method != "HEAD", len })
}

/// The head with `path` for a target and `authority` for a host.
fn rewrite(head: &RequestHead<'_>, authority: &str, path: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.bytes.len());
    out.extend_from_slice(format!("{} {path} HTTP/1.{}\r\n", head.method, head.minor).as_bytes());
    let nominated = nominated(head);
    let mut has_host = false;
    // Empty lines may stand in front of the request line.
    let start = head.bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let lines = head.bytes[start..].split_inclusive(|byte| *byte == b'\n').skip(1);
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            if !has_host && head.minor == 1 {
                out.extend_from_slice(format!("Host: {authority}\r\n").as_bytes());
            }
            out.extend_from_slice(line);
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("proxy-connection") || is("proxy-authorization") || nominated.iter().any(|nominated| is(nominated)) {
            continue;
        }
        if is("host") {
            // RFC 9112 §3.2.2: what the target says holds.
            if std::mem::replace(&mut has_host, true) {
                continue;
            }
            if !value.eq_ignore_ascii_case(authority.as_bytes()) {
                out.extend_from_slice(name);
                out.extend_from_slice(format!(": {authority}\r\n").as_bytes());
                continue;
            }
        }
        out.extend_from_slice(line);
    }
    out
}

/// Fields that `Connection` names, which are for us alone. What governs the connection itself holds for both sides of a pair.
fn nominated<'a>(head: &RequestHead<'a>) -> Vec<&'a str> {
    const KEPT: [&str; 8] =
        ["close", "keep-alive", "upgrade", "te", "host", "content-length", "transfer-encoding", "connection"];
    let fields = head.fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection"));
    let names = fields.filter_map(|field| std::str::from_utf8(field.value).ok()).flat_map(|value| value.split(','));
    names.map(str::trim).filter(|name| !KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http1;

    fn rewritten(head: &str) -> Result<(String, u16, String), &'static str> {
        let request = http1::request(head.as_bytes(), read).unwrap().unwrap()?;
        let head = String::from_utf8(request.head.unwrap_or_default()).unwrap();
        Ok((request.host, request.port, head))
    }

    #[test]
    fn the_target_loses_its_authority_and_all_else_stays() {
        let (host, port, head) = rewritten(
            "POST http://API.internal:81/a?b=c HTTP/1.1\r\nX-One: 1\r\nhOST: API.internal:81\r\nx-ONE:  2 \r\nContent-Length: 3\r\n\r\n",
        )
        .unwrap();
        assert_eq!((&*host, port), ("API.internal", 81));
        assert_eq!(
            head,
            "POST /a?b=c HTTP/1.1\r\nX-One: 1\r\nhOST: API.internal:81\r\nx-ONE:  2 \r\nContent-Length: 3\r\n\r\n"
        );
    }

    #[test]
    fn what_is_for_us_does_not_go_on() {
        let (.., head) = rewritten(
            "GET http://a HTTP/1.1\r\nHost: b\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n\
             Connection: keep-alive, X-Hop, Host\r\nX-Hop: 1\r\nHost: c\r\n\r\n",
        )
        .unwrap();
        assert_eq!(head, "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop, Host\r\n\r\n");
        let (.., head) = rewritten("\r\nGET http://a?b HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(head, "GET /?b HTTP/1.1\r\nHost: a\r\n\r\n");
        let (.., head) = rewritten("OPTIONS http://[::1]:8 HTTP/1.1\r\nHost: [::1]:8\r\n\r\n").unwrap();
        assert_eq!(head, "OPTIONS * HTTP/1.1\r\nHost: [::1]:8\r\n\r\n");
    }

    #[test]
    fn what_is_no_request_to_a_proxy_is_refused() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET https://a/ HTTP/1.1\r\n\r\n",
            "GET http://user@a/ HTTP/1.1\r\n\r\n",
            "GET http:///a HTTP/1.1\r\n\r\n",
            "CONNECT a HTTP/1.1\r\n\r\n",
            "POST http://a/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(rewritten(head).is_err(), "{head}");
        }
        assert_eq!(rewritten("CONNECT [::1]:443 HTTP/1.1\r\n\r\n").unwrap(), ("::1".to_owned(), 443, String::new()));
    }
}
