//! The access log: a JSON line an exchange on standard output, where Envoy writes its own, under Envoy's names. Neither query
//! strings, nor headers but the request's id, nor addresses of clients are in it.

use crate::event::Exchange;
use crate::event::exchange::{Outcome, Version};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::{Instant, SystemTime};

/// The longest path and id of a line, bytes.
const LONG: usize = 2048;

/// Writes the line of `exchange`, which was over at most a moment before `now`. One that cannot be written is gone.
pub(super) fn write(exchange: &Exchange, now: (Instant, SystemTime)) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line(exchange, now));
}

fn line(exchange: &Exchange, (at, day): (Instant, SystemTime)) -> Value {
    let started = day.checked_sub(at.saturating_duration_since(exchange.started)).unwrap_or(day);
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(LONG)]).into_owned();
    let path = exchange.target().split(|byte| *byte == b'?').next().unwrap_or_default();
    let protocol = match exchange.version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
        Version::Http2 => "HTTP/2",
    };
    let flags = match exchange.outcome {
        Outcome::Whole => "-",
        Outcome::Client => "DC",
        Outcome::Gateway => "UC",
    };
    json!({
        "start_time": DateTime::<Utc>::from(started).to_rfc3339_opts(SecondsFormat::Millis, true),
        "method": exchange.method,
        "path": text(path),
        "protocol": protocol,
        "response_code": exchange.status.unwrap_or(0),
        "response_flags": flags,
        "bytes_received": exchange.request.size,
        "bytes_sent": exchange.response.size,
        "duration": exchange.ended.saturating_duration_since(exchange.started).as_millis() as u64,
        "request_id": exchange.request.field("x-request-id").map(text),
        "route_name": &*exchange.endpoint,
        "grpc_status_number": exchange.grpc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_line_has_envoys_names_and_nothing_of_people() {
        let mut exchange = Exchange { method: "GET", endpoint: "/users/{id}".into(), ..Exchange::default() };
        exchange.request.keep_head(
            b"GET /users/7?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\nAuthorization: Bearer secret\r\n\r\n",
        );
        (exchange.status, exchange.request.size, exchange.response.size) = (Some(404), 3, 5);
        exchange.ended = exchange.started + Duration::from_millis(12);
        exchange.outcome = Outcome::Client;
        let now = (exchange.started + Duration::from_secs(1), SystemTime::UNIX_EPOCH + Duration::from_secs(11));
        let expected = json!({
            "start_time": "1970-01-01T00:00:10.000Z", "method": "GET", "path": "/users/7", "protocol": "HTTP/1.1",
            "response_code": 404, "response_flags": "DC", "bytes_received": 3, "bytes_sent": 5, "duration": 12,
            "request_id": "abc", "route_name": "/users/{id}", "grpc_status_number": null,
        });
        assert_eq!(line(&exchange, now), expected);
    }
}
