//! The control plane of services: one task per service that finds its addresses and one that checks them, and what time alone
//! changes in the metrics.

use super::directory::{Directory, Service};
use super::gateway::{self, Checked};
use super::{check, discovery};
use crate::metrics::ServiceMetrics;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// How often the metrics are brought up to date.
const TICK: Duration = Duration::from_secs(1);

/// From now on, these services.
pub struct Order {
    /// The services.
    pub directory: Arc<Directory>,
    /// The gateway, if it is to be checked.
    pub gateway: Option<Arc<Checked>>,
    /// Told when there is a first word on the addresses of each.
    pub known: SyncSender<()>,
}

/// Looks after the services of the last order, until there can be no more orders.
pub async fn run(mut orders: mpsc::UnboundedReceiver<Order>, metrics: ServiceMetrics) {
    let (mut tasks, mut directory) = (JoinSet::new(), None);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => {
                    tasks = begin(&order.directory, &metrics, order.known);
                    if let Some(gateway) = order.gateway {
                        tasks.spawn(gateway::follow(gateway, metrics.clone()));
                    }
                    directory = Some(order.directory);
                }
                None => return,
            },
            // A task ends only when it has nothing to do.
            Some(_) = tasks.join_next() => continue,
            _ = tick.tick() => {}
        }
        for service in directory.iter().flat_map(|directory| &directory.services) {
            refresh(service, &metrics, Instant::now());
        }
    }
}

fn begin(directory: &Arc<Directory>, metrics: &ServiceMetrics, known: SyncSender<()>) -> JoinSet<()> {
    let (mut tasks, mut firsts) = (JoinSet::new(), Vec::new());
    for service in &directory.services {
        let (first, is_known) = oneshot::channel();
        firsts.push(is_known);
        tasks.spawn(discovery::follow(service.clone(), metrics.clone(), first));
        tasks.spawn(check::follow(service.clone(), metrics.clone()));
    }
    tasks.spawn(async move {
        for first in firsts {
            let _ = first.await;
        }
        // Who ordered may not wait any more.
        let _ = known.try_send(());
    });
    tasks
}

fn refresh(service: &Service, metrics: &ServiceMetrics, now: Instant) {
    if let Some(circuit) = &service.circuit {
        circuit.refresh(now);
    }
    let [healthy, unhealthy, unknown] = service.instances.counts(now);
    metrics.instances(service.name(), healthy, unhealthy, unknown);
}
