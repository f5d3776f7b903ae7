//! What is decided at a request's head: which trace it belongs to, whether its span is made, and what its fields become.

use super::id::Ids;
use super::link::Links;
use super::propagate::{Fields, Forms, Reader, Remote};
use super::sample::{Decision, Sampler, Share, Why};
use crate::config::tracing::{Format, Tracing};
use crate::event::{Context, Traced};
use std::time::Instant;

/// The rules of one configuration. All workers share it.
pub struct Policy {
    /// Whether spans are made.
    pub sampler: Sampler,
    /// In the order in which they are read.
    forms: Vec<Format>,
    written: Forms,
    trust: bool,
    inject: bool,
    /// Whether a request without `x-request-id` gets one.
    pub mint_request_id: bool,
    /// Which request caused a call; none where no call comes past us.
    pub links: Option<Links>,
}

/// What was decided.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// The request's place in its trace.
    pub context: Context,
    /// Whether its span is made, and why.
    pub decision: Decision,
    /// The form that the caller's trace was read from, if it is continued.
    pub form: Option<Format>,
    /// Whether the context is written into the request.
    pub inject: bool,
    /// Whether the caller's `tracestate` goes on with it.
    pub keep_state: bool,
}

impl Policy {
    /// By `config`; `now` begins the first second of the budget.
    pub fn new(config: &Tracing, now: Instant) -> Self {
        Self {
            sampler: Sampler::new(config, now),
            forms: config.propagation.clone(),
            written: config.propagation.iter().copied().collect(),
            trust: config.trust,
            inject: config.inject,
            mint_request_id: config.mint_request_id,
            links: None,
        }
    }

    /// With what is known of requests and calls.
    pub fn linked(self, links: Option<Links>) -> Self {
        Self { links, ..self }
    }

    /// Whether anything in a request's head may be changed.
    pub fn may_edit(&self) -> bool {
        self.inject || self.mint_request_id
    }

    /// Begins the span of a request; `route` is its endpoint's own share. Takes from the budget.
    pub fn begin(&self, now: Instant, reader: &Reader, route: Option<Share>, ids: &mut Ids) -> Begun {
        self.settle(reader, ids, |trace, remote| self.sampler.decide(now, trace, remote, route))
    }

    /// What [`Self::begin`] would do if there was no budget, which is not touched.
    pub fn rehearse(&self, reader: &Reader, route: Option<Share>, ids: &mut Ids) -> Begun {
        self.settle(reader, ids, |trace, remote| self.sampler.wish(trace, remote, route))
    }

    fn settle(
        &self,
        reader: &Reader,
        ids: &mut Ids,
        decide: impl FnOnce(&crate::event::TraceId, Option<&Remote>) -> Decision,
    ) -> Begun {
        let found = reader.remote(&self.forms).filter(|_| self.trust);
        let (form, remote) = found.unzip();
        let caller = remote.and_then(|remote| remote.ids);
        let (trace, parent) = match caller {
            Some((trace, span)) => (trace, Some(span)),
            None => (ids.trace(), None),
        };
        let decision = decide(&trace, remote.as_ref());
        let context = Context {
            trace,
            span: ids.span(),
            parent,
            sampled: decision.sampled,
            random: parent.is_none() || remote.is_some_and(|remote| remote.random),
            debug: decision.sampled && remote.is_some_and(|remote| remote.debug),
        };
        // A caller that records its trace while we have no room: what it said goes on untouched, so that the trace has one
        // span less and no hole.
        let passes = decision.why == Why::Limit && remote.is_some_and(|remote| remote.sampled == Some(true));
        let keep_state = form == Some(Format::TraceContext) && reader.has_good_state();
        let inject = self.inject && !passes;
        Begun { context, decision, form: form.filter(|_| parent.is_some()), inject, keep_state }
    }

    /// The forms that contexts are read and written in.
    pub fn forms(&self) -> &[Format] {
        &self.forms
    }

    /// Begins the span of a call of the gateway's, if that carries a context and has room for one: the context says whose child it
    /// is, and the gateway's word is trusted. What becomes of the fields that carry it; none is added.
    pub fn call(&self, now: Instant, reader: &Reader, ids: &mut Ids) -> Option<(Traced, Option<Fields>)> {
        let (form, remote) = reader.remote(&self.forms)?;
        let (trace, parent) = remote.ids?;
        let decision = self.sampler.decide(now, &trace, Some(&remote), None);
        if !decision.sampled {
            return None;
        }
        let (parent, random, debug) = (Some(parent), remote.random, remote.debug);
        let context = Context { trace, span: ids.span(), parent, sampled: true, random, debug };
        let keep_state = form == Format::TraceContext && reader.has_good_state();
        let there: Forms = self.forms.iter().copied().filter(|form| reader.has_form(*form)).collect();
        let fields = self.inject.then(|| Fields::new(&context, there, keep_state));
        Some((Traced { context, by: decision.why.as_str() }, fields))
    }

