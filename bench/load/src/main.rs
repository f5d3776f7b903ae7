//! The load and the gateway behind what is measured: one thread, plain epoll, nothing allocated per request, so that
//! core 1 is not what limits.
//!
//! - `run`: the measurement, closed loop or at a fixed rate
//! - `hold`: connections that are kept and sit still
//! - `gateway`: a canned HTTP server whose WebSockets echo, or stream one way
//! - `request`: what a client sends, how it opens a connection, where the reply ends
//! - `head`: heads of requests and responses
//! - `cpu`: what the kernel says about processes and cores
//! - `poll`: epoll with a deadline

mod cpu;
mod gateway;
mod head;
mod hold;
mod poll;
mod request;
mod run;

use clap::{Args, Parser};
use std::net::SocketAddr;

#[derive(Parser)]
#[command(about)]
enum Command {
    /// Sends requests and prints one line of JSON: counts, latencies, CPU of the watched processes.
    Run(run::Options),
    /// Opens connections, sends one request on each, prints `ready N`, and holds them until standard input ends.
    Hold(Target),
    /// Answers `/` with 200 bytes, `/64k` with 64 KiB, `/bytes/N` with N bytes, and WebSocket messages with their
    /// echo: each with N of them at `/push/N`, each Nth at `/every/N`.
    Gateway {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// Whom to talk to, and how.
#[derive(Args)]
struct Target {
    /// The proxy (or the gateway itself); loopback only.
    #[arg(long, value_parser = loopback)]
    addr: SocketAddr,
    /// How many connections are kept.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    #[command(flatten)]
    request: request::Options,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr = text.parse().map_err(|e| format!("{e}"))?;
    if addr.ip().is_loopback() { Ok(addr) } else { Err("only loopback is loaded".into()) }
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Run(options) => run::run(&options),
        Command::Hold(target) => hold::hold(&target),
        Command::Gateway { listen } => gateway::serve(listen),
    }
}
