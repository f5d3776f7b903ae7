//! The composition root: builds every part from a configuration, starts it, and stops it in order.
//!
//! - `alerting`: the thread of the alert engine
//! - `coverage`: areas that no part speaks for
//! - `demo`: `outrider demo`
//! - `gateway`: the thread that looks at the gateway beside us
//! - `observing`: the thread that looks at whole exchanges
//! - `services`: the control plane of what the gateway calls
//! - `sampling`: our metrics into the history
//! - `spans`: the thread of the exporters
//! - `run`: `outrider run`, until a signal
//! - `logs`: the log and its level
//! - `located`: where the gateway's name leads
//! - `access_log`: a line an exchange
//! - `webhook`: the admission webhook of `outrider webhook`

mod access_log;
pub mod alerting;
mod coverage;
pub mod demo;
mod gateway;
mod located;
mod logs;
mod observing;
pub mod run;
mod sampling;
mod services;
mod spans;
pub mod webhook;

use crate::admin::{self, LevelSwitch, View};
use crate::alert::AlertMetrics;
use crate::config::{Config, ForwardedFor};
use crate::event::Coverage;
use crate::gateway::Merged;
use crate::metrics::{
    AdminMetrics, AgentMetrics, Described, GatewayMetrics, Registry, RouteMetrics, ServiceMetrics, TlsMetrics,
    TraceMetrics,
};
use crate::observe::egress::Calls;
use crate::observe::worker::Families;
use crate::observe::{self, Exposed, Interests, Worker};
use crate::proxy::worker::{Order, Parts, Plan};
use crate::proxy::{egress, listen, worker};
use crate::route::Table;
use crate::service::gateway::Checked;
use alerting::{Alerts, Setup};
use anyhow::{Context as _, Result, anyhow, ensure};
use arc_swap::ArcSwap;
use gateway::{Documented, Findings, Watching};
use located::{ends, resolve};
use observing::Observing;
use sampling::Sampling;
use services::Services;
use spans::Spans;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// What observers are told while they run.
type Orders = Order<observe::Plan>;

/// The agent, running.
pub struct App {
    view: Arc<View>,
    agent: AgentMetrics,
    tls: TlsMetrics,
    service_metrics: ServiceMetrics,
    services: Services,
    orders: Arc<watch::Sender<Orders>>,
    documented: Documented,
    watching: Watching,
    stop_admin: watch::Sender<bool>,
    workers: Vec<JoinHandle<usize>>,
    admin: JoinHandle<()>,
    observing: Observing,
    spans: Spans,
    sampling: Sampling,
    alerts: Alerts,
    ingress: Vec<SocketAddr>,
    admin_address: SocketAddr,
}

