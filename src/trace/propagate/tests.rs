//! The specifications' cases, and properties that hold for any.

use super::*;
use crate::config::tracing::Format::{B3, B3Multi, Baggage, Jaeger, TraceContext};
use crate::event::Context;
use proptest::prelude::*;

const FORMS: [Format; 5] = [TraceContext, Baggage, B3, B3Multi, Jaeger];
const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn reader(fields: &[(&str, &str)]) -> Reader {
    let mut reader = Reader::default();
    fields.iter().for_each(|(name, value)| reader.field(name.as_bytes(), value.as_bytes()));
    reader
}

fn remote(fields: &[(&str, &str)]) -> Option<Remote> {
    reader(fields).remote(&FORMS).map(|(_, remote)| remote)
}

fn trace(fields: &[(&str, &str)]) -> Option<String> {
    remote(fields)?.ids.map(|(trace, _)| trace.to_string())
}

fn context() -> Context {
    Context {
        trace: TraceId::new([0xab; 16]).unwrap(),
        span: SpanId::new([0xcd; 8]).unwrap(),
        parent: SpanId::new([0xef; 8]),
        sampled: true,
        random: false,
        debug: false,
    }
}

fn written(context: &Context, forms: &[Format]) -> Vec<(String, String)> {
    let fields = Fields::new(context, forms.iter().copied().collect(), true);
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    fields.names().map(|name| (name.as_str().to_owned(), text(fields.line(name).value()))).collect()
}

#[test]
fn a_good_traceparent_is_continued_in_any_case_of_its_name_and_with_blanks_around() {
    for name in ["traceparent", "TraceParent", "TRACEPARENT"] {
        assert_eq!(trace(&[(name, PARENT)]).as_deref(), Some(TRACE));
    }
    for value in [format!("\t {PARENT} \t"), format!(" {PARENT}")] {
        assert_eq!(trace(&[("traceparent", &value)]).as_deref(), Some(TRACE));
    }
    assert_eq!(trace(&[("trace-parent", PARENT), ("trace.parent", PARENT)]), None);
}

#[test]
fn a_version_to_come_is_read_as_far_as_it_is_known() {
    let tail = &PARENT[2..];
    for value in [format!("cc{tail}"), format!("cc{tail}-what-the-future-will-be-like"), format!("01{tail}-")] {
        assert_eq!(trace(&[("traceparent", &value)]).as_deref(), Some(TRACE), "{value}");
    }
    for value in [format!("cc{tail}.what"), format!("ff{tail}"), format!("00{tail}-x"), format!("00{tail}.")] {
        assert_eq!(trace(&[("traceparent", &value)]), None, "{value}");
    }
}

#[test]
fn a_malformed_traceparent_is_none() {
    let zeros = "0".repeat(32);
    for value in [
        format!("00-{zeros}-1234567890123456-01"),
        format!("00-{TRACE}-0000000000000000-01"),
        "00-.2345678901234567890123456789012-1234567890123456-01".to_owned(),
        format!("00-{TRACE}3-1234567890123456-01"),
        format!("00-{}-1234567890123456-01", &TRACE[1..]),
        format!("00-{TRACE}-12345678901234567-01"),
        format!("00-{TRACE}-123456789012345-01"),
        format!("00-{TRACE}-123456789012345.-01"),
        format!("00-{TRACE}-1234567890123456-.0"),
        format!("00-{TRACE}-1234567890123456-001"),
        format!("00-{TRACE}-1234567890123456-1"),
        format!("0-{TRACE}-1234567890123456-01"),
        format!("000-{TRACE}-1234567890123456-01"),
        format!(".0-{TRACE}-1234567890123456-01"),
        "00-1234567890123456789012345678901A-1234567890123456-01".to_owned(),
        format!("00_{TRACE}-1234567890123456-01"),
        String::new(),
    ] {
        assert_eq!(trace(&[("traceparent", &value)]), None, "{value}");
    }
    assert_eq!(trace(&[("traceparent", PARENT), ("traceparent", PARENT)]), None);
}

