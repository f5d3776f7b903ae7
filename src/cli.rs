//! The command line. Exit codes: 0 good, 1 bad input, 2 usage, 70 a fault of ours.

use crate::app::{demo, run};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
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
    Run {
        /// The configuration; read again whenever it changes.
        #[arg(long, short, default_value = "agent.yaml")]
        config: PathBuf,
    },
    /// Show all of it at work: a gateway, its clients and the road between them, in this process.
    Demo(Demo),
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
    // clap ends the process with 2 on bad usage.
    match Cli::parse().command {
        Command::Run { config } => exit(run::run(&config)),
        Command::Demo(args) => exit(demo(&args)),
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
         the admin port is    http://{admin}\n\n\
         Ask the gateway something through Outrider, and look at what was seen:\n\n  \
         curl http://{ingress}/api/v1/users/7\n  \
         curl -s http://{admin}/api/v1/metrics | grep ^http_requests_total\n  \
         curl -s http://{admin}/api/v1/metrics | grep ^websocket_\n  \
         curl -s http://{admin}/api/v1/metrics/summary\n\n\
         Ctrl-C ends it."
    );
    run::until_signal(demo.app)
}

#[allow(clippy::print_stderr)]
fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    eprintln!("outrider: {error:#}");
    ExitCode::from(if error.is::<crate::config::Errors>() { 1 } else { FAULT })
}
