//! What becomes of a head of HTTP/1, in one walk over its fields.

use super::Wishes;
use crate::event::Edits;
use crate::trace::propagate::Become;
use crate::wire::http1::RequestHead;
use std::ops::Range;

/// Makes what is wished of a head. `base` is where it begins, seen from the bytes that are being edited: negative when its
/// start has gone on already.
///
/// The last `X-Forwarded-For` is extended where it stands. If that line has gone on, a new line does (RFC 9110 §5.3: a
/// list may be spread over lines). A context is written where one stands; if that line has gone on, it stays as it came, since
/// two of them would be none. What is not there yet goes in front of the empty line, if that has not gone on too.
pub fn head(head: &RequestHead<'_>, base: isize, wishes: &Wishes<'_>, edits: &mut Edits) {
    let here = |at: usize| usize::try_from(base + at as isize).ok();
    let mut address = wishes.client.map(|client| (client, head.forwarded_for.and_then(here)));
    let mut extend = |before: usize, edits: &mut Edits| {
        if let Some((client, Some(at))) = address
            && at <= before
        {
            edits.insert(at, &[b", ", client.as_bytes()]);
            address = None;
        }
    };
    let mut written = [false; 8];
    if let Some(trace) = wishes.trace
        && !wishes.is_fresh
    {
        for field in head.fields {
            let becomes = trace.of(field.name.as_bytes());
            let is_first = match becomes {
                Become::Same => continue,
                Become::Ours(name) => !std::mem::replace(&mut written[name as usize], true),
                Become::Gone => false,
            };
            let Some(line) = line(head.bytes, field.name) else { continue };
            let cut = match becomes {
                Become::Ours(_) if is_first => within(head.bytes, field.value).unwrap_or(at_the_end(head.bytes, line)),
                // A second one would make none of both.
                _ => line,
            };
            let (Some(from), Some(to)) = (here(cut.start), here(cut.end)) else { continue };
            extend(from, edits);
            match becomes {
                Become::Ours(name) if is_first => edits.replace(from..to, &[trace.line(name).value()]),
                _ => edits.replace(from..to, &[]),
            }
        }
    }
    let Some(end) = here(blank_line(head.bytes)) else { return };
    extend(end, edits);
    edits.write(end..end, |text| {
        if let Some((client, _)) = address {
            text.extend_from_slice(client.line());
        }
        if let Some(trace) = wishes.trace {
            let missing = trace.names().filter(|name| !written[*name as usize]);
            missing.for_each(|name| text.extend_from_slice(trace.line(name).as_bytes()));
        }
        if let Some(id) = wishes.request_id {
            [b"x-request-id: ", &id[..], b"\r\n"].into_iter().for_each(|piece| text.extend_from_slice(piece));
        }
    });
}

/// Where the empty line of a whole head begins.
fn blank_line(head: &[u8]) -> usize {
    head.len() - if head.ends_with(b"\r\n") { 2 } else { 1 }
}

/// Where a part of a head is, if it is one and not empty.
fn within(head: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let from = (part.as_ptr() as usize).checked_sub(head.as_ptr() as usize)?;
    (!part.is_empty() && from + part.len() <= head.len()).then(|| from..from + part.len())
}

/// Behind what a line says, in front of its end.
fn at_the_end(head: &[u8], line: Range<usize>) -> Range<usize> {
    let end = line.end - if head[..line.end].ends_with(b"\r\n") { 2 } else { 1 };
    end..end
}

/// The line of a field, with its end.
fn line(head: &[u8], name: &str) -> Option<Range<usize>> {
    let name = within(head, name.as_bytes())?;
    let end = memchr::memchr(b'\n', &head[name.end..])?;
    Some(name.start..name.end + end + 1)
}

#[cfg(test)]
mod tests {
    use super::super::Address;
    use super::*;
    use crate::config::tracing::Format;
    use crate::event::{Context, SpanId, TraceId};
    use crate::trace::propagate::Fields;
    use crate::wire::http1;

    const OURS: &str = "00-abababababababababababababababab-cdcdcdcdcdcdcdcd-01";
    const THEIRS: &str = "00-12345678901234567890123456789012-1234567890123456-01";

    fn edited_from(text: &str, from: usize, wishes: &Wishes<'_>) -> String {
        let (mut edits, mut out) = (Edits::default(), Vec::new());
        http1::request(text.as_bytes(), |head| super::head(head, -(from as isize), wishes, &mut edits))
            .unwrap()
            .unwrap();
        edits.apply(&text.as_bytes()[from..], &mut out);
        String::from_utf8(out).unwrap()
    }

