//! What all but mail go through: one POST, and what its answer means.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};

use super::cut;
use crate::alert::notify::Outcome;
use crate::config::header::Header;

/// How long an attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read and told.
const ANSWER: usize = 2_048;

/// A client.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

impl Http {
    /// Trusts `ca` (PEM), or where that is absent, the system's authorities.
    pub(super) fn new(ca: Option<&[u8]>) -> Result<Self, String> {
        // A webhook does not move; a redirect would carry what is meant for one to another.
        let builder = Client::builder()
            .user_agent(concat!("outrider/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE / 2)
            .timeout(PATIENCE);
        let builder = match ca {
            Some(pem) => {
                let certificates = Certificate::from_pem_bundle(pem).map_err(|error| told(&error))?;
                if certificates.is_empty() {
                    return Err("ca: holds no certificate".to_owned());
                }
                builder.tls_certs_only(certificates)
            }
            None => builder,
        };
        builder.build().map(Self).map_err(|error| told(&error))
    }

    /// A POST of JSON to `url`.
    pub(super) fn post(&self, url: &str, body: String) -> RequestBuilder {
        self.0.post(url).header(CONTENT_TYPE, "application/json").body(body)
    }

    /// The same with configured headers, which win.
    pub(super) fn post_with(&self, url: &str, headers: &[Header], body: String) -> RequestBuilder {
        headers.iter().fold(self.post(url, body), |request, header| {
            let mut own = HeaderMap::new();
            let name = reqwest::header::HeaderName::from_bytes(header.name.as_bytes());
            let value = reqwest::header::HeaderValue::from_str(header.value.expose());
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(true);
                own.insert(name, value);
            }
            request.headers(own)
        })
    }
}

/// Sends `request`; `now` (Unix milliseconds) tells how far away a date in `Retry-After` is.
pub(super) async fn send(request: RequestBuilder, now: i64) -> Outcome {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Outcome::Later { message: told(&error), after: None },
    };
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, now));
    let mut answer = Vec::new();
    while answer.len() < ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => answer.extend_from_slice(&chunk),
            // The status has said what matters.
            Ok(None) | Err(_) => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer).split_whitespace().collect::<Vec<_>>().join(" ");
    judge(status, after, cut(format!("{status} {answer}").trim(), 300))
}

/// Whether an answer is good, bad for now, or bad for good.
fn judge(status: StatusCode, after: Option<Duration>, message: String) -> Outcome {
    match status.as_u16() {
        200..=299 => Outcome::Sent(message),
        408 | 425 | 429 | 500..=599 => Outcome::Later { message, after },
        300..=399 => Outcome::Refused(format!("{message} (redirects are not followed)")),
        _ => Outcome::Refused(message),
    }
}

/// Seconds, or a date.
fn retry_after(value: &str, now: i64) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(value.trim()).ok()?.timestamp_millis();
    Some(Duration::from_millis(u64::try_from(at - now).unwrap_or(0)))
}

/// The error and its causes, without the URL, which may be a secret.
fn told(error: &reqwest::Error) -> String {
    let mut text = match error {
        error if error.is_timeout() => "no answer in time".to_owned(),
        error if error.is_connect() => "cannot connect".to_owned(),
        _ => "the request failed".to_owned(),
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_another_try_makes_sense() {
        let judged = |status: u16| judge(StatusCode::from_u16(status).unwrap(), None, String::new());
        for status in [200, 202, 204] {
            assert!(matches!(judged(status), Outcome::Sent(_)), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(judged(status), Outcome::Later { .. }), "{status}");
        }
        for status in [301, 307, 400, 401, 403, 404, 410, 422] {
            assert!(matches!(judged(status), Outcome::Refused(_)), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_795_521_600_000;
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 12:01:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 11:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
