//! What one worker does for traces, in line: reads contexts at heads, decides, and, when an exchange is over, says whether it
//! has a span. Nothing here allocates.

#[cfg(test)]
mod tests;

use super::edits::{Address, Wishes};
use crate::config::Config;
use crate::event::{Context, SpanId, Traced};
use crate::metrics::{IntCounter, TraceMetrics};
use crate::route::{Endpoint, Pattern, Router, Table};
use crate::trace::Policy;
use crate::trace::id::Ids;
use crate::trace::link::Live;
use crate::trace::propagate::{Fields, Reader};
use crate::trace::sample::{Share, Why};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// What a configuration says of traces to the workers.
#[derive(Clone)]
pub struct Traces {
    policy: Arc<Policy>,
    metrics: TraceMetrics,
    rates: Arc<Rates>,
    /// Share of WebSocket messages that are noted.
    message_events: f64,
}

/// What endpoints have of their own.
struct Rates {
    table: Arc<Table>,
    by_pattern: HashMap<Arc<str>, Rate>,
}

/// What an endpoint has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// Nothing.
    Common,
    /// A share.
    Own(Share),
    /// It is kept out of traces.
    Excluded,
}

/// What became of a head, kept with its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traceable {
    context: Context,
    by: Why,
}

/// What becomes of a head.
#[derive(Default)]
pub(super) struct Head {
    pub(super) traceable: Option<Traceable>,
    pub(super) fields: Option<Fields>,
    /// Whether the head came with none of these.
    is_fresh: bool,
    pub(super) request_id: Option<[u8; 36]>,
}

impl Head {
    /// What is to be told to the gateway, with the client's address if that is.
    pub(super) fn wishes<'a>(&'a self, client: Option<&'a Address>) -> Wishes<'a> {
        Wishes { client, trace: self.fields.as_ref(), is_fresh: self.is_fresh, request_id: self.request_id.as_ref() }
    }
}

impl Traceable {
    /// Whether it is known already that it has a span.
    pub(super) fn is_sampled(&self) -> bool {
        self.context.sampled
    }
}

impl Traces {
    /// By `config`, under `policy`.
    pub fn new(config: &Config, policy: Arc<Policy>, metrics: TraceMetrics) -> Self {
        let excluded = config.routes.exclude.iter().map(|pattern| (Pattern::from(pattern), Rate::Excluded));
        let own = config.tracing.routes.iter();
        let own = own.map(|own| (Pattern::from(&own.endpoint), Rate::Own(Share::new(own.sample_rate))));
        let (mut patterns, mut by_pattern) = (Vec::new(), HashMap::new());
        for (pattern, rate) in excluded.chain(own) {
            by_pattern.entry(Arc::from(pattern.as_str())).or_insert(rate);
            patterns.push(pattern);
        }
        let table = Arc::new(Table::new(&patterns, &[], patterns.len() + 1));
        let rates = Arc::new(Rates { table, by_pattern });
        Self { policy, metrics, rates, message_events: config.tracing.message_events }
    }
}

/// Finds the rates of one generation of endpoints.
pub(super) struct Selector {
    rates: Arc<Rates>,
    router: Router,
    /// Of settled endpoints, by index.
    known: Vec<Option<Rate>>,
}

impl Selector {
    pub(super) fn new(traces: &Traces) -> Self {
        Self { rates: traces.rates.clone(), router: Router::new(traces.rates.table.clone()), known: Vec::new() }
    }

    /// The rate of `endpoint`, which `target` asked for; `name` gives its name. A template that is not settled is looked up
    /// by the target each time.
    pub(super) fn rate(&mut self, endpoint: Endpoint, target: &[u8], name: impl FnOnce() -> Arc<str>) -> Rate {
        let at = endpoint.index();
        if !endpoint.is_settled() || at == 0 {
            return self.find(target);
        }
        if at >= self.known.len() {
            self.known.resize(at + 1, None);
        }
        match self.known[at] {
            Some(rate) => rate,
            // A template matches the pattern that its paths do.
            None => *self.known[at].insert(Self::look_up(&mut self.router, &self.rates, name().as_bytes())),
        }
    }

    fn find(&mut self, target: &[u8]) -> Rate {
        Self::look_up(&mut self.router, &self.rates, target)
    }

