//! Where spans go: each exporter has a bounded queue, a batch, retries and counters of its own, so that one that is dead
//! costs the others nothing, and traffic nothing in any case.
//!
//! - `queue`: spans that wait
//! - `run`: one exporter's life
//! - `send`: one attempt, and what its failure means
//! - `grpc`, `http`: OTLP
//! - `jaeger`: Thrift over HTTP · `thrift`: its encoding
//! - `console`: one JSON object a line
//! - `resource`: who we are

mod console;
mod grpc;
mod http;
mod jaeger;
mod queue;
pub mod resource;
mod run;
mod send;
#[cfg(test)]
mod tests;
mod thrift;

pub use queue::{Item, Origin, Outlet};
pub use resource::Identity;
pub use run::Report;
pub use send::Sender;

use crate::config::tracing::Exporter;
use crate::metrics::TraceMetrics;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Exporters that were built and do not run yet.
pub struct Built(Vec<One>);

struct One {
    name: String,
    config: Exporter,
    sender: Sender,
}

/// Exporters that run.
pub struct Running {
    exporters: Vec<(mpsc::UnboundedSender<run::Flush>, JoinHandle<()>)>,
}

impl Built {
    /// Builds what `exporters` say; certificates are read.
    ///
    /// # Errors
    /// A sentence that names the exporter and what is wrong.
    pub fn new(exporters: &[Exporter], identity: &Identity) -> Result<Self, String> {
        let mut built: Vec<One> = Vec::new();
        for (at, config) in exporters.iter().enumerate() {
            let kind = config.target.kind();
            let same = built.iter().filter(|one| one.config.target.kind() == kind).count();
            let name = if same == 0 { kind.to_owned() } else { format!("{kind}-{}", same + 1) };
            let sender = Sender::new(config, identity);
            let sender = sender.map_err(|error| format!("tracing.exporters[{at}].{kind}: {error}"))?;
            built.push(One { name, config: config.clone(), sender });
        }
        Ok(Self(built))
    }

    /// Starts them on the runtime that this is called in. What is offered to the outlets is sent.
    pub fn start(self, metrics: &TraceMetrics) -> (Vec<Outlet>, Running) {
        let mut outlets = Vec::new();
        let exporters = self.0.into_iter().map(|One { name, config, sender }| {
            let outlet = Outlet::new(&name, &config, metrics.exporter(&name));
            outlets.push(outlet.clone());
            let (orders, received) = mpsc::unbounded_channel();
            (orders, tokio::spawn(run::run(outlet, config, sender, received)))
        });
        let exporters = exporters.collect();
        (outlets, Running { exporters })
    }
}

impl Running {
    /// Sends what waits now, at once, each batch with one attempt; tells what became of it.
    pub fn flush(&self) -> impl Future<Output = Vec<Report>> + Send + use<> {
        let replies: Vec<_> = self
            .exporters
            .iter()
            .filter_map(|(orders, _)| {
                let (reply, told) = oneshot::channel();
                orders.send(run::Flush { reply }).ok().map(|()| told)
            })
            .collect();
        async { join_all(replies).await.into_iter().flatten().collect() }
    }

    /// Sends what waits within `patience`; the rest is counted as dropped.
    pub async fn stop(self, outlets: &[Outlet], patience: Duration) {
        let (orders, mut tasks): (Vec<_>, Vec<_>) = self.exporters.into_iter().unzip();
        drop(orders);
        let ended = join_all(tasks.iter_mut());
        if tokio::time::timeout(patience, ended).await.is_err() {
            tasks.iter().for_each(JoinHandle::abort);
        }
        outlets.iter().for_each(Outlet::give_up);
    }
}
