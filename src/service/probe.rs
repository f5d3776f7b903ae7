//! One question to one address: an HTTP answer, a connection, or the gRPC health protocol
//! (`grpc.health.v1`, <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use crate::config::health::Probe;
use crate::config::tls::ClientTls;
use regex::Regex;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, Response};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// How much of an answer's body is looked at.
const BODY: usize = 64 * 1024;
/// `SERVING` of a `HealthCheckResponse` in one gRPC message.
const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 0x08, 1];

/// Asks one address.
pub struct Prober {
    address: SocketAddr,
    question: Question,
}

enum Question {
    Connect,
    Http {
        client: Client,
        url: String,
        probe: Probe,
        body: Option<Regex>,
    },
    Grpc {
        client: Client,
        url: String,
        message: Vec<u8>,
    },
    /// It cannot be asked, and why.
    Never(String),
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It works.
    Passed,
    /// It does not, and why.
    Failed(String),
    /// It did not say in time.
    TimedOut,
}

impl Answer {
    /// As the label `result` has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "success",
            Self::Failed(_) => "failure",
            Self::TimedOut => "timeout",
        }
    }
}

impl Prober {
    /// Asks `address` as the host `host`, over TLS where `tls` is set.
    pub fn new(probe: &Probe, address: SocketAddr, host: &str, tls: Option<&ClientTls>) -> Self {
        let question = Self::question(probe, address, host, tls).unwrap_or_else(Question::Never);
        Self { address, question }
    }

    fn question(probe: &Probe, address: SocketAddr, host: &str, tls: Option<&ClientTls>) -> Result<Question, String> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let authority = if host.contains(':') {
            format!("[{host}]:{}", address.port())
        } else {
            format!("{host}:{}", address.port())
        };
        // A check is of this very address: no proxy, no other place that an answer names, no connection of an earlier one.
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .resolve(host, address)
            .user_agent(concat!("outrider/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = tls.filter(|tls| tls.ca.is_some()) {
            let authorities = tls.authorities.iter().map(|authority| Certificate::from_der(authority));
            let authorities: Result<Vec<_>, _> = authorities.collect();
            builder = builder.tls_certs_only(authorities.map_err(|error| error.to_string())?);
        }
        match probe {
            Probe::Tcp => Ok(Question::Connect),
            Probe::Http { path, body, .. } => Ok(Question::Http {
                client: builder.build().map_err(|error| error.to_string())?,
                url: format!("{scheme}://{authority}{path}"),
                probe: probe.clone(),
                body: body.as_deref().map(Regex::new).transpose().map_err(|error| error.to_string())?,
            }),
            Probe::Grpc { service } => Ok(Question::Grpc {
                client: builder.http2_prior_knowledge().build().map_err(|error| error.to_string())?,
                url: format!("{scheme}://{authority}/grpc.health.v1.Health/Check"),
                message: request(service),
            }),
        }
    }

    /// Asks. Without an end of its own: the caller says how long it may take.
    pub async fn ask(&self) -> Answer {
        let asked = match &self.question {
            Question::Connect => TcpStream::connect(self.address).await.map(drop).map_err(|error| error.to_string()),
            Question::Http { client, url, probe, body } => http(client.get(url), probe, body.as_ref()).await,
            Question::Grpc { client, url, message } => grpc(client.post(url), message.clone()).await,
            Question::Never(reason) => Err(reason.clone()),
        };
        asked.map_or_else(Answer::Failed, |()| Answer::Passed)
    }
}

async fn http(request: RequestBuilder, probe: &Probe, body: Option<&Regex>) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| told(&error))?;
    let status = answer.status().as_u16();
    if let Probe::Http { status: good, .. } = probe
        && !good.contains(status)
    {
        return Err(format!("it answers {status}, not {good}"));
    }
    let Some(wanted) = body else { return Ok(()) };
    let text = String::from_utf8_lossy(&start(answer).await?).into_owned();
    if wanted.is_match(&text) { Ok(()) } else { Err(format!("its body does not match {wanted}")) }
}

async fn grpc(request: RequestBuilder, message: Vec<u8>) -> Result<(), String> {
    let request = request.header("content-type", "application/grpc").header("te", "trailers").body(message);
    let answer = request.send().await.map_err(|error| told(&error))?;
    if answer.status() != 200 {
        return Err(format!("it answers {} to a gRPC call", answer.status()));
    }
    if let Some(status) = answer.headers().get("grpc-status").filter(|status| *status != "0") {
        return Err(format!("grpc-status {}", status.to_str().unwrap_or("?")));
    }
    if start(answer).await? == SERVING { Ok(()) } else { Err("it is not SERVING".to_owned()) }
}

/// The start of an answer's body.
async fn start(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| told(&error))? {
        body.extend_from_slice(&chunk[..chunk.len().min(BODY - body.len())]);
        if body.len() == BODY {
            break;
        }
    }
    Ok(body)
}

/// A `HealthCheckRequest` in one gRPC message.
fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        // Field 1, a string; its length is a varint.
        message.push(0x0a);
        let mut length = service.len();
        while length > 0x7f {
            message.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, &message].concat()
}

/// The innermost reason: what is around it names what was asked, which is known.
fn told(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use std::path::Path;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What `health_check` has to say of a server that answers every connection with `answer`.
    async fn ask(health_check: &str, answer: &'static [u8]) -> Answer {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let text = format!("services: [{{ name: a, address: 'a:80', health_check: {health_check} }}]");
        let config = config::parse(&text, Path::new(""), &|_| None).unwrap();
        let probe = config.services[0].health_check.clone().unwrap().probe;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let _ = client.read(&mut head).await;
                let _ = client.write_all(answer).await;
                let _ = client.shutdown().await;
            }
        });
        Prober::new(&probe, address, "a", None).ask().await
    }

    #[tokio::test]
    async fn an_http_check_looks_at_status_and_body() {
        let good = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nall is ok";
        assert_eq!(ask("{ path: /health }", good).await, Answer::Passed);
        assert_eq!(ask("{ path: /health, body: ok$ }", good).await, Answer::Passed);
        let Answer::Failed(reason) = ask("{ path: /health, body: ^ok }", good).await else { panic!("it passed") };
        assert!(reason.contains("does not match"), "{reason}");
        let Answer::Failed(reason) = ask("{ path: /health, status: 204 }", good).await else { panic!("it passed") };
        assert_eq!(reason, "it answers 200, not 204");
        let moved = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(ask("{ path: /health, status: 3xx }", moved).await, Answer::Passed);
    }

    #[tokio::test]
    async fn what_does_not_answer_fails() {
        assert!(matches!(ask("{ path: /health }", b"").await, Answer::Failed(_)));
        assert!(matches!(ask("{ type: grpc }", b"HTTP/1.1 200 OK\r\n\r\n").await, Answer::Failed(_)));
        assert_eq!(ask("{ type: tcp }", b"").await, Answer::Passed);
    }

    #[test]
    fn a_grpc_request_names_its_service() {
        assert_eq!(request(""), [0, 0, 0, 0, 0]);
        assert_eq!(request("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = request(&"x".repeat(200));
        assert_eq!((long.len(), &long[5..8]), (208, &[0x0a, 0xc8, 1][..]));
    }
}
