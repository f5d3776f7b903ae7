//! `outrider top`: what passes now, endpoint by endpoint, again every second.

use super::agent::{Agent, Failed, Output, wait};
use super::{figures, say};
use anyhow::Result;
use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::Value;
use std::io::IsTerminal;

/// Show what passes now, endpoint by endpoint, once a second. Where the output is no terminal, it is shown once.
#[derive(Args)]
pub(super) struct Top {
    #[command(flatten)]
    agent: Agent,
    /// What comes first.
    #[arg(long, value_enum, default_value_t = Sort::Rate)]
    sort: Sort,
    /// Endpoints at most.
    #[arg(long, default_value_t = 20)]
    rows: usize,
    /// Show it so many times, then end.
    #[arg(long)]
    times: Option<usize>,
    /// How it is shown; JSON is one object a line.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sort {
    /// Requests a second.
    Rate,
    /// The share of answers that are errors.
    Errors,
    /// The 95th percentile of latency.
    P95,
    /// Requests since the start.
    Total,
}

/// The other screen of a terminal, which is left as it was.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H\x1b[J";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// Carries out the command.
pub(super) fn run(args: &Top) -> Result<()> {
    let screen = args.output == Output::Text && std::io::stdout().is_terminal() && args.times.is_none();
    let colour = screen && std::env::var_os("NO_COLOR").is_none();
    let times = args.times.or((!screen).then_some(1)).unwrap_or(usize::MAX);
    let shown = wait(async {
        let response = args.agent.send(Method::GET, "/api/v1/live", &[], None).await?;
        if !response.status().is_success() {
            let (status, body) = (response.status(), response.bytes().await?);
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            return Err(Failed(format!("{status}: {}", body["detail"].as_str().unwrap_or_default())).into());
        }
        if screen {
            say(ENTER)?;
        }
        tokio::select! {
            shown = follow(args, response, times, screen, colour) => shown,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    });
    if screen {
        say(LEAVE)?;
    }
    shown
}

/// Shows each event as it comes. The first knows no rates yet and is passed over.
async fn follow(args: &Top, mut response: reqwest::Response, times: usize, screen: bool, colour: bool) -> Result<()> {
    let (mut text, mut shown) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.map_err(|error| Failed(format!("the agent is gone: {error}")))? {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            let Some(event) = event.strip_prefix(b"data: ") else { continue };
            let event: Value = serde_json::from_slice(event)?;
            if event["requests"]["rate"].is_null() {
                continue;
            }
            match args.output {
                Output::Json => say(&format!("{event}\n"))?,
                Output::Text => say(&format!("{}{}", if screen { HOME } else { "" }, table(args, &event, colour)))?,
            }
            shown += 1;
            if shown >= times {
                return Ok(());
            }
        }
    }
    Err(Failed("the agent ended the stream: it stops, or its configuration has changed".to_owned()).into())
}

fn table(args: &Top, event: &Value, colour: bool) -> String {
    let painted = |code: &str, text: String| if colour { format!("{code}{text}{PLAIN}") } else { text };
    let all = &event["requests"];
    let number = |row: &Value, key: &str| row[key].as_f64();
    let (sessions, connections) = (&event["websocket"]["sessions"], &event["connections"]);
    let mut lines = vec![format!(
        "{} requests/s   {} errors   p50 {}   p95 {}   p99 {}   {} connections   {} WebSockets   {} alerts firing",
        figures::rate(number(all, "rate")),
        figures::share(number(all, "error_ratio")),
        figures::seconds(number(all, "p50")),
        figures::seconds(number(all, "p95")),
        figures::seconds(number(all, "p99")),
        figures::count(connections.as_f64().unwrap_or(0.0)),
        figures::count(sessions.as_f64().unwrap_or(0.0)),
        event["alerts"]["firing"],
    )];
    lines.push(String::new());
    let head = format!(
        "{:>9} {:>7} {:>9} {:>9} {:>9} {:>11}  {:<7} ENDPOINT",
        "RATE/S", "ERRORS", "P50", "P95", "P99", "TOTAL", "METHOD"
    );
    lines.push(painted(BOLD, head));
    let mut rows: Vec<&Value> = event["endpoints"].as_array().into_iter().flatten().collect();
    let key = match args.sort {
        Sort::Rate => "rate",
        Sort::Errors => "error_ratio",
        Sort::P95 => "p95",
        Sort::Total => "total",
    };
    let order = |row: &Value| (number(row, key).unwrap_or(-1.0), number(row, "total").unwrap_or(0.0));
    rows.sort_by(|a, b| order(b).partial_cmp(&order(a)).unwrap_or(std::cmp::Ordering::Equal));
    for row in rows.iter().take(args.rows) {
        let line = format!(
            "{:>9} {:>7} {:>9} {:>9} {:>9} {:>11}  {:<7} {}",
            figures::rate(number(row, "rate")),
            figures::share(number(row, "error_ratio")),
            figures::seconds(number(row, "p50")),
            figures::seconds(number(row, "p95")),
            figures::seconds(number(row, "p99")),
            figures::count(number(row, "total").unwrap_or(0.0)),
            row["method"].as_str().unwrap_or_default(),
            row["endpoint"].as_str().unwrap_or_default(),
        );
        let bad = number(row, "error_ratio").is_some_and(|share| share > 0.05);
        lines.push(if bad { painted(RED, line) } else { line });
    }
    let rest = rows.len().saturating_sub(args.rows);
    if rest > 0 {
        lines.push(format!("… and {rest} more; --rows shows them"));
    }
    lines.join("\n") + "\n"
}
