//! `jaeger.thrift` in Thrift's binary protocol: a batch of one process' spans.
//! (<https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift>)

use crate::trace::span::kind;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, span::Link, status::StatusCode};
use thrift::protocol::{
    TBinaryOutputProtocol, TFieldIdentifier, TListIdentifier, TOutputProtocol, TStructIdentifier, TType,
};

/// Child of, and follows from.
const FOLLOWS_FROM: i32 = 1;

/// The writer of one batch.
struct Writer<'a>(TBinaryOutputProtocol<&'a mut Vec<u8>>);

/// Encodes the spans of `service`, whose other attributes become its process' tags.
pub(super) fn batch<'a>(
    service: &str,
    attributes: &[KeyValue],
    spans: impl ExactSizeIterator<Item = &'a Span>,
) -> thrift::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut out = Writer(TBinaryOutputProtocol::new(&mut bytes, true));
    out.object(|out| {
        out.field(1, TType::Struct)?;
        out.object(|out| {
            out.string(1, service)?;
            let tags: Vec<&KeyValue> = attributes.iter().filter(|one| one.key != "service.name").collect();
            out.tags(2, &tags, &[])
        })?;
        out.list(2, TType::Struct, spans, |out, span| out.object(|out| out.span(span)))
    })?;
    Ok(bytes)
}

impl Writer<'_> {
    fn object(&mut self, fields: impl FnOnce(&mut Self) -> thrift::Result<()>) -> thrift::Result<()> {
        self.0.write_struct_begin(&TStructIdentifier::new(""))?;
        fields(self)?;
        self.0.write_field_stop()?;
        self.0.write_struct_end()
    }

    fn field(&mut self, id: i16, kind: TType) -> thrift::Result<()> {
        self.0.write_field_begin(&TFieldIdentifier { name: None, field_type: kind, id: Some(id) })
    }

    fn string(&mut self, id: i16, text: &str) -> thrift::Result<()> {
        self.field(id, TType::String)?;
        self.0.write_string(text)
    }

    fn i32(&mut self, id: i16, value: i32) -> thrift::Result<()> {
        self.field(id, TType::I32)?;
        self.0.write_i32(value)
    }

    fn i64(&mut self, id: i16, value: i64) -> thrift::Result<()> {
        self.field(id, TType::I64)?;
        self.0.write_i64(value)
    }

    fn list<T>(
        &mut self,
        id: i16,
        kind: TType,
        items: impl ExactSizeIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        self.field(id, TType::List)?;
        self.0.write_list_begin(&TListIdentifier::new(kind, i32::try_from(items.len()).unwrap_or(i32::MAX)))?;
        for item in items {
            each(self, item)?;
        }
        self.0.write_list_end()
    }

    fn span(&mut self, span: &Span) -> thrift::Result<()> {
        let (low, high) = trace(&span.trace_id);
        self.i64(1, low)?;
        self.i64(2, high)?;
        self.i64(3, number(&span.span_id))?;
        self.i64(4, number(&span.parent_span_id))?;
        self.string(5, &span.name)?;
        if !span.links.is_empty() {
            self.list(6, TType::Struct, span.links.iter(), |out, link| out.object(|out| out.reference(link)))?;
        }
        self.i32(7, (span.flags & 1) as i32)?;
        self.i64(8, micros(span.start_time_unix_nano))?;
        self.i64(9, micros(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)))?;
        let attributes: Vec<&KeyValue> = span.attributes.iter().collect();
        self.tags(10, &attributes, &more(span))?;
        self.list(11, TType::Struct, span.events.iter(), |out, event| {
            out.object(|out| {
                out.i64(1, micros(event.time_unix_nano))?;
                let fields: Vec<&KeyValue> = event.attributes.iter().collect();
                out.tags(2, &fields, &[("event", Value::StringValue(event.name.clone()))])
            })
        })
    }

    fn reference(&mut self, link: &Link) -> thrift::Result<()> {
        let (low, high) = trace(&link.trace_id);
        self.i32(1, FOLLOWS_FROM)?;
        self.i64(2, low)?;
        self.i64(3, high)?;
        self.i64(4, number(&link.span_id))
    }

    fn tags(&mut self, id: i16, tags: &[&KeyValue], more: &[(&str, Value)]) -> thrift::Result<()> {
        let known = tags.iter().filter_map(|tag| Some((tag.key.as_str(), tag.value.as_ref()?.value.as_ref()?)));
        let all: Vec<(&str, &Value)> = known.chain(more.iter().map(|(key, value)| (*key, value))).collect();
        self.list(id, TType::Struct, all.into_iter(), |out, (key, value)| out.object(|out| out.tag(key, value)))
    }

    /// Types: 0 string, 1 double, 2 bool, 3 long, 4 binary.
    fn tag(&mut self, key: &str, value: &Value) -> thrift::Result<()> {
        self.string(1, key)?;
        match value {
            Value::DoubleValue(double) => {
                self.i32(2, 1)?;
                self.field(4, TType::Double)?;
                self.0.write_double(*double)
            }
            Value::BoolValue(truth) => {
                self.i32(2, 2)?;
                self.field(5, TType::Bool)?;
                self.0.write_bool(*truth)
            }
            Value::IntValue(long) => {
                self.i32(2, 3)?;
                self.i64(6, *long)
            }
            Value::BytesValue(bytes) => {
                self.i32(2, 4)?;
                self.field(7, TType::String)?;
                self.0.write_bytes(bytes)
            }
            Value::StringValue(text) => {
                self.i32(2, 0)?;
                self.string(3, text)
            }
            // What Thrift has no type for is JSON.
            other => {
                self.i32(2, 0)?;
                let text = crate::trace::span::json(&AnyValue { value: Some(other.clone()) }).to_string();
                self.string(3, &text)
            }
        }
    }
}

/// What OpenTelemetry has fields for and Jaeger has tags for.
fn more(span: &Span) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::StringValue(text.to_owned());
    let mut more = Vec::new();
    if let Some(kind) = kind(span) {
        more.push(("span.kind", text(kind)));
    }
    if let Some(status) = span.status.as_ref() {
        match status.code() {
            StatusCode::Error => {
                more.push(("error", Value::BoolValue(true)));
                more.push(("otel.status_code", text("ERROR")));
            }
            StatusCode::Ok => more.push(("otel.status_code", text("OK"))),
            StatusCode::Unset => {}
        }
        if !status.message.is_empty() {
            more.push(("otel.status_description", text(&status.message)));
        }
    }
    if !span.trace_state.is_empty() {
        more.push(("w3c.tracestate", text(&span.trace_state)));
    }
    more
}

/// The low and the high half.
fn trace(id: &[u8]) -> (i64, i64) {
    let (high, low) = id.split_at(id.len().saturating_sub(8));
    (number(low), number(high))
}

/// Zero where there is none.
fn number(id: &[u8]) -> i64 {
    id.try_into().map_or(0, i64::from_be_bytes)
}

fn micros(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000).unwrap_or(i64::MAX)
}
