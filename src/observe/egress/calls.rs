//! What makes the observers of the gateway's calls on one worker, and the spans of calls: one that carries a context which says
//! that it is recorded has a span of ours between the gateway's and the service's. What carries none stays as it came, and is
//! counted.

use super::{Connection, Reader};
use crate::event::exchange::{Outcome, Version};
use crate::event::{Call, Edits, ObserveCalls, Queue, Record};
use crate::metrics::http::Method;
use crate::observe::edits::{self, Wishes};
use crate::service::Pair;
use crate::trace::Desk;
use crate::trace::id::Ids;
use crate::trace::propagate::Reader as Context;
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

impl Calls {
    /// Spans are decided by what runs on `desk`, and told to `queue`.
    pub fn new(desk: Desk, queue: Queue) -> Self {
        Self(Some(Arc::new(Tracing { desk, queue, ids: Mutex::new(Ids::new()) })))
    }

    /// Without spans.
    pub fn untraced() -> Self {
        Self(None)
    }

    /// A call begins with `head`, at `base` of the bytes that are edited. What is to become its span, if it has one.
    pub(super) fn begin(
        &self,
        now: Instant,
        pair: &Pair,
        head: &RequestHead<'_>,
        base: isize,
        edits: &mut Edits,
    ) -> Option<Box<Call>> {
        let Tracing { desk, ids, .. } = self.0.as_deref()?;
        let tracer = desk.tracer()?;
        let mut reader = Context::default();
        head.fields.iter().for_each(|field| reader.field(field.name.as_bytes(), field.value));
        let begun = tracer.policy.call(now, &reader, &mut ids.lock());
        tracer.metrics().call(pair.name(), begun.is_some() || reader.remote(tracer.policy.forms()).is_some());
        let (trace, fields) = begun?;
        if let Some(fields) = &fields {
            edits::head(head, base, &Wishes { trace: Some(fields), ..Wishes::default() }, edits);
        }
        Some(Box::new(Call {
            trace,
            service: pair.name().into(),
            address: pair.address(),
            version: if head.minor == 0 { Version::Http10 } else { Version::Http11 },
            method: Method::parse(head.method).as_str(),
            target: head.target.as_bytes().into(),
            started: now,
            began: None,
            ended: now,
            status: None,
            outcome: Outcome::Whole,
        }))
    }

    /// A call is over.
    pub(super) fn end(&self, now: Instant, outcome: Outcome, call: Option<Box<Call>>) {
        if let (Some(tracing), Some(mut call)) = (&self.0, call) {
            (call.ended, call.outcome) = (now, outcome);
            tracing.queue.tell(Record::Call(call));
        }
    }
}

impl ObserveCalls<Pair> for Calls {
    type Observer = Connection;

    fn connection(&self, pair: Pair) -> Connection {
        Connection { pair, calls: self.clone(), reader: Reader::Start(Vec::new(), Vec::new()) }
    }
}

/// Of one call that has a span.
pub(super) type Told = Option<Box<Call>>;