    /// Begins the span of a call that carries no context and was caused by the request of `parent`, if that has a span and there is
    /// room for one. The fields that are to carry it.
    pub fn child(&self, now: Instant, parent: &Context, ids: &mut Ids) -> Option<(Traced, Option<Fields>)> {
        let Context { trace, random, debug, .. } = *parent;
        let remote = Remote { ids: Some((trace, parent.span)), sampled: Some(parent.sampled), random, debug };
        let decision = self.sampler.decide(now, &trace, Some(&remote), None);
        let context = Context { span: ids.span(), parent: Some(parent.span), ..*parent };
        let traced = decision.sampled.then(|| Traced { context, by: decision.why.as_str() })?;
        Some((traced, self.inject.then(|| Fields::new(&context, self.written, false))))
    }

    /// Begins the span of a call that nobody knows the cause of, in a trace of its own.
    pub fn root(&self, now: Instant, ids: &mut Ids) -> Option<Traced> {
        let trace = ids.trace();
        let decision = self.sampler.decide(now, &trace, None, None);
        let (span, parent, debug) = (ids.span(), None, false);
        let context = Context { trace, span, parent, sampled: true, random: true, debug };
        decision.sampled.then(|| Traced { context, by: decision.why.as_str() })
    }

    /// What the fields of a request become; `None` where they stay as they came.
    pub fn fields(&self, begun: &Begun) -> Option<Fields> {
        begun.inject.then(|| Fields::new(&begun.context, self.written, begun.keep_state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::propagate::Become;

    fn policy(yaml: &str) -> Policy {
        let text = format!("tracing: {{ {yaml} }}");
        let config = crate::config::parse(&text, std::path::Path::new(""), &|_| None);
        Policy::new(&config.unwrap_or_else(|errors| panic!("{errors}")).tracing, Instant::now())
    }

    fn begin(policy: &Policy, fields: &[(&str, &str)]) -> Begun {
        let mut reader = Reader::default();
        fields.iter().for_each(|(name, value)| reader.field(name.as_bytes(), value.as_bytes()));
        policy.begin(Instant::now(), &reader, None, &mut Ids::from_seed([1; 32]))
    }

    const PARENT: (&str, &str) = ("traceparent", "00-12345678901234567890123456789012-1234567890123456-01");

    fn goes(policy: &Policy, begun: &Begun, name: &str) -> bool {
        policy.fields(begun).is_some_and(|fields| fields.of(name.as_bytes()) == Become::Gone)
    }

    #[test]
    fn a_callers_trace_is_continued_and_its_state_with_it() {
        let policy = policy("");
        let begun = begin(&policy, &[PARENT, ("tracestate", "a=b")]);
        assert_eq!(begun.context.trace.to_string(), "12345678901234567890123456789012");
        assert_eq!(begun.context.parent.unwrap().to_string(), "1234567890123456");
        assert_eq!((begun.form, begun.decision.why), (Some(Format::TraceContext), Why::Caller));
        assert!(begun.context.sampled && !begun.context.random && !goes(&policy, &begun, "tracestate"));
    }

    #[test]
    fn an_untrusted_trace_is_begun_anew() {
        let policy = policy("trust: false");
        let begun = begin(&policy, &[PARENT, ("tracestate", "a=b")]);
        assert_eq!((begun.context.parent, begun.form), (None, None));
        assert!(begun.context.random && goes(&policy, &begun, "tracestate"));
    }

    #[test]
    fn a_decision_without_ids_is_heeded() {
        let begun = begin(&policy(""), &[("b3", "0")]);
        assert_eq!((begun.context.sampled, begun.decision.why, begun.form), (false, Why::Caller, None));
    }

    #[test]
    fn the_state_of_another_trace_goes() {
        let b3 = ("b3", "463ac35c9f6413ad463ac35c9f6413ad-0020000000000001-1");
        let policy = policy("propagation: [ b3, tracecontext ]");
        let begun = begin(&policy, &[PARENT, ("tracestate", "a=b"), b3]);
        assert_eq!(begun.form, Some(Format::B3));
        assert!(goes(&policy, &begun, "tracestate"));
    }

    #[test]
    fn a_caller_that_records_is_not_contradicted_when_there_is_no_room() {
        let policy = policy("max_spans_per_second: 1");
        assert!(begin(&policy, &[PARENT]).inject);
        let begun = begin(&policy, &[PARENT]);
        assert_eq!((begun.decision.why, begun.context.sampled), (Why::Limit, false));
        assert!(!begun.inject);
        // A trace that begins here is another matter: it is told that it is not recorded.
        assert!(begin(&policy, &[]).inject);
    }

    #[test]
    fn nothing_is_written_where_that_is_switched_off() {
        let policy = policy("inject: false, mint_request_id: false");
        assert!(!begin(&policy, &[PARENT]).inject && !policy.may_edit());
    }
}