#[test]
fn flags_are_bits_and_those_unknown_are_dropped() {
    let of = |flags: &str| remote(&[("traceparent", &format!("00-{TRACE}-1234567890123456-{flags}"))]).unwrap();
    assert_eq!((of("00").sampled, of("00").random), (Some(false), false));
    assert_eq!((of("01").sampled, of("01").random), (Some(true), false));
    assert_eq!((of("02").sampled, of("02").random), (Some(false), true));
    assert_eq!((of("ff").sampled, of("ff").random), (Some(true), true));
    let value = &written(&Context { random: true, ..context() }, &[TraceContext])[0].1;
    assert!(value.ends_with("-03"), "{value}");
}

#[test]
fn a_tracestate_is_passed_on_if_all_of_it_is_good() {
    let kept = |lines: &[&str]| {
        let mut fields = vec![("traceparent", PARENT)];
        fields.extend(lines.iter().map(|line| ("TraceState", *line)));
        reader(&fields).has_good_state()
    };
    let many = |count: usize| (0..count).map(|n| format!("bar{n}=1")).collect::<Vec<_>>().join(",");
    let printable: String = (b' '..=b'~').map(char::from).filter(|c| !matches!(c, ',' | '=')).collect();
    for good in [
        vec![""],
        vec!["foo=1", ""],
        vec!["foo=1 \t , \t bar=2, \t baz=3"],
        vec!["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
        vec!["abc_-*/019@a-z0-9_-*/= x"],
        vec!["0foo=1"],
        vec![&many(32)],
        vec![&format!("{}=1", "z".repeat(256))],
        vec![&format!("{}@{}=1", "t".repeat(241), "v".repeat(14))],
        vec![&format!("foo={printable}")],
        vec![&format!("foo={}", "v".repeat(256))],
    ] {
        assert!(kept(&good), "{good:?}");
    }
    for bad in [
        vec!["foo=1,foo=2"],
        vec!["foo=1", "foo=1"],
        vec!["foo =1"],
        vec!["FOO=1"],
        vec!["foo.bar=1"],
        vec!["foo@=1,bar=2"],
        vec!["@foo=1,bar=2"],
        vec!["foo@@bar=1"],
        vec!["foo@bar@baz=1"],
        vec!["foo@1=1"],
        vec!["foo"],
        vec!["=1"],
        vec!["foo=bar=baz"],
        vec!["foo=,bar=3"],
        vec![&many(33)],
        vec!["foo=1", &format!("{}=1", "z".repeat(257))],
        vec![&format!("{}@v=1", "t".repeat(242))],
        vec![&format!("t@{}=1", "v".repeat(15))],
        vec![&format!("foo={}", "v".repeat(257))],
        vec!["foo=\u{e9}"],
    ] {
        assert!(!kept(&bad), "{bad:?}");
    }
    assert!(!reader(&[("tracestate", "foo=1")]).has_good_state());
}

#[test]
fn b3_says_ids_and_decision_in_one_field() {
    let of = |value: &str| remote(&[("b3", value)]);
    let ids = format!("{TRACE}-1234567890123456");
    assert_eq!(of(&ids).unwrap().sampled, None);
    for (decision, sampled, debug) in
        [("1", true, false), ("0", false, false), ("d", true, true), ("true", true, false)]
    {
        let remote = of(&format!("{ids}-{decision}")).unwrap();
        assert_eq!((remote.sampled, remote.debug), (Some(sampled), debug), "{decision}");
        let alone = of(decision).unwrap();
        assert_eq!((alone.ids, alone.sampled), (None, Some(sampled)), "{decision}");
    }
    assert_eq!(of(&format!("{ids}-1-00000000000000ab")).unwrap().sampled, Some(true));
    assert_eq!(
        trace(&[("b3", "463ac35c9f6413ad-0020000000000001-1")]).unwrap(),
        format!("{:0>32}", "463ac35c9f6413ad")
    );
    for bad in [format!("{ids}-x"), format!("{ids}-1-x"), format!("{ids}-1-00000000000000ab-"), "463ac-1-1".into()] {
        assert_eq!(of(&bad), None, "{bad}");
    }
    assert_eq!(of(""), None);
}

#[test]
fn b3_says_the_same_in_several_fields() {
    let ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", "1234567890123456")];
    let with = |more: &[(&str, &str)]| remote(&[&ids[..], more].concat());
    assert_eq!(with(&[]).unwrap().sampled, None);
    assert_eq!(with(&[("X-B3-Sampled", "0")]).unwrap().sampled, Some(false));
    let debug = with(&[("X-B3-Flags", "1"), ("X-B3-ParentSpanId", "1234567890123457")]).unwrap();
    assert_eq!((debug.sampled, debug.debug), (Some(true), true));
    assert_eq!(with(&[("X-B3-Sampled", "maybe")]), None);
    assert_eq!(remote(&ids[..1]), None);
    assert_eq!(with(&ids), None);
    let alone = remote(&[("x-b3-sampled", "1")]).unwrap();
    assert_eq!((alone.ids, alone.sampled), (None, Some(true)));
}

#[test]
fn jaegers_field_may_be_short_and_encoded() {
    let of = |value: &str| remote(&[("uber-trace-id", value)]);
    for value in ["ab:cd:0:1", "ab%3Acd%3A0%3A1", "000000ab:0cd:0:1"] {
        let (trace, span) = of(value).unwrap().ids.unwrap();
        assert_eq!((trace.to_string(), span.to_string()), (format!("{:0>32}", "ab"), format!("{:0>16}", "cd")));
    }
    assert_eq!((of("ab:cd:0:3").unwrap().debug, of("ab:cd:0:2").unwrap().debug), (true, false));
    assert_eq!(of("ab:cd:0:0").unwrap().sampled, Some(false));
    for bad in ["ab:cd:0", "ab:cd:0:1:2", "ab:cd:0:", "0:cd:0:1", "ab:0:0:1", "ab:cd:x:1", "ab:cd:0:1ff", ":::", ""] {
        assert_eq!(of(bad), None, "{bad}");
    }
}

#[test]
fn the_first_form_that_is_there_and_good_is_read() {
    let b3 = ("b3", "463ac35c9f6413ad463ac35c9f6413ad-0020000000000001-0");
    let both = reader(&[("traceparent", PARENT), b3]);
    assert_eq!(both.remote(&[B3, TraceContext]).unwrap().0, B3);
    assert_eq!(both.remote(&[TraceContext, B3]).unwrap().0, TraceContext);
    assert_eq!(both.remote(&[Jaeger, Baggage]), None);
    assert_eq!(reader(&[("traceparent", "nonsense"), b3]).remote(&[TraceContext, B3]).unwrap().0, B3);
    // A decision without ids waits for ids.
    let decided = reader(&[("b3", "0"), ("uber-trace-id", "ab:cd:0:1")]);
    assert_eq!(decided.remote(&[B3, Jaeger]).unwrap().0, Jaeger);
    assert_eq!(decided.remote(&[B3]).unwrap().1.sampled, Some(false));
}

#[test]
fn every_form_is_written_as_its_specification_shows_it() {
    let (trace, span, parent) = ("ab".repeat(16), "cd".repeat(8), "ef".repeat(8));
    let expected = [
        ("traceparent", format!("00-{trace}-{span}-01")),
        ("b3", format!("{trace}-{span}-1-{parent}")),
        ("x-b3-traceid", trace.clone()),
        ("x-b3-spanid", span.clone()),
        ("x-b3-parentspanid", parent),
        ("x-b3-sampled", "1".to_owned()),
        ("uber-trace-id", format!("{trace}:{span}:0:1")),
    ];
    assert_eq!(written(&context(), &FORMS), expected.map(|(name, value)| (name.to_owned(), value)));
    let root = Context { parent: None, sampled: false, ..context() };
    assert_eq!(written(&root, &[B3])[0].1, format!("{trace}-{span}-0"));
    let debug = Context { debug: true, ..context() };
    assert_eq!(written(&debug, &[B3Multi])[3], ("x-b3-flags".to_owned(), "1".to_owned()));
    let short = Context { trace: TraceId::new([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap(), ..root };
    assert_eq!(written(&short, &[B3])[0].1, format!("0102030405060708-{span}-0"));
}

#[test]
fn what_speaks_of_another_trace_goes() {
    let of = |fields: &Fields, name: &str| match fields.of(name.as_bytes()) {
        Become::Same => "same",
        Become::Ours(_) => "ours",
        Become::Gone => "gone",
    };
    let root = Context { parent: None, ..context() };
    let fields = Fields::new(&root, Forms::from_iter([TraceContext, Baggage, B3Multi]), false);
    let names =
        ["TraceParent", "tracestate", "baggage", "b3", "X-B3-ParentSpanId", "x-b3-flags", "x-b3-sampled", "accept"];
    let becomes = names.map(|name| of(&fields, name));
    assert_eq!(becomes, ["ours", "gone", "same", "same", "gone", "gone", "ours", "same"]);
    assert_eq!(of(&Fields::new(&root, Forms::from_iter([TraceContext]), true), "tracestate"), "same");
    assert_eq!(of(&Fields::new(&root, Forms::from_iter([B3]), false), "tracestate"), "same");
}

fn contexts() -> impl Strategy<Value = Context> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), any::<[u8; 8]>());
    (ids, any::<(bool, bool, bool)>()).prop_filter_map("ids are not zero", |((trace, span, parent), flags)| {
        let (sampled, random, debug) = flags;
        let (trace, span) = (TraceId::new(trace)?, SpanId::new(span)?);
        Some(Context { trace, span, parent: SpanId::new(parent), sampled: sampled || debug, random, debug })
    })
}

