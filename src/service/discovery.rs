//! Where a service is: names become addresses, again and again, on the control plane's thread.
//!
//! - `dns`: A, AAAA and SRV records
//! - `kubernetes`: EndpointSlices

mod dns;
mod kubernetes;

use super::directory::Service;
use crate::config::services::Discovery;
use crate::metrics::ServiceMetrics;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long an answer is believed, whatever it says of itself.
const BELIEVED: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);
/// How long to wait after a lookup that failed: doubled each time, up to the last.
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(30);

/// What a lookup found.
#[derive(Debug)]
enum Found {
    /// Addresses with their tiers, and how long they may be believed.
    Addresses(Vec<(SocketAddr, u16)>, Duration),
    /// There are none, says who must know; and for how long to believe that.
    Nothing(Duration),
}

/// Keeps the addresses of `service` up to date for as long as it is polled. `first` is told when the first word is there.
pub(super) async fn follow(service: Arc<Service>, metrics: ServiceMetrics, first: oneshot::Sender<()>) {
    let Some(config) = &service.config else { return };
    if let Some(address) = config.address.literal().filter(|_| config.discovery == Discovery::Dns) {
        service.instances.publish(&[(address, 0)]);
        let _ = first.send(());
        return;
    }
    let (mut first, mut pause) = (Some(first), *PAUSES.start());
    let mut cluster = kubernetes::Watch::default();
    loop {
        let found = match config.discovery {
            Discovery::Dns => dns::addresses(&config.address).await,
            Discovery::Srv => dns::services(&config.address).await,
            Discovery::Kubernetes => cluster.next(&config.address).await,
        };
        let (result, wait) = match found {
            Ok(Found::Addresses(addresses, believed)) => {
                service.instances.publish(&addresses);
                ("found", believed)
            }
            Ok(Found::Nothing(believed)) => {
                service.instances.publish(&[]);
                ("not_found", believed)
            }
            // Nobody has said that the addresses known are wrong.
            Err(error) => {
                tracing::debug!(service = service.name(), error, "a lookup failed; what was known goes on");
                let wait = pause;
                pause = (pause * 2).min(*PAUSES.end());
                ("error", wait)
            }
        };
        if result != "error" {
            pause = *PAUSES.start();
        }
        metrics.resolved(service.name(), result);
        if let Some(first) = first.take() {
            // Who started this may not wait any more.
            let _ = first.send(());
        }
        sleep(wait).await;
    }
}
