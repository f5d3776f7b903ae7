//! `outrider alerts`: alerts of an agent that runs, over its admin port.

use super::agent::{Agent, Failed, Output};
use super::say;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

/// Alerts of an agent that runs.
#[derive(Args)]
pub(super) struct Alerts {
    #[command(flatten)]
    agent: Agent,
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
        /// How they are told.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
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
    let ask = |method: &str, path: &str, query: &[(&str, &str)]| alerts.agent.ask(method, path, query);
    match &alerts.command {
        Command::List { status, severity, output } => {
            let all = [("status", status), ("severity", severity)];
            let query: Vec<(&str, &str)> =
                all.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
            let answer = ask("GET", "/api/v1/alerts", &query)?;
            say(&match output {
                Output::Json => format!("{answer:#}\n"),
                Output::Text => table(&answer),
            })
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
                _ => Err(Failed(text(&answer["message"]).to_owned()).into()),
            }
        }
    }
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
