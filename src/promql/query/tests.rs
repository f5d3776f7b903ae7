//! What the interface promises: positions, limits, and no panic whatever is asked.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::promql::Memory;

fn source() -> Memory {
    let mut memory = Memory::new();
    for n in 0..20 {
        let labels = Labels::new([("__name__", "foo".to_owned()), ("n", n.to_string()), ("le", n.to_string())]);
        memory.append(labels, (0..100).map(|at| Sample { t: at * 10_000, v: (at * n) as f64 }));
    }
    memory
}

fn instant(text: &str, limits: &Limits) -> Result<Answer, Error> {
    Query::parse(text)?.instant(&source(), 500_000, limits)
}

#[test]
fn an_error_of_evaluation_has_its_position() {
    let error = instant("1 +\n  (foo / on () foo)", &Limits::default()).expect_err("many to many");
    assert_eq!((error.kind, error.position), (ErrorKind::Evaluation, (2, 4)));
    assert!(error.to_string().starts_with("2:4: found duplicate series"), "{error}");
}

#[test]
fn an_annotation_has_its_position() {
    let answer = instant("sum(rate(foo[1m]))", &Limits::default()).expect("an answer");
    assert_eq!(answer.infos[0].position, (1, 10));
    assert!(answer.infos[0].to_string().ends_with(": \"foo\" (1:10)"), "{}", answer.infos[0]);
}

#[test]
fn samples_are_limited() {
    let limits = Limits { samples: 40, ..Limits::default() };
    instant("foo{n=\"1\"}", &limits).expect("few samples");
    for text in ["foo", "sum_over_time(foo{n=\"1\"}[1h])", "sum_over_time(vector(1)[1y:1ms])", "vector(1)[100y:1ms]"] {
        let error = instant(text, &limits).expect_err(text);
        assert_eq!(error.kind, ErrorKind::Limit, "{text}: {error}");
        assert!(error.message.contains("more than 40 samples"), "{error}");
    }
}

#[test]
fn series_are_limited() {
    let limits = Limits { series: 10, ..Limits::default() };
    let error = instant("1 + foo", &limits).expect_err("twenty series");
    assert_eq!((error.kind, error.position), (ErrorKind::Limit, (1, 5)));
    instant("foo{n=~\"1.\"}", &limits).expect("ten series");
}

#[test]
fn steps_are_limited() {
    let limits = Limits { steps: 10, ..Limits::default() };
    let query = Query::parse("foo").expect("a query");
    query.range(&source(), 0, 9_000, 1_000, &limits).expect("ten steps");
    let error = query.range(&source(), 0, 10_000, 1_000, &limits).expect_err("eleven steps");
    assert_eq!(error.kind, ErrorKind::Limit);
    assert!(query.range(&source(), 0, 10_000, 0, &limits).is_err(), "no step at all");
}

#[test]
fn an_evaluation_ends_when_its_time_is_over() {
    let asked = Cell::new(0);
    let expired = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let limits = Limits { expired: Some(&expired), ..Limits::default() };
    let query = Query::parse("sum(avg_over_time(foo[10m]))").expect("a query");
    let error = query.range(&source(), 0, 900_000, 1_000, &limits).expect_err("too long");
    assert_eq!((error.kind, asked.get()), (ErrorKind::Timeout, 4));
    asked.set(0);
    instant("foo{n=\"1\"}", &limits).expect("a short query asks nobody");
    assert_eq!(asked.get(), 0);
}

#[test]
fn a_range_that_ends_before_it_starts_is_empty() {
    let query = Query::parse("foo").expect("a query");
    let answer = query.range(&source(), 10, 0, 1, &Limits::default()).expect("an answer");
    assert_eq!(answer.value, Value::Matrix(vec![]));
}

#[test]
fn deep_queries_are_evaluated_within_the_stack() {
    let terms = vec!["foo"; 250].join(" + ");
    instant(&terms, &Limits::default()).expect("two hundred and fifty terms");
    let signs = format!("{}foo{}", "-(".repeat(30), ")".repeat(30));
    instant(&signs, &Limits::default()).expect("thirty levels");
}

/// Pieces that queries are made of, so that many of the random ones are valid.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "foo",
        "{n=\"1\"}",
        "{n=~\"1|2\"}",
        "(",
        ")",
        "[5m]",
        "[5m:1m]",
        "[1ms:]",
        " offset 1m",
        " offset -1y",
        " @ 1e15",
        " @ -1e15",
        " @ start()",
        " + ",
        " - ",
        " * ",
        " / ",
        " % ",
        " ^ ",
        " == ",
        " >= bool ",
        " and ",
        " or ",
        " unless ",
        " on (n) ",
        " ignoring (n) ",
        " group_left ",
        " group_right (le) ",
        " fill (0) ",
        "sum",
        " by (n) ",
        " without (le) ",
        "topk(2, ",
        "quantile(0.5, ",
        "rate(",
        "sum_over_time(",
        "predict_linear(foo[5m], ",
        "histogram_quantile(0.9, ",
        "absent(",
        "scalar(",
        "vector(",
        "label_replace(foo, \"n\", \"$1\", \"le\", \"(.*)\")",
        "timestamp(",
        "-",
        "1e308",
        "NaN",
        "-Inf",
        "0x1f",
        "time()",
        "year(",
        "round(foo, ",
        ", ",
        "\"text\"",
        "#",
        "\n",
        " smoothed",
        " anchored",
        "[step() + 1m]",
        "{",
        "}",
        "\\",
        "é",
    ]);
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_that_is_asked_panics(text in pieces(), at in prop::sample::select(vec![0, 500_000, i64::MAX, i64::MIN, 1 << 60])) {
        if let Ok(query) = Query::parse(&text) {
            let _ = query.instant(&source(), at, &Limits::default());
            let _ = query.range(&source(), at, at.saturating_add(60_000), 7_000, &Limits::default());
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = Query::parse(&text);
        let _ = crate::promql::notation::parse_series(&text);
    }

    #[test]
    fn one_step_of_a_range_is_an_instant(text in pieces()) {
        let Ok(query) = Query::parse(&text) else { return Ok(()) };
        if !matches!(query.value_type(), ValueType::Vector) || text.contains("step()") {
            return Ok(());
        }
        let instant = query.instant(&source(), 500_000, &Limits::default());
        let range = query.range(&source(), 500_000, 500_000, 1, &Limits::default());
        match (instant, range) {
            (Ok(Answer { value: Value::Vector(elements), .. }), Ok(Answer { value: Value::Matrix(rows), .. })) => {
                let mut elements: Vec<_> = elements.into_iter().map(|e| (e.labels, e.value.to_bits())).collect();
                elements.sort();
                let rows: Vec<_> = rows.into_iter().map(|row| (row.labels, row.samples[0].v.to_bits())).collect();
                prop_assert_eq!(elements, rows);
            }
            (instant, range) => prop_assert_eq!(instant.is_err(), range.is_err()),
        }
    }
}