    fn look_up(router: &mut Router, rates: &Rates, target: &[u8]) -> Rate {
        let endpoint = router.endpoint(target);
        if !endpoint.is_settled() || endpoint.index() == 0 {
            return Rate::Common;
        }
        rates.by_pattern.get(&rates.table.name(endpoint)).copied().unwrap_or(Rate::Common)
    }
}

/// One worker's part.
pub(super) struct Tracing {
    traces: Option<Traces>,
    ids: Ids,
    /// Exchanges without a span, by [`Why`].
    unsampled: Vec<(Why, IntCounter)>,
}

impl Tracing {
    /// `ids` are this worker's own.
    pub(super) fn new(traces: Option<Traces>, ids: Ids) -> Self {
        let mut tracing = Self { traces: None, ids, unsampled: Vec::new() };
        tracing.follow(traces);
        tracing
    }

    pub(super) fn follow(&mut self, traces: Option<Traces>) {
        let whys = [Why::Caller, Why::Rate, Why::Route, Why::Limit];
        let counters = |traces: &Traces| whys.map(|why| (why, traces.metrics.unsampled(why.as_str()))).to_vec();
        self.unsampled = traces.as_ref().map(counters).unwrap_or_default();
        self.traces = traces;
    }

    /// Whether anything in a request's head may be changed.
    pub(super) fn may_edit(&self) -> bool {
        self.traces.as_ref().is_some_and(|traces| traces.policy.may_edit())
    }

    /// Begins the span of a request whose fields `reader` has read; nothing for one that is kept out of traces.
    pub(super) fn head(&mut self, now: Instant, rate: Rate, reader: &Reader) -> Head {
        let route = match rate {
            Rate::Common => None,
            Rate::Own(share) => Some(share),
            Rate::Excluded => return Head::default(),
        };
        let Some(Traces { policy, .. }) = &self.traces else { return Head::default() };
        let begun = policy.begin(now, reader, route, &mut self.ids);
        let mints = policy.mint_request_id && !reader.has_request_id();
        Head {
            traceable: Some(Traceable { context: begun.context, by: begun.decision.why }),
            fields: policy.fields(&begun),
            is_fresh: !reader.carries(),
            request_id: mints.then(|| self.ids.uuid()),
        }
    }

    /// A request of `endpoint` with these fields is open, until what is returned is dropped. Nothing where no call comes past us.
    pub(super) fn open<'a>(
        &self,
        head: &'a Head,
        endpoint: impl FnOnce() -> Arc<str>,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Option<Live> {
        let links = self.traces.as_ref()?.policy.links.as_ref()?;
        let minted = head.request_id.iter().map(|id| (&b"x-request-id"[..], &id[..]));
        let context = head.traceable.as_ref().map(|traceable| &traceable.context);
        Some(links.begin(context, &endpoint(), fields.chain(minted)))
    }

    /// A request is over: whether it has a span after all. `failed` as [`Outcome`](crate::event::exchange::Outcome) and status say.
    pub(super) fn end(
        &self,
        now: Instant,
        began: Instant,
        failed: bool,
        traceable: Option<Traceable>,
    ) -> Option<Traced> {
        let (Traceable { context, by }, traces) = (traceable?, self.traces.as_ref()?);
        if context.sampled {
            return Some(Traced { context, by: by.as_str() });
        }
        if let Some(why) = traces.policy.sampler.keep(now, failed, now.saturating_duration_since(began)) {
            return Some(Traced { context, by: why.as_str() });
        }
        if let Some((_, counter)) = self.unsampled.iter().find(|(known, _)| *known == by) {
            counter.inc();
        }
        None
    }

    /// The place in the trace of a session whose handshake was at `handshake`, if that has a span, and the share of its
    /// messages that are noted.
    pub(super) fn session(&mut self, handshake: Option<Traceable>) -> Option<(Context, f64)> {
        let Traceable { context, .. } = handshake.filter(|handshake| handshake.context.sampled)?;
        let span: SpanId = self.ids.span();
        Some((Context { parent: Some(context.span), span, ..context }, self.traces.as_ref()?.message_events))
    }
}

/// Whether a gRPC status is a server's failure, by OpenTelemetry's conventions: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
/// INTERNAL, UNAVAILABLE, DATA_LOSS.
pub(super) fn is_grpc_failure(code: u16) -> bool {
    matches!(code, 2 | 4 | 12 | 13 | 14 | 15)
}
