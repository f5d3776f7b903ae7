//! `outrider linger`: waits until the gateway takes no connections any more. A preStop hook of pods whose containers are all asked to
//! stop at once: what the gateway still has in flight, and what still comes in, passes through Outrider.

use super::Source;
use super::agent::wait;
use crate::base::duration::parse_duration;
use crate::config;
use crate::reload::environment;
use anyhow::Result;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// A gateway that takes longer to accept a connection is as good as gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Wait until the gateway takes no connections any more: a preStop hook where all containers are asked to stop at once.
#[derive(clap::Args)]
pub(super) struct Linger {
    #[command(flatten)]
    source: Source,
    /// How long, at most.
    #[arg(long, default_value = "28s", value_parser = duration)]
    at_most: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = parse_duration(text).and_then(|milliseconds| u64::try_from(milliseconds).ok());
    milliseconds.map(Duration::from_millis).ok_or_else(|| "expected a duration such as 28s".to_owned())
}

pub(super) fn run(args: &Linger) -> Result<()> {
    let config = config::load_without_secrets(&args.source.config, args.source.missing(), &environment)?;
    let gateway = config.ingress.gateway.at.to_string();
    wait(async {
        let gone = async {
            while let Ok(Ok(_)) = timeout(PATIENCE, TcpStream::connect(&gateway)).await {
                sleep(PAUSE).await;
            }
        };
        // Whether it went or we waited long enough: what follows is a stop.
        let _ = timeout(args.at_most, gone).await;
        Ok(())
    })
}
