//! The command line. Exit codes: 0 good, 1 bad input, 2 usage, 70 a fault of ours.
//!
//! - `agent`: an agent that runs, as commands ask it
//! - `alerts`: `outrider alerts`
//! - `figures`: numbers for people
//! - `inject`: `outrider inject` and `outrider uninject`
//! - `linger`: `outrider linger`
//! - `redirect`: rules by which the kernel leads connections to us
//! - `rules`: what the author of rules works with
//! - `status`: `outrider status`
//! - `top`: `outrider top`
//! - `webhook`: `outrider webhook`

mod agent;
mod alerts;
mod figures;
mod inject;
mod linger;
mod redirect;
mod rules;
mod status;
mod top;
mod webhook;

use crate::app::{alerting, demo, run};
use crate::config::{Errors, Missing, check};
use crate::metrics::estimate::estimate;
use crate::reload::environment;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rides beside an API gateway and derives metrics, traces and alerts from its traffic alone.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ride beside a gateway.
    Run(Source),
    /// Tell what a configuration does, or everything that is wrong with it.
    Check {
        /// The file.
        #[arg(default_value = "agent.yaml")]
        file: PathBuf,
        /// Do not fetch secrets: they need not be there.
        #[arg(long)]
        no_secrets: bool,
        /// Say how many series it can lead to.
        #[arg(long)]
        series: bool,
    },
    Status(status::Status),
    Top(top::Top),
    Alerts(alerts::Alerts),
    /// Work with alerting and recording rules.
    #[command(subcommand)]
    Rules(rules::Rules),
    Redirect(redirect::Redirect),
    Inject(inject::Inject),
    Uninject(inject::Uninject),
    Webhook(webhook::Webhook),
    Linger(linger::Linger),
    /// Print a script that completes commands in a shell: `outrider completions bash >> ~/.bashrc`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    Version,
    /// Show all of it at work: a gateway, its clients and the road between them, in this process.
    Demo(Demo),
}

/// Where the configuration is.
#[derive(clap::Args)]
struct Source {
    /// The configuration; what runs reads it again whenever it changes.
    #[arg(long, short, default_value = "agent.yaml")]
    config: PathBuf,
    /// Take a file that is not there for an empty one, until it comes.
    #[arg(long)]
    optional: bool,
}

impl Source {
    fn missing(&self) -> Missing {
        if self.optional { Missing::Empty } else { Missing::Fault }
    }
}

#[derive(clap::Args)]
struct Demo {
    /// Where clients come in.
    #[arg(long, default_value = "127.0.0.1:8080")]
    ingress: SocketAddr,
    /// Where people look.
    #[arg(long, default_value = "127.0.0.1:9600")]
    admin: SocketAddr,
    /// Send nothing: the traffic is yours.
    #[arg(long)]
    no_load: bool,
}

/// A fault of ours (`EX_SOFTWARE` of sysexits.h).
const FAULT: u8 = 70;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // One provider of cryptography for all; it fails only where there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // clap ends the process with 2 on bad usage.
    match Cli::parse().command {
        Command::Run(source) => exit(run::run(&source.config, source.missing())),
        Command::Check { file, no_secrets, series } => exit(check(&file, !no_secrets, series)),
        Command::Status(args) => exit(status::run(&args)),
        Command::Top(args) => exit(top::run(&args)),
        Command::Alerts(args) => exit(alerts::run(args)),
        Command::Completions { shell } => exit(completions(shell)),
        Command::Demo(args) => exit(demo(&args)),
        Command::Rules(command) => exit(rules::rules(&command)),
        Command::Redirect(args) => exit(redirect::run(&args)),
        Command::Inject(args) => exit(inject::inject(&args)),
        Command::Uninject(args) => exit(inject::uninject(&args)),
        Command::Webhook(args) => exit(webhook::run(&args)),
        Command::Linger(args) => exit(linger::run(&args)),
        Command::Version => exit(version()),
    }
}

fn check(file: &Path, fetch: bool, series: bool) -> anyhow::Result<()> {
    let config = check::read(file, &environment, fetch)?;
    let rules = alerting::check(&config)?;
    say(&format!("{} is valid\n{}  {:<10} {rules}\n", file.display(), check::summary(&config), "rules"))?;
    if series { say(&estimate(&config)) } else { Ok(()) }
}

fn version() -> anyhow::Result<()> {
    say(concat!("outrider ", env!("CARGO_PKG_VERSION"), "\n"))
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "outrider", &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// Prints a whole text. Who closes the pipe early (`| head -1`) has what he wanted.
fn say(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[allow(clippy::print_stdout)]
fn demo(args: &Demo) -> anyhow::Result<()> {
    let demo = demo::start(args.ingress, args.admin, !args.no_load)?;
    let (ingress, admin, gateway) = (demo.ingress, demo.app.admin(), demo.gateway);
    println!(
        "Outrider's demo: a gateway that knows nothing of Outrider, and what Outrider sees of it.\n\n\
         clients come in at   http://{ingress}\n\
         the gateway is at    http://{gateway}\n\
         look at it here      http://{admin}\n\n\
         Ask the gateway something through Outrider, and look at what was seen:\n\n  \
         curl http://{ingress}/api/v1/users/7\n  \
         curl -s http://{admin}/api/v1/metrics | grep ^http_requests_total\n  \
         curl -s http://{admin}/api/v1/metrics | grep ^websocket_\n  \
         curl -s http://{admin}/api/v1/metrics | grep -E '^(service|circuit_breaker|connection_pool)_'\n  \
         curl -s http://{admin}/api/v1/metrics/summary\n\n\
         Ctrl-C ends it."
    );
    run::until_signal(demo.app)
}

#[allow(clippy::print_stderr)]
fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if let Some(failed) = error.downcast_ref::<agent::Failed>() {
        eprintln!("outrider: {failed}");
        return ExitCode::from(1);
    }
    let Some(errors) = error.downcast_ref::<Errors>() else {
        eprintln!("outrider: {error:#}");
        return ExitCode::from(FAULT);
    };
    let faults = errors.iter().len();
    eprintln!("{errors}\noutrider: the configuration has {faults} fault{}", if faults == 1 { "" } else { "s" });
    ExitCode::from(1)
}
