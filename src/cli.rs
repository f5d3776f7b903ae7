//! The command line. Exit codes: 0 good, 1 bad input, 2 usage, 70 a fault of ours.

use clap::{Parser, Subcommand};
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
}

/// A fault of ours (`EX_SOFTWARE` of sysexits.h).
const FAULT: u8 = 70;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // clap ends the process with 2 on bad usage.
    match Cli::parse().command {
        Command::Run { config } => exit(crate::app::run::run(&config)),
    }
}

#[allow(clippy::print_stderr)]
fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    eprintln!("outrider: {error:#}");
    ExitCode::from(if error.is::<crate::config::Errors>() { 1 } else { FAULT })
}
