//! The span of what a business rule saw in an exchange: a child of the exchange's own, named by the rule, with the rule's labels.

use super::{Clock, empty, error, string};
use crate::event::{Context, Exchange, SpanId};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// What a rule saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The rule's name.
    pub rule: String,
    /// `success`, `failure`, or `accepted` for work that goes on.
    pub status: &'static str,
    /// Labels and their values, as they are counted.
    pub labels: Vec<(String, String)>,
}

/// The span of `judgement` of `exchange`, whose place is `parent`.
pub fn of_rule(judgement: &Judgement, exchange: &Exchange, parent: &Context, id: SpanId, clock: Clock) -> Span {
    let (start, end) = (clock.nanos(exchange.started), clock.nanos(exchange.ended));
    let context = Context { span: id, parent: Some(parent.span), ..*parent };
    let mut span = empty(&context, judgement.rule.clone(), SpanKind::Internal, start, end);
    // The parent is ours.
    span.flags &= !0x200;
    span.attributes.push(string("outrider.rule.status", judgement.status));
    span.attributes.extend(judgement.labels.iter().map(|(name, value)| string(&**name, &**value)));
    if judgement.status == "failure" {
        span.status = Some(error(""));
    }
    span
}
