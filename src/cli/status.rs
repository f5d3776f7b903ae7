//! `outrider status`: how an agent is, on one screen; with `--ready` for health checks of containers.

use super::agent::{Agent, Failed, Output, wait};
use super::{figures, say};
use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a health check may take.
const PROBE: Duration = Duration::from_secs(5);

/// Tell how an agent is. The exit code is 0 where it is ready and well, else 1.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    agent: Agent,
    /// Tell only whether traffic may come: for health checks of containers.
    #[arg(long)]
    ready: bool,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Carries out the command.
pub(super) fn run(args: &Status) -> Result<()> {
    let unready = unready(&args.agent)?;
    if args.ready {
        return match (unready, args.output) {
            (None, Output::Text) => say("ready\n"),
            (None, Output::Json) => say("{\"ready\":true}\n"),
            (Some(reason), _) => Err(Failed(format!("not ready: {reason}")).into()),
        };
    }
    let ask = |path| args.agent.ask("GET", path, &[]);
    let (overview, summary) = (ask("/api/v1/observability")?, ask("/api/v1/metrics/summary")?);
    let (config, coverage) = (ask("/api/v1/config")?, ask("/api/v1/coverage")?);
    let well = unready.is_none() && overview["health"]["overall_status"] == "healthy";
    match args.output {
        Output::Text => say(&text(unready.as_deref(), &overview, &summary, &config, &coverage))?,
        Output::Json => {
            let mut all = overview;
            all["ready"] = json!(unready.is_none());
            all["reason"] = json!(unready);
            all["metrics_summary"] = summary["metrics_summary"].clone();
            say(&format!("{all:#}\n"))?;
        }
    }
    if well { Ok(()) } else { Err(Failed("the agent is not well".to_owned()).into()) }
}

/// Why traffic should not come, if so.
fn unready(agent: &Agent) -> Result<Option<String>> {
    wait(async {
        let response = agent.send(Method::GET, "/readyz", &[], Some(PROBE)).await?;
        if response.status().is_success() {
            return Ok(None);
        }
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Some(body["detail"].as_str().unwrap_or("it does not say why").to_owned()))
    })
}

fn text(unready: Option<&str>, overview: &Value, summary: &Value, config: &Value, coverage: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (parts, sums) = (&overview["observability"], &summary["metrics_summary"]);
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let state = unready.map_or_else(|| "ready".to_owned(), |reason| format!("not ready: {reason}"));
    let mut lines =
        vec![format!("{} ({}) is {state}", word(&overview["service"]), word(&parts["logging"]["environment"]))];
    lines.push(format!(
        "up        {}, {} requests, {} succeeded",
        figures::lasting(sums["uptime_seconds"].as_u64().unwrap_or(0)),
        figures::count(number(&sums["total_requests"])),
        figures::share(sums["success_rate"].as_f64()),
    ));
    let alerting = &parts["alerting"];
    let statistics = &alerting["statistics"];
    lines.push(format!("alerts    {} active, {} rules", statistics["active_alerts"], statistics["total_rules"]));
    lines.push(format!(
        "config    {} {:.12}, taken {}",
        word(&config["status"]),
        word(&config["hash"]),
        word(&config["loaded_at"])
    ));
    for trouble in [&alerting["error"], &config["error"]].into_iter().filter_map(Value::as_str) {
        lines.push(format!("trouble   {}", trouble.replace('\n', "\n          ")));
    }
    let areas = coverage["coverage"]["areas"].as_array().map(Vec::as_slice).unwrap_or_default();
    let unseen: Vec<&str> =
        areas.iter().filter(|area| area["status"] == "unseen").filter_map(|area| area["name"].as_str()).collect();
    if !unseen.is_empty() {
        lines.push(format!("unseen    {}", unseen.join(", ")));
    }
    lines.join("\n") + "\n"
}