impl App {
    /// Starts everything. Nothing is accepted unless all of it could be built.
    pub fn start(config: Config) -> Result<Self> {
        let registry = Registry::new();
        registry.limit(config.metrics.series_limit);
        let agent = AgentMetrics::register(&registry);
        let (level, log_level) = (logs::start(config.log, agent.log_held_back.clone()), config.log.level);
        notice(&config);
        let families = Families::register(&registry, &config.metrics.buckets);
        let tls = families.road.tls.clone();
        let admin_metrics = AdminMetrics::register(&registry);
        let service_metrics = families.services.clone();
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let history = sampling::history(&config, &registry)?;
        let setup = Setup::of(&config)?;
        let alert_metrics = AlertMetrics::register(&registry)?;
        let gateway = resolve(&config)?;
        let admin_tls = admin_tls(&config)?;
        show_certificates(&config, &tls);
        let checked = Checked::new(&config.ingress, &gateway).map(Arc::new);
        let documented = Documented::default();
        let spans = Spans::start(&config, TraceMetrics::register(&registry))?;
        let prepared = spans.prepare(&config, None)?;
        let calls = || services::plan(&config, &service_metrics, None);
        let plan = plan(&config, &gateway, &documented, None, prepared.traces.clone(), calls)?;
        spans.adopt(prepared);
        let interests = plan.observe.interests.clone();
        let observing = Observing::start(interests, &families, spans.desk.clone())?;
        let services = Services::start(service_metrics.clone())?;
        services.follow(plan.egress.directory.clone(), checked.clone());
        services::announce(&plan.egress, None);
        let orders = Arc::new(watch::channel(Order::Serve(plan)).0);

        let workers = config.ingress.workers.get();
        let mut ingress = Vec::new();
        let mut sockets: Vec<Vec<std::net::TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
        let redirected = config.ingress.redirect.iter().map(|address| ("ingress.redirect", address));
        let listen = config.ingress.listen.iter().map(|address| ("ingress.listen", address));
        for (key, &address) in listen.chain(redirected) {
            let listeners =
                listen::listen(address, workers).with_context(|| format!("{key}: cannot listen on {address}"))?;
            ingress.push(listeners[0].local_addr()?);
            sockets.iter_mut().zip(listeners).for_each(|(sockets, listener)| sockets.push(listener));
        }
        let admin_listener = std::net::TcpListener::bind(config.admin.listen)
            .with_context(|| format!("admin.listen: cannot listen on {}", config.admin.listen))?;
        admin_listener.set_nonblocking(true)?;
        let admin_address = admin_listener.local_addr()?;

        let alerts = Alerts::start(setup, history.clone(), alert_metrics, spans.telling())?;
        let seen = Coverage::default();
        coverage::say(&seen, &config);
        let merged = Merged::default();
        let findings = Findings {
            metrics: GatewayMetrics::register(&registry),
            routes: RouteMetrics::register(&registry),
            merged: merged.clone(),
            documented: documented.clone(),
            coverage: seen.clone(),
            orders: orders.clone(),
        };
        let watching = Watching::start((Arc::new(config.clone()), gateway.clone()), findings)?;
        let exposed = Exposed::new(
            registry,
            observing.queue.clone(),
            agent.records_dropped.clone(),
            merged,
            families.exemplars.clone(),
        );
        services::cover(&config, &seen);
        let view = Arc::new(View {
            coverage: seen,
            registry: exposed,
            history,
            alerts: alerts.desk.clone(),
            traces: spans.desk.clone(),
            turns: admin::Turns::default(),
            config: Arc::new(ArcSwap::from_pointee(config)),
            gateway: Arc::new(gateway).into(),
            checked: checked.into(),
            reload_error: Arc::new(None).into(),
            draining: false.into(),
            loaded: (unix() as u64).into(),
            live: admin::Live::default(),
            level: LevelSwitch::new(log_level, move |to| level.set(to)),
            tls: admin_tls.into(),
            limiter: admin::Limiter::default(),
            auditing: Arc::default(),
            metrics: admin_metrics,
            started: Instant::now(),
        });
        let (stop_admin, stopped) = watch::channel(false);
        let admin = spawn("admin", {
            let view = view.clone();
            move || {
                admin::serve(admin_listener, view, stopped)
                    .unwrap_or_else(|error| tracing::error!(%error, "the admin port failed"))
            }
        })?;
        let workers = sockets.into_iter().enumerate().map(|(number, listeners)| {
            let (families, queue) = (families.clone(), observing.queue.clone());
            let (orders, services) = (orders.subscribe(), service_metrics.clone());
            let calls = Calls::new(spans.desk.clone(), observing.queue.clone());
            spawn(&format!("worker-{number}"), move || {
                let parts = Parts { number, listeners, road: families.road.clone(), services, calls };
                let observe = |plan: &observe::Plan| Rc::new(Worker::new(families, queue, plan));
                worker::run(parts, orders, observe, |worker, plan| worker.follow(plan)).unwrap_or_else(|error| {
                    tracing::error!(%error, "a worker failed");
                    0
                })
            })
        });
        let workers = workers.collect::<Result<_>>()?;
        let sampling = Sampling::start(view.history.clone(), view.registry.clone(), view.config.clone())?;
        agent.loaded(unix());
        for address in &ingress {
            tracing::info!(what = "ingress", %address, gateway = %view.config.load().ingress.gateway.at, "listening");
        }
        tracing::info!(what = "admin", address = %admin_address, "listening");
        Ok(Self {
            view,
            agent,
            tls,
            service_metrics,
            services,
            orders,
            documented,
            watching,
            stop_admin,
            workers,
            admin,
            observing,
            spans,
            sampling,
            alerts,
            ingress,
            admin_address,
        })
    }

    /// Where clients come in; ports that were 0 are what the kernel gave.
    pub fn ingress(&self) -> &[SocketAddr] {
        &self.ingress
    }

    /// The local ports of services, by name.
    pub fn service_ports(&self) -> Vec<(String, SocketAddr)> {
        let order = self.orders.borrow();
        let Order::Serve(plan) = &*order else { return Vec::new() };
        let doors = plan.egress.doors.iter().filter_map(|door| match &door.to {
            egress::To::Service(name) => Some((name.clone(), door.local().ok()?)),
            egress::To::Proxy | egress::To::Redirect => None,
        });
        doors.collect()
    }

    /// The admin port.
    pub fn admin(&self) -> SocketAddr {
        self.admin_address
    }

    /// The families of all metrics, in use or not.
    pub fn described(&self) -> Vec<Described> {
        self.view.registry.described()
    }

    /// The configuration that runs.
    pub fn config(&self) -> Arc<Config> {
        self.view.config.load_full()
    }

    /// Takes a new configuration. Everything new is built before anything is swapped; established connections go on.
    pub fn follow(&self, config: Config) -> Result<()> {
        let gateway = resolve(&config)?;
        self.adopt(config, gateway)?;
        self.view.loaded.store(unix() as u64, Ordering::Relaxed);
        self.agent.applied(unix());
        self.view.reload_error.store(Arc::new(None));
        Ok(())
    }