    fn with_address(head: &str, ip: &str) -> String {
        let client = Address::new(ip.parse().unwrap());
        edited_from(head, 0, &Wishes { client: Some(&client), ..Wishes::default() })
    }

    fn fields(forms: &[Format], keep_state: bool) -> Fields {
        let (trace, span) = (TraceId::new([0xab; 16]).unwrap(), SpanId::new([0xcd; 8]).unwrap());
        let context = Context { trace, span, parent: None, sampled: true, random: false, debug: false };
        Fields::new(&context, forms.iter().copied().collect(), keep_state)
    }

    fn with_trace(head: &str, from: usize, forms: &[Format], keep_state: bool) -> String {
        let client = Address::new("10.0.0.1".parse().unwrap());
        let fields = fields(forms, keep_state);
        let wishes =
            Wishes { client: Some(&client), trace: Some(&fields), is_fresh: false, request_id: Some(&[b'7'; 36]) };
        edited_from(head, from, &wishes)
    }

    #[test]
    fn the_address_extends_the_last_list_or_starts_one() {
        assert_eq!(
            with_address("GET / HTTP/1.1\r\nX-Forwarded-For: a \r\nB: c\r\n\r\n", "10.0.0.1"),
            "GET / HTTP/1.1\r\nX-Forwarded-For: a, 10.0.0.1 \r\nB: c\r\n\r\n"
        );
        assert_eq!(
            with_address("GET / HTTP/1.1\r\n\r\n", "::ffff:10.0.0.1"),
            "GET / HTTP/1.1\r\nx-forwarded-for: 10.0.0.1\r\n\r\n"
        );
        assert_eq!(
            with_address("GET / HTTP/1.1\r\nB: c\r\n\r\n", "2001:db8::1"),
            "GET / HTTP/1.1\r\nB: c\r\nx-forwarded-for: 2001:db8::1\r\n\r\n"
        );
    }

    #[test]
    fn a_context_is_written_where_one_stands_and_added_where_none_does() {
        let head = format!(
            "GET / HTTP/1.1\r\nTraceParent:  {THEIRS} \r\ntracestate: a=b\r\nX-Forwarded-For: a\r\nB3: 0\r\n\r\n"
        );
        let forms = [Format::TraceContext, Format::B3, Format::Jaeger];
        let (trace, span) = ("ab".repeat(16), "cd".repeat(8));
        assert_eq!(
            with_trace(&head, 0, &forms, true),
            format!(
                "GET / HTTP/1.1\r\nTraceParent:  {OURS} \r\ntracestate: a=b\r\nX-Forwarded-For: a, 10.0.0.1\r\n\
                 B3: {trace}-{span}-1\r\nuber-trace-id: {trace}:{span}:0:1\r\nx-request-id: {}\r\n\r\n",
                "7".repeat(36)
            )
        );
    }

    #[test]
    fn what_speaks_of_another_trace_is_taken_out() {
        let head = format!(
            "GET / HTTP/1.1\r\ntraceparent:\r\nA: b\r\ntracestate: a=b\r\ntraceparent: {THEIRS}\r\nC: d\r\n\r\n"
        );
        let passed = with_trace(&head, 0, &[Format::TraceContext], false);
        let expected = format!("GET / HTTP/1.1\r\ntraceparent:{OURS}\r\nA: b\r\nC: d\r\nx-forwarded-for: 10.0.0.1\r\n");
        assert!(passed.starts_with(&expected), "{passed}");
        assert!(!passed.contains("tracestate") && !passed.contains(THEIRS), "{passed}");
    }

    #[test]
    fn a_context_that_has_gone_on_is_not_written_twice() {
        let head = format!("GET / HTTP/1.1\r\ntraceparent: {THEIRS}\r\nA: b\r\n\r\n");
        let gone = head.find("A: b").unwrap();
        for from in [gone, gone - 2, gone - 10] {
            let passed = with_trace(&head, from, &[Format::TraceContext, Format::Jaeger], true);
            assert!(passed.starts_with(&head[from..gone + 4]), "{passed}");
            assert!(!passed.contains("traceparent") && passed.contains("uber-trace-id"), "{passed}");
        }
        // When the empty line has gone on too, nothing can be done any more.
        assert_eq!(with_trace(&head, head.len() - 1, &[Format::Jaeger], true), "\n");
    }
}
