//! The thread that looks at the gateway beside us: its processes, its own metrics, its OpenAPI document.

use super::Orders;
use crate::config::Config;
use crate::event::Coverage;
use crate::event::coverage::{Area, Status};
use crate::gateway::merge::{IDLE, Scraper};
use crate::gateway::process::{Places, Process, Sight};
use crate::gateway::{Merged, document};
use crate::metrics::route::ROUTES;
use crate::metrics::{GatewayMetrics, RouteMetrics};
use crate::proxy::worker::Order;
use crate::route::{Document, Pattern, Table};
use anyhow::{Context as _, Result};
use arc_swap::ArcSwapOption;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::watch;

/// What the thread looks at: the configuration and the gateway's addresses.
pub(super) type Subject = (Arc<Config>, Vec<SocketAddr>);

/// The templates of the document that was read last.
pub(super) type Documented = Arc<ArcSwapOption<Document>>;

/// The thread, until it is stopped.
pub(super) struct Watching {
    /// `None` ends it.
    subject: watch::Sender<Option<Subject>>,
    thread: JoinHandle<()>,
}

/// What the thread tells.
pub(super) struct Findings {
    pub(super) metrics: GatewayMetrics,
    pub(super) routes: RouteMetrics,
    pub(super) merged: Merged,
    pub(super) documented: Documented,
    pub(super) coverage: Coverage,
    /// Where endpoints are told to the workers.
    pub(super) orders: Arc<watch::Sender<Orders>>,
}

impl Watching {
    pub(super) fn start(subject: Subject, findings: Findings) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let process = Process::new(Places::of(|name| std::env::var(name).ok()), findings.metrics.clone());
        let scraper = Scraper::new(findings.merged.clone(), findings.metrics.clone());
        let reader = document::Reader::default();
        let (subject, subjects) = watch::channel(Some(subject));
        let thread = std::thread::Builder::new().name("gateway".to_owned());
        let thread = thread.spawn(move || runtime.block_on(run(process, scraper, reader, findings, subjects)));
        Ok(Self { subject, thread: thread.context("cannot start thread gateway")? })
    }

    /// Takes another subject.
    pub(super) fn follow(&self, subject: Subject) {
        self.subject.send_replace(Some(subject));
    }

    pub(super) fn stop(self) {
        self.subject.send_replace(None);
        let _ = self.thread.join();
    }
}

async fn run(
    mut process: Process,
    mut scraper: Scraper,
    mut reader: document::Reader,
    findings: Findings,
    mut subjects: watch::Receiver<Option<Subject>>,
) {
    let mut looked = None;
    loop {
        let Some((config, gateway)) = subjects.borrow_and_update().clone() else { return };
        let now = Instant::now();
        scraper.follow(&config.metrics.merge, now);
        reader.follow(&config.routes, now);
        if looked.is_none_or(|looked| now.duration_since(looked) >= IDLE / 2) {
            looked = Some(now);
            findings.coverage.put(area(process.look(&gateway)));
        }
        // Targets and documents of a gateway that hangs must not hold up a stop.
        tokio::select! {
            () = scraper.scrape(now, config.metrics.series_limit) => {}
            _ = subjects.changed() => continue,
        }
        tokio::select! {
            document = reader.read(now) => {
                if let Some(document) = document {
                    take(document, &config, &findings);
                }
            }
            _ = subjects.changed() => continue,
        }
        tell_routes(&config, &findings, reader.error());
        let next = [scraper.next(), reader.next()].into_iter().flatten().min();
        let wake = next.map_or(now + IDLE, |next| next.min(now + IDLE));
        tokio::select! {
            () = tokio::time::sleep_until(wake.into()) => {}
            _ = subjects.changed() => {}
        }
    }
}

/// Endpoints by another document; those that traffic taught live on.
fn take(document: Document, config: &Config, findings: &Findings) {
    tracing::info!(templates = document.templates.len(), skipped = document.skipped, "the OpenAPI document is read");
    findings.documented.store(Some(Arc::new(document)));
    findings.orders.send_if_modified(|order| {
        let Order::Serve(plan) = order else { return false };
        plan.observe.table =
            table(config, &findings.documented, Some(&plan.observe.table), plan.observe.interests.marked());
        true
    });
}

