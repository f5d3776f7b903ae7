//! Spans: the thread of the exporters, and what a configuration makes of them.

use super::alerting::pod;
use crate::config::{Config, Tracing};
use crate::metrics::TraceMetrics;
use crate::observe::Traces;
use crate::trace::export::{Built, Identity};
use crate::trace::id::Ids;
use crate::trace::receiver;
use crate::trace::{Desk, Links, Policy, Tracer};
use anyhow::{Context as _, Result, anyhow};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How long exporters may take to send what waits when they stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// The thread of the exporters, and what runs on it.
pub(super) struct Spans {
    /// Where others meet it.
    pub(super) desk: Desk,
    metrics: TraceMetrics,
    runtime: Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What a configuration makes: everything that can be wrong with it is found out before anything is swapped.
pub(super) struct Prepared {
    /// For the workers; `None` while there are no traces.
    pub(super) traces: Option<Traces>,
    change: Change,
}

enum Change {
    /// What runs goes on.
    None,
    /// This takes its place.
    Next(Option<Box<Next>>),
}

struct Next {
    config: Tracing,
    policy: Arc<Policy>,
    scheme: &'static str,
    built: Built,
    identity: Identity,
    ids: Ids,
}

impl Spans {
    /// Starts the thread, on which only the receiver runs, if there is one.
    pub(super) fn start(config: &Config, metrics: TraceMetrics) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (handle, desk) = (runtime.handle().clone(), Desk::default());
        let entered = runtime.enter();
        let listening = receiver::start(&config.tracing.receiver, &desk).map_err(|reason| anyhow!(reason))?;
        drop(entered);
        for (protocol, address) in listening {
            tracing::info!(what = "receiver", protocol, %address, "listening");
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("traces".to_owned()).spawn(move || {
            let _ = runtime.block_on(stopped);
            // A reader of our output that reads nothing must not keep the process.
            runtime.shutdown_background();
        });
        let thread = thread.context("cannot start thread traces")?;
        Ok(Self { desk, metrics, runtime: handle, stop, thread })
    }

    /// Tells the alert engine which traces are worth a look.
    pub(super) fn telling(&self) -> crate::alert::engine::Traces {
        let desk = self.desk.clone();
        crate::alert::engine::Traces::new(move |now| {
            let now = u64::try_from(now).unwrap_or(0).saturating_mul(1_000_000);
            desk.tracer().map(|tracer| tracer.recent.worth_a_look(now)).unwrap_or_default()
        })
    }

    /// Builds what `config` asks for; certificates are read. `before` is what ran until now.
    pub(super) fn prepare(&self, config: &Config, before: Option<&Config>) -> Result<Prepared> {
        let sees = |config: &Config| (config.tracing.clone(), config.service.clone(), config.environment.clone());
        let running = self.desk.tracer();
        if let (Some(before), Some(tracer)) = (before, &running)
            && sees(before) == sees(config)
            && has_calls(before) == has_calls(config)
            && scheme(before) == scheme(config)
        {
            let traces = Traces::new(config, tracer.policy.clone(), self.metrics.clone());
            return Ok(Prepared { traces: Some(traces), change: Change::None });
        }
        if !config.tracing.enabled {
            return Ok(Prepared { traces: None, change: Change::Next(None) });
        }
        let _entered = self.runtime.enter();
        let identity = Identity::new(config, &pod());
        let built = Built::new(&config.tracing.exporters, &identity).map_err(|reason| anyhow!(reason))?;
        // What is known of headers and calls outlives a reload that does not concern it.
        let known = running.and_then(|tracer| tracer.policy.links.clone());
        let known = known.filter(|links| links.is_by(&config.tracing.link));
        let links = has_calls(config).then(|| known.unwrap_or_else(|| Links::new(&config.tracing.link)));
        let policy = Arc::new(Policy::new(&config.tracing, Instant::now()).linked(links));
        let traces = Traces::new(config, policy.clone(), self.metrics.clone());
        let next =
            Next { config: config.tracing.clone(), policy, scheme: scheme(config), built, identity, ids: Ids::new() };
        Ok(Prepared { traces: Some(traces), change: Change::Next(Some(Box::new(next))) })
    }

    /// From now on what was prepared; what ran until now sends what it has.
    pub(super) fn adopt(&self, prepared: Prepared) {
        let Change::Next(next) = prepared.change else { return };
        let _entered = self.runtime.enter();
        let next = next.map(|next| {
            let (outlets, running) = next.built.start(&self.metrics);
            let tracer = Tracer::new(
                &next.config,
                next.policy,
                next.scheme,
                next.identity,
                outlets,
                self.metrics.clone(),
                next.ids,
            );
            (Arc::new(tracer), running)
        });
        if let Some((tracer, running)) = self.desk.swap(next) {
            self.runtime.spawn(async move { running.stop(&tracer.outlets, PATIENCE).await });
        }
    }

    /// Sends what waits, and ends the thread. What cannot be sent is counted as dropped, and said.
    pub(super) fn stop(self) {
        if let Some((tracer, running)) = self.desk.swap(None) {
            self.runtime.block_on(running.stop(&tracer.outlets, PATIENCE));
            for outlet in &tracer.outlets {
                let metrics = outlet.metrics();
                let (sent, dropped, failed) = (metrics.sent.get(), metrics.dropped.get(), metrics.failed.get());
                tracing::info!(exporter = outlet.name(), sent, dropped, failed, "spans");
            }
        }
        // It fails only when the thread is gone.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Whether calls of the gateway's come past us.
fn has_calls(config: &Config) -> bool {
    let egress = &config.egress;
    egress.http_proxy.is_some()
        || egress.redirect.is_some()
        || config.services.iter().any(|service| service.listen.is_some())
}

/// How clients speak to us.
fn scheme(config: &Config) -> &'static str {
    if config.ingress.tls.is_some() { "https" } else { "http" }
}
