//! `outrider alerts`: alerts of an agent that runs, over its admin port.

use super::say;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take: a test waits for every channel.
const PATIENCE: Duration = Duration::from_secs(60);

/// Alerts of an agent that runs.
#[derive(Args)]
pub(super) struct Alerts {
    /// The agent's admin port.
    #[arg(long, global = true, default_value = "http://127.0.0.1:9600", env = "OUTRIDER_ADMIN")]
    admin: String,
    /// The file of a bearer token, where the admin port asks for one.
    #[arg(long, global = true)]
    token_file: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell which alerts there are.
    List {
        /// Only of these statuses, with commas: firing, acknowledged, suppressed, pending, resolved.
        #[arg(long)]
        status: Option<String>,
        /// Only of these severities, with commas: critical, high, medium (or warning), low, info.
        #[arg(long)]
        severity: Option<String>,
        /// Print the answer as it came.
        #[arg(long)]
        json: bool,
    },
    /// Acknowledge an alert: somebody sees to it, and nobody else need be told.
    Ack {
        /// 16 hex digits, as `list` prints them.
        fingerprint: String,
        /// Who sees to it.
        #[arg(long, env = "USER")]
        by: String,
        /// Take the acknowledgement back.
        #[arg(long)]
        undo: bool,
    },
    /// Suppress an alert: nobody is told of it for a while.
    Suppress {
        /// 16 hex digits, as `list` prints them.
        fingerprint: String,
        /// For how long, 1 to 1440.
        #[arg(long, default_value_t = 60)]
        minutes: u16,
        /// End the suppression now.
        #[arg(long)]
        undo: bool,
    },
    /// Send a test alert the whole way to every configured channel.
    Test {
        /// How bad it shall look.
        #[arg(long, default_value = "info")]
        severity: String,
        /// What it shall say.
        #[arg(long, default_value = "This is a test: nothing is wrong.")]
        message: String,
    },
}

/// Carries out the command.
pub(super) fn run(alerts: Alerts) -> Result<()> {
    let token = match &alerts.token_file {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| path.display().to_string())?),
        None => None,
    };
    let ask = |method: &str, path: &str, query: &[(&str, &str)]| {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{mark}{}", alerts.admin.trim_end_matches('/'), query.join("&"));
        ask(method, &url, token.as_deref().map(str::trim))
    };
    match &alerts.command {
        Command::List { status, severity, json } => {
            let all = [("status", status), ("severity", severity)];
            let query: Vec<(&str, &str)> =
                all.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
            let answer = ask("GET", "/api/v1/alerts", &query)?;
            say(&if *json { format!("{answer:#}\n") } else { table(&answer) })
        }
        Command::Ack { fingerprint, by, undo } => {
            let path = format!("/api/v1/alerts/{}/acknowledge", escape(fingerprint));
            let answer = match undo {
                true => ask("DELETE", &path, &[])?,
                false => ask("POST", &path, &[("acknowledged_by", by)])?,
            };
            say(&format!("{}\n", text(&answer["message"])))
        }
        Command::Suppress { fingerprint, minutes, undo } => {
            let path = format!("/api/v1/alerts/{}/suppress", escape(fingerprint));
            let answer = match undo {
                true => ask("DELETE", &path, &[])?,
                false => ask("POST", &path, &[("duration_minutes", &minutes.to_string())])?,
            };
            say(&format!("{}\n", text(&answer["message"])))
        }
        Command::Test { severity, message } => {
            let answer = ask("POST", "/api/v1/test/alert", &[("severity", severity), ("message", message)])?;
            let deliveries = answer["deliveries"].as_array().cloned().unwrap_or_default();
            for delivery in &deliveries {
                let fields = ["channel", "status", "detail"].map(|name| text(&delivery[name]).to_owned());
                say(&format!("{}: {}: {}\n", fields[0], fields[1], fields[2]))?;
            }
            match text(&answer["status"]) {
                "success" => Ok(()),
                _ => bail!("{}", text(&answer["message"])),
            }
        }
    }
}

fn ask(method: &str, url: &str, token: Option<&str>) -> Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The agent is near; a proxy is for the far.
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let mut request = client.request(method.parse()?, url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.with_context(|| format!("{url} does not answer"))?;
        let (status, body) = (response.status(), response.bytes().await?);
        let body: Value = serde_json::from_slice(&body).with_context(|| format!("{url} answered {status}, no JSON"))?;
        match status.is_success() {
            true => Ok(body),
            false => bail!("{status}: {}", text(&body["detail"])),
        }
    })
}

/// One line an alert.
fn table(answer: &Value) -> String {
    let alerts = answer["alerts"].as_array().cloned().unwrap_or_default();
    if alerts.is_empty() {
        return "no alerts\n".to_owned();
    }
    let names = ["fingerprint", "severity", "status", "started_at", "rule_name", "message"];
    let row = |alert: &Value| {
        let cells = names.map(|name| text(&alert[name]).replace(['\n', '\r'], " "));
        let [fingerprint, severity, status, started, rule, message] = cells;
        format!("{fingerprint}  {severity:<8}  {status:<12}  {started}  {rule}  {message}\n")
    };
    let shown: String = alerts.iter().map(row).collect();
    let total = answer["total_count"].as_u64().unwrap_or(0);
    let rest = total.saturating_sub(alerts.len() as u64);
    if rest == 0 { shown } else { format!("{shown}… and {rest} more\n") }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