/// The endpoints of a configuration and a document; those that traffic taught the table before live on.
pub(super) fn table(
    config: &Config,
    documented: &Documented,
    before: Option<&Table>,
    marked: impl Iterator<Item = Pattern>,
) -> Arc<Table> {
    // Endpoints that services are judged by must be told apart, and so must those that signals leave out.
    let routes = &config.routes;
    let named = config.services.iter().flat_map(|service| &service.routes).chain(&routes.exclude);
    let named = named.filter(|pattern| !routes.patterns.contains(pattern));
    let patterns: Vec<Pattern> = routes.patterns.iter().chain(named).map(Pattern::from).collect();
    let document = documented.load_full().filter(|_| config.routes.openapi.is_some());
    let templates = document.as_ref().map_or(&[][..], |document| &document.templates);
    let table = Table::new(&patterns, templates, config.routes.max).mark(marked);
    Arc::new(match before {
        Some(before) => table.inherit(before),
        None => table,
    })
}

/// How many endpoints there are, and which patterns would say what traffic had to teach.
fn tell_routes(config: &Config, findings: &Findings, error: Option<&str>) {
    let Order::Serve(plan) = &*findings.orders.borrow() else { return };
    let report = plan.observe.table.report();
    let count: usize = report.sources.iter().map(|(_, count)| count).sum();
    for (source, count) in &report.sources {
        findings.routes.endpoints(source.as_str(), *count);
    }
    let mut why = format!("{count} of at most {} endpoints.", report.capacity);
    for fold in &report.folds {
        why.push_str(&format!(
            " {} stands for {} words and more; to have it from the first request on, add to routes.patterns: {}.",
            fold.level,
            fold.words,
            fold.patterns.join(", ")
        ));
    }
    if report.refused > 0 {
        why.push_str(&format!(" {} requests are `other`, since there was no room for more.", report.refused));
    }
    if let Some(error) = error {
        why.push_str(&format!(" The OpenAPI document cannot be read: {error}."));
    }
    let enable = match () {
        () if report.refused > 0 => Some("routes.max"),
        () if !report.folds.is_empty() => Some("routes.patterns"),
        () if config.routes.openapi.is_none() => Some("routes.openapi"),
        () => None,
    };
    let status = if report.refused > 0 || error.is_some() { Status::Partly } else { Status::Seen };
    findings.coverage.put(Area { name: "routes", status, why, enable, metrics: ROUTES });
}

fn area(sight: Sight) -> Area {
    let (status, why, enable) = match sight {
        Sight::Processes(count) => (Status::Seen, format!("{count} processes that listen where the gateway is."), None),
        Sight::Cgroup => (Status::Partly, "Its control group; its descriptors are not seen.".to_owned(), None),
        Sight::Nothing => (
            Status::Unseen,
            "No process that we can look at listens where the gateway is: share the PID namespace of the pod \
             (shareProcessNamespace: true) and run as the gateway's user, or name its control group in \
             OUTRIDER_GATEWAY_CGROUP."
                .to_owned(),
            None,
        ),
    };
    let metrics =
        "gateway_memory_bytes gateway_memory_limit_bytes gateway_cpu_seconds_total gateway_open_fds gateway_threads";
    Area { name: "gateway", status, why, enable, metrics }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Router;

    #[test]
    fn what_is_excluded_is_an_endpoint_by_the_name_that_signals_leave_out() {
        let yaml = "routes: { exclude: [ \"/probe/{kind}\", /healthz ] }";
        let config = crate::config::parse(yaml, std::path::Path::new(""), &|_| None).unwrap();
        let table = table(&config, &Documented::default(), None, std::iter::empty());
        let mut router = Router::new(table);
        for (target, name) in [("/probe/live", "/probe/{kind}"), ("/healthz?full", "/healthz")] {
            let endpoint = router.endpoint(target.as_bytes());
            assert!(endpoint.is_settled());
            assert_eq!(&*router.table().name(endpoint), name);
        }
    }
}
