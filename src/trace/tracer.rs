//! Spans of what passed: made when it is over, kept for a while, and offered to every exporter.

use super::export::{Identity, Item, Origin, Outlet};
use super::id::Ids;
use super::policy::Policy;
use super::recent::Recent;
use super::span::{Clock, Judgement, Made, children, of_call, of_exchange, of_rule, of_session};
use crate::config::tracing::Tracing;
use crate::event::{Exchange, Record, Session, Traced};
use crate::metrics::TraceMetrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use std::sync::Arc;

/// Everything about spans under one configuration. Shared by the observe thread, the receiver and the admin port.
pub struct Tracer {
    /// What is decided at heads.
    pub policy: Arc<Policy>,
    /// The last spans.
    pub recent: Recent,
    /// The ways out.
    pub outlets: Vec<Outlet>,
    metrics: TraceMetrics,
    baggage: Vec<String>,
    scheme: &'static str,
    identity: Identity,
    ids: Mutex<Ids>,
}

impl Tracer {
    /// By the configuration; `scheme` is how clients speak to us, `identity` whose spans we make.
    pub fn new(
        config: &Tracing,
        policy: Arc<Policy>,
        scheme: &'static str,
        identity: Identity,
        outlets: Vec<Outlet>,
        metrics: TraceMetrics,
        ids: Ids,
    ) -> Self {
        let (recent, baggage, ids) = (Recent::new(config.recent), config.baggage.clone(), Mutex::new(ids));
        Self { policy, recent, outlets, metrics, baggage, scheme, identity, ids }
    }

    /// Makes the spans of what was told, and of what rules saw in it; `clock` is about now.
    pub fn see(&self, record: &Record, judgements: impl Iterator<Item = Judgement>, clock: Clock) {
        match record {
            Record::Exchange(exchange) => self.exchange(exchange, judgements, clock),
            Record::Session(session) => self.session(session, clock),
            Record::Call(call) => {
                self.metrics.sampled(call.trace.by).inc();
                self.offer(of_call(call, clock));
            }
            Record::Message(_) => {}
        }
    }

    /// Shows what is known of the budget.
    pub fn report(&self) {
        self.metrics.share(self.policy.sampler.factor());
    }

    /// The span of an exchange that is over, and its children; nothing for one that has no context or is not to have a span.
    fn exchange(&self, exchange: &Exchange, judgements: impl Iterator<Item = Judgement>, clock: Clock) {
        let Some(Traced { context, by }) = &exchange.trace else { return };
        self.metrics.sampled(by).inc();
        let made = Made { clock, scheme: self.scheme, by, baggage: &self.baggage };
        let span = of_exchange(exchange, context, &made);
        let timing = exchange.response.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"server-timing"));
        let children = children(&span, context, timing.map(|(_, value)| value), || self.ids.lock().span());
        self.offer(span);
        children.into_iter().for_each(|child| self.offer(child));
        for judgement in judgements {
            let id = self.ids.lock().span();
            self.offer(of_rule(&judgement, exchange, context, id, clock));
        }
    }

    /// The span of a session that is over.
    fn session(&self, session: &Session, clock: Clock) {
        self.offer(of_session(session, clock));
    }

    fn offer(&self, span: Span) {
        self.pass(Item { span, origin: None });
    }

    /// Spans that the gateway made itself and sent over `protocol`: they go where ours go.
    pub fn receive(&self, protocol: &str, request: ExportTraceServiceRequest) {
        let mut count = 0;
        for group in request.resource_spans {
            let resource = self.identity.complete(group.resource.unwrap_or_default());
            for scoped in group.scope_spans {
                let schemas = [group.schema_url.clone(), scoped.schema_url];
                let origin = Arc::new(Origin { resource: resource.clone(), scope: scoped.scope, schemas });
                count += scoped.spans.len() as u64;
                scoped.spans.into_iter().for_each(|span| self.pass(Item { span, origin: Some(origin.clone()) }));
            }
        }
        self.metrics.received(protocol).inc_by(count);
    }

    /// A span that is whole: kept for a while, and offered to every exporter.
    fn pass(&self, item: Item) {
        let item = Arc::new(item);
        self.recent.push(item.clone());
        self.outlets.iter().for_each(|outlet| outlet.offer(item.clone()));
    }

    /// What is counted of spans.
    pub fn metrics(&self) -> &TraceMetrics {
        &self.metrics
    }
}