proptest! {
    #[test]
    fn what_one_writes_the_next_reads(context in contexts()) {
        for form in [TraceContext, B3, B3Multi, Jaeger] {
            let mut reader = Reader::default();
            let fields = Fields::new(&context, Forms::from_iter([form]), true);
            fields.names().for_each(|name| reader.field(name.as_str().as_bytes(), fields.line(name).value()));
            let (_, remote) = reader.remote(&[form]).unwrap();
            prop_assert_eq!(remote.ids, Some((context.trace, context.span)));
            prop_assert_eq!(remote.sampled, Some(context.sampled));
            prop_assert_eq!(remote.random, form == TraceContext && context.random);
            prop_assert_eq!(remote.debug, form != TraceContext && context.debug);
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(
        name in prop::sample::select(vec!["traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-sampled", "uber-trace-id"]),
        value in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut reader = Reader::default();
        reader.field(name.as_bytes(), &value);
        if let Some((_, remote)) = reader.remote(&FORMS) {
            prop_assert!(remote.ids.is_some() || remote.sampled.is_some());
        }
    }

    #[test]
    fn one_changed_digit_is_another_id_or_no_context(context in contexts(), at in 0..55_usize, byte in any::<u8>()) {
        let mut value = written(&context, &[TraceContext])[0].1.clone().into_bytes();
        prop_assume!(value[at] != byte && at > 1);
        value[at] = byte;
        let mut reader = Reader::default();
        reader.field(b"traceparent", &value);
        let before = (Some((context.trace, context.span)), Some(context.sampled), context.random);
        if let Some((_, remote)) = reader.remote(&[TraceContext]) {
            let is_flag = at >= 53;
            prop_assert!(is_flag || (remote.ids, remote.sampled, remote.random) != before);
        }
    }
}

#[test]
fn whatever_would_be_changed_is_known_to_be_there() {
    let debug = Context { debug: true, ..context() };
    for context in [context(), debug] {
        let fields = Fields::new(&context, FORMS.into_iter().collect(), false);
        let all =
            Name::ALL.into_iter().map(Name::as_str).chain(["tracestate", "x-b3-what", "baggage", "x-request-id", "b4"]);
        for name in all.flat_map(|name| [name.to_owned(), name.to_ascii_uppercase()]) {
            let carries = reader(&[(&name, "")]).carries();
            assert!(carries || fields.of(name.as_bytes()) == Become::Same, "{name}");
        }
    }
    assert!(!reader(&[("baggage", "a=b"), ("x-request-id", "7"), ("host", "a")]).carries());
}
