//! An agent that runs, as commands ask it: where its admin port is, who asks, and what is said when it does not answer.

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use reqwest::{Certificate, Client, Identity, Method, Response, StatusCode};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an answer may take: a test of channels waits for every channel.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to reach an agent.
#[derive(Args)]
pub(super) struct Agent {
    /// The agent's admin port.
    #[arg(long, global = true, default_value = "http://127.0.0.1:9600", env = "OUTRIDER_ADMIN", value_name = "URL")]
    admin: String,
    /// The file of a bearer token, where the admin port asks for one.
    #[arg(long, global = true, env = "OUTRIDER_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Authorities to trust for an https:// admin port, instead of the system's; PEM.
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A certificate to show, where the admin port asks for one; PEM.
    #[arg(long, global = true, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Its private key; PEM.
    #[arg(long, global = true, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    Text,
    /// As the agent gave it.
    Json,
}

/// What a command was for did not come about, and that is no fault of ours. It ends the process with 1.
#[derive(Debug)]
pub(super) struct Failed(pub(super) String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl Agent {
    /// Asks for JSON. A refusal is an error with what the agent says.
    pub(super) fn ask(&self, method: &str, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let body = self.bytes(method.parse()?, path, query)?;
        let body = serde_json::from_slice(&body);
        Ok(body.map_err(|_| Failed(format!("{path}: what answered is no JSON: is it an Outrider?")))?)
    }

    /// Asks for whatever there is. A refusal is an error with what the agent says.
    pub(super) fn bytes(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>> {
        wait(async {
            let response = self.send(method, path, query, Some(PATIENCE)).await?;
            let (status, url) = (response.status(), response.url().clone());
            let body =
                response.bytes().await.map_err(|error| Failed(format!("{url}: the answer broke off: {error}")))?;
            if status.is_success() {
                return Ok(body.to_vec());
            }
            let body: Option<Value> = serde_json::from_slice(&body).ok();
            let body =
                body.ok_or_else(|| Failed(format!("{url} answered {status} and no JSON: is it an Outrider?")))?;
            let detail = body["detail"].as_str().or(body["error"].as_str()).unwrap_or_default();
            let advice = match status {
                StatusCode::UNAUTHORIZED => "; name the file of a token by --token-file or OUTRIDER_TOKEN_FILE",
                _ => "",
            };
            Err(Failed(format!("{status}: {detail}{advice}")).into())
        })
    }

    /// Asks, and gives the answer as it begins. What cannot be reached is told with what to do.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        patience: Option<Duration>,
    ) -> Result<Response> {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let base = self.admin.trim_end_matches('/');
        let base = if base.contains("://") { base.to_owned() } else { format!("http://{base}") };
        let mut request = self.client()?.request(method, format!("{base}{path}{mark}{}", query.join("&")));
        if let Some(patience) = patience {
            request = request.timeout(patience);
        }
        if let Some(file) = &self.token_file {
            let token = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            request = request.bearer_auth(token.trim());
        }
        let sent = request.send().await;
        sent.map_err(|error| Failed(unreachable(&base, &error)).into())
    }

    fn client(&self) -> Result<Client> {
        // The agent is near; a proxy is for the far.
        let mut builder = Client::builder().no_proxy().connect_timeout(Duration::from_secs(5));
        let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
        if let Some(ca) = &self.ca {
            let authorities = Certificate::from_pem_bundle(&read(ca)?).with_context(|| ca.display().to_string())?;
            builder = builder.tls_certs_only(authorities);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let both = [read(cert)?, read(key)?].concat();
            builder = builder.identity(Identity::from_pem(&both).with_context(|| cert.display().to_string())?);
        }
        Ok(builder.build()?)
    }
}

/// Runs `work` to its end.
pub(super) fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Why nobody answers at `base`, and what to do.
fn unreachable(base: &str, error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let advice = if error.is_connect() {
        "is it running? Name its admin port by --admin or OUTRIDER_ADMIN"
    } else if error.is_timeout() {
        "it took too long"
    } else {
        "see its log"
    };
    format!("no agent answers at {base}: {cause}; {advice}")
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