    /// Builds everything that `config` means with the gateway at these addresses, then swaps.
    fn adopt(&self, config: Config, gateway: Vec<SocketAddr>) -> Result<()> {
        let setup = Setup::of(&config)?;
        let admin_tls = admin_tls(&config)?;
        let (table, called) = match &*self.orders.borrow() {
            Order::Serve(plan) => (Some(plan.observe.table.clone()), Some(plan.egress.clone())),
            Order::Drain(_) => (None, None),
        };
        let prepared = self.spans.prepare(&config, Some(&self.view.config.load()))?;
        // Breakers and addresses of services that stay are taken over here, so nothing may fail behind it.
        let checked = Checked::new(&config.ingress, &gateway).map(Arc::new);
        let calls = || services::plan(&config, &self.service_metrics, called.as_ref());
        let plan = plan(&config, &gateway, &self.documented, table.as_deref(), prepared.traces.clone(), calls)?;
        let interests = plan.observe.interests.clone();
        self.services.follow(plan.egress.directory.clone(), checked.clone());
        services::announce(&plan.egress, called.as_ref());
        // A reload that was under way when a stop was asked for must not call the workers back.
        let served = self.orders.send_if_modified(|order| match order {
            Order::Serve(running) => {
                *running = plan;
                true
            }
            Order::Drain(_) => false,
        });
        ensure!(served, "we are stopping");
        self.observing.follow(interests);
        self.watching.follow((Arc::new(config.clone()), gateway.clone()));
        self.spans.adopt(prepared);
        self.view.level.set(config.log.level);
        notice(&config);
        show_certificates(&config, &self.tls);
        self.view.tls.store(admin_tls);
        self.alerts.follow(setup);
        self.view.registry.limit(config.metrics.series_limit);
        self.view.history.limit(sampling::limits(&config));
        self.view.gateway.store(Arc::new(gateway));
        coverage::say(&self.view.coverage, &config);
        self.view.checked.store(checked);
        services::cover(&config, &self.view.coverage);
        self.view.config.store(Arc::new(config));
        Ok(())
    }

    /// A changed file does not run, and why.
    pub fn refuse(&self, reason: String) {
        self.agent.refused();
        self.view.reload_error.store(Arc::new(Some(reason)));
    }

    /// The file says again what runs.
    pub fn restored(&self) {
        self.agent.restored();
        self.view.reload_error.store(Arc::new(None));
    }

    /// Asks for a stop: no more connections are taken, what is in flight may finish within `drain`.
    pub fn drain(&self, drain: Duration) {
        self.view.draining.store(true, Ordering::Relaxed);
        self.orders.send_replace(Order::Drain(drain));
    }

    /// Waits for the workers, then stops the admin port. Returns how many connections were cut.
    pub fn join(self) -> usize {
        let cut = self.workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum();
        self.stop_admin.send_replace(true);
        let _ = self.admin.join();
        self.alerts.stop();
        self.sampling.stop();
        self.watching.stop();
        self.observing.stop();
        self.services.stop();
        self.spans.stop();
        cut
    }
}

/// What a configuration means for the workers; endpoints that traffic taught the table before it live on.
fn plan(
    config: &Config,
    gateway: &[SocketAddr],
    documented: &Documented,
    before: Option<&Table>,
    traces: Option<observe::Traces>,
    calls: impl FnOnce() -> Result<egress::Plan>,
) -> Result<Plan<observe::Plan>> {
    let interests = Arc::new(Interests::new(config)?);
    let table = gateway::table(config, documented, before, interests.marked());
    let forwarded_for = config.ingress.forwarded_for == ForwardedFor::Append;
    let ends = ends(&config.ingress, gateway)?;
    let egress = calls()?;
    let judged = Arc::new(egress.directory.judged());
    Ok(Plan { ends, observe: observe::Plan { table, forwarded_for, interests, traces, judged }, egress })
}

/// What the admin port needs for TLS, if it is to speak it.
fn admin_tls(config: &Config) -> Result<Option<Arc<rustls::ServerConfig>>> {
    let made = config.admin.tls.as_ref().map_or(Ok(None), admin::tls);
    made.map_err(|reason| anyhow!("admin.tls: {reason}"))
}

/// Shows when the certificates that clients see expire.
fn show_certificates(config: &Config, tls: &TlsMetrics) {
    for (listener, of) in [("ingress", &config.ingress.tls), ("admin", &config.admin.tls)] {
        if let Some(pair) = of.as_ref().and_then(|tls| tls.pair.as_ref()) {
            tls.certificate(listener, pair.expires);
        }
    }
}

/// Says what is no fault of the configuration and should be known.
fn notice(config: &Config) {
    config.source.notices.iter().for_each(|notice| tracing::warn!(%notice, "configuration"));
}

fn spawn<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(body).with_context(|| format!("cannot start thread {name}"))
}

fn unix() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
