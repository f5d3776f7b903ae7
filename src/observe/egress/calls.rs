//! What makes the observers of the gateway's calls on one worker, and the spans of calls. A call that carries a context is a child of
//! what that names; one that carries none is a child of the request that is known to have caused it, or stands for itself. What
//! is known of that is counted for every call, with a span or without.

use super::{Connection, Reader};
use crate::event::exchange::{Outcome, Version};
use crate::event::{Call, Context, Edits, ObserveCalls, Queue, Record};
use crate::metrics::http::Method;
use crate::observe::edits::{self, Wishes};
use crate::service::Pair;
use crate::service::pair::Kind;
use crate::trace::id::Ids;
use crate::trace::link::{Found, Origin};
use crate::trace::propagate::{Fields, Reader as Read};
use crate::trace::span::REJECTED;
use crate::trace::{Desk, Links};
use crate::wire::http1::RequestHead;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;

/// Makes the observers of one worker. Its lock is that worker's alone.
#[derive(Clone)]
pub struct Calls(Option<Arc<Tracing>>);

struct Tracing {
    desk: Desk,
    queue: Queue,
    ids: Mutex<Ids>,
}

/// A call as it is asked for.
pub(super) struct Asked<'a> {
    pub(super) version: Version,
    pub(super) method: &'a str,
    pub(super) target: &'a [u8],
}

/// Of one call: its span, if it has one, and where it is counted.
#[derive(Default)]
pub(super) struct Told {
    pub(super) span: Option<Box<Call>>,
    found: Option<(Links, Found, Instant)>,
}

impl Told {
    /// The answer's head is here.
    pub(super) fn answered(&mut self, now: Instant, status: u16) {
        if let Some(span) = &mut self.span {
            (span.status, span.began) = (Some(status), Some(now));
        }
    }

    /// It passed although the service's breaker is open.
    pub(super) fn withheld(&mut self) {
        if let Some(span) = &mut self.span {
            span.breaker = Some("withheld");
        }
    }
}

impl Calls {
    /// Spans are decided by what runs on `desk`, and told to `queue`.
    pub fn new(desk: Desk, queue: Queue) -> Self {
        Self(Some(Arc::new(Tracing { desk, queue, ids: Mutex::new(Ids::new()) })))
    }

    /// Without spans.
    pub fn untraced() -> Self {
        Self(None)
    }

    /// A call over HTTP/1 begins with `head`, at `base` of the bytes that are edited.
    pub(super) fn head(
        &self,
        now: Instant,
        pair: &Pair,
        head: &RequestHead<'_>,
        base: isize,
        edits: &mut Edits,
    ) -> Told {
        let version = if head.minor == 0 { Version::Http10 } else { Version::Http11 };
        let asked = Asked { version, method: head.method, target: head.target.as_bytes() };
        let fields = || head.fields.iter().map(|field| (field.name.as_bytes(), field.value));
        let (told, fields) = self.begin(now, pair, &asked, fields);
        if let Some(fields) = &fields {
            edits::head(head, base, &Wishes { trace: Some(fields), ..Wishes::default() }, edits);
        }
        told
    }

    /// A call begins: what becomes of it, and what it is to go on with where that can be.
    pub(super) fn begin<'a, I: Iterator<Item = (&'a [u8], &'a [u8])>>(
        &self,
        now: Instant,
        pair: &Pair,
        asked: &Asked<'_>,
        fields: impl Fn() -> I,
    ) -> (Told, Option<Fields>) {
        let Some(Tracing { desk, ids, .. }) = self.0.as_deref() else { return Default::default() };
        let Some(tracer) = desk.tracer() else { return Default::default() };
        let (policy, metrics, ids) = (&tracer.policy, tracer.metrics(), &mut ids.lock());
        let mut reader = Read::default();
        fields().for_each(|(name, value)| reader.field(name, value));
        let remote = reader.remote(policy.forms()).map(|(_, remote)| remote);
        let trace = remote.and_then(|remote| remote.ids).map(|(trace, _)| trace);
        let found = policy.links.as_ref().map(|links| (links, links.find(trace.as_ref(), pair.name(), fields())));
        metrics.call(pair.name(), remote.is_some());
        let (origin, linked_by) = match &found {
            Some((_, found)) if remote.is_none() => (found.origin, found.by().as_str()),
            _ => (Origin::Context, "context"),
        };
        if found.is_some() {
            metrics.linked(pair.name(), linked_by);
        }
        let mut links = Vec::new();
        let sampled = |context: &Context| context.sampled;
        let begun = match origin {
            Origin::Context => policy.call(now, &reader, ids),
            Origin::Header(parent) => policy.child(now, &parent, ids),
            Origin::Several(_) | Origin::Likely(_) | Origin::Unknown => {
                policy.root(now, ids).map(|traced| (traced, None))
            }
        };
        let found = found.map(|(links, found)| (links.clone(), found, now));
        let Some((trace, fields)) = begun else { return (Told { span: None, found }, None) };
        match origin {
            Origin::Several(all) => links.extend(all.into_iter().flatten().filter(sampled)),
            Origin::Likely(one) => links.extend(Some(one).filter(sampled)),
            Origin::Context | Origin::Header(_) | Origin::Unknown => {}
        }
        let span = Box::new(Call {
            trace,
            links,
            linked_by,
            breaker: (pair.kind() == Kind::Rejected).then_some(REJECTED),
            service: pair.name().into(),
            address: pair.address(),
            version: asked.version,
            method: Method::parse(asked.method).as_str(),
            target: asked.target.into(),
            started: now,
            began: None,
            ended: now,
            status: None,
            grpc: None,
            outcome: Outcome::Whole,
        });
        (Told { span: Some(span), found }, fields)
    }

    /// A call is over.
    pub(super) fn end(&self, now: Instant, outcome: Outcome, status: Option<u16>, told: Told) {
        let Told { span, found } = told;
        if let Some((links, found, began)) = found {
            let failed = outcome != Outcome::Whole || status.is_none_or(|status| status >= 400);
            links.ended(&found, now.saturating_duration_since(began), failed);
        }
        if let (Some(tracing), Some(mut span)) = (&self.0, span) {
            (span.ended, span.outcome) = (now, outcome);
            tracing.queue.tell(Record::Call(span));
        }
    }
}

impl ObserveCalls<Pair> for Calls {
    type Observer = Connection;

    fn connection(&self, pair: Pair) -> Connection {
        Connection { pair, calls: self.clone(), reader: Reader::Start(Vec::new(), Vec::new()) }
    }
}
