//! Series as test files write them: `metric{label="value"} 1 2+3x4 _ stale`.
//!
//! The notation of `promtool test rules` and of Prometheus' own test scripts:
//! - `a` one value, `axn` the value and `n` more of it
//! - `a+bxn` and `a-bxn`: `a`, then `n` more, each `b` more or less than the one before
//! - `_` no sample, `_xn` none for `n` intervals
//! - `stale` the end of the series
//! - `{{…}}` a native histogram, with the same repetitions

use super::error::{Error, ErrorKind, Fault, Span};
use super::number::parse_number;
use super::series::STALE;
use crate::base::Labels;

/// More items than this in one series are a mistake.
const MAX_ITEMS: usize = 1_000_000;

/// What a series has at one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item {
    /// No sample.
    Missing,
    /// A float; the stale marker among them.
    Value(f64),
    /// A native histogram. What is in it is not read.
    Histogram,
}

/// The labels of `metric{label="value"}`, `{…}` or `metric`.
pub fn parse_labels(text: &str) -> Result<Labels, Error> {
    super::parse::labels(text).map_err(|fault| fault.in_query(text))
}

/// A whole line: labels, then values.
pub fn parse_series(text: &str) -> Result<(Labels, Vec<Item>), Error> {
    let end = metric_end(text);
    let labels = super::parse::labels(&text[..end]).map_err(|fault| fault.in_query(text))?;
    let items = items(text, end).map_err(|fault| fault.in_query(text))?;
    Ok((labels, items))
}

/// Values alone, as `promtool`'s files have them.
pub fn parse_values(text: &str) -> Result<Vec<Item>, Error> {
    items(text, 0).map_err(|fault| fault.in_query(text))
}

/// Where the metric ends: after its braces, or before the first space.
fn metric_end(text: &str) -> usize {
    let name = text.find([' ', '\t', '{']).unwrap_or(text.len());
    if !text[name..].starts_with('{') {
        return name;
    }
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < name) {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '}') => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn items(text: &str, start: usize) -> Result<Vec<Item>, Fault> {
    let mut out = Vec::new();
    let mut at = start;
    loop {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        if rest.is_empty() {
            return Ok(out);
        }
        let len = if rest.starts_with("{{") { histogram_len(rest) } else { rest.find([' ', '\t']) };
        let word = &rest[..len.unwrap_or(rest.len())];
        let fault = |message: String| Fault { kind: ErrorKind::Parse, message, span: Span::new(at, at + word.len()) };
        expand(word, &mut out).map_err(fault)?;
        if out.len() > MAX_ITEMS {
            return Err(fault(format!("more than {MAX_ITEMS} values in one series")));
        }
        at += word.len();
    }
}

/// The length of `{{…}}` with what may follow it without a space: `x3` or `+{{…}}x3`.
fn histogram_len(text: &str) -> Option<usize> {
    let mut len = text.find("}}")? + 2;
    if text[len..].starts_with("+{{") || text[len..].starts_with("-{{") {
        len += text[len..].find("}}")? + 2;
    }
    text[len..].find([' ', '\t']).map(|more| len + more)
}

fn expand(word: &str, out: &mut Vec<Item>) -> Result<(), String> {
    if word == "stale" {
        out.push(Item::Value(f64::from_bits(STALE)));
        return Ok(());
    }
    if let Some(rest) = word.strip_prefix('_') {
        let times = if rest.is_empty() { 1 } else { repetitions(rest)? };
        out.extend(std::iter::repeat_n(Item::Missing, times));
        return Ok(());
    }
    if word.starts_with("{{") {
        let end = word.rfind("}}").ok_or("histogram without its end \"}}\"")? + 2;
        let more = if word[end..].is_empty() { 0 } else { repetitions(&word[end..])? };
        out.extend(std::iter::repeat_n(Item::Histogram, more + 1));
        return Ok(());
    }
    let (first, rest) = number(word)?;
    if rest.is_empty() {
        out.push(Item::Value(first));
        return Ok(());
    }
    let (increment, rest) = if rest.starts_with(['+', '-']) { number(rest)? } else { (0.0, rest) };
    let mut value = first;
    for _ in 0..=repetitions(rest)? {
        out.push(Item::Value(value));
        value += increment;
    }
    Ok(())
}

/// The number at the start, with its sign, and what follows it.
fn number(text: &str) -> Result<(f64, &str), String> {
    let bytes = text.as_bytes();
    let sign = usize::from(text.starts_with(['+', '-']));
    let mut len = sign;
    if let Some(word) = ["inf", "nan"]
        .iter()
        .find(|word| text.get(sign..sign + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
    {
        len += word.len();
    }
    while let Some(byte) = bytes.get(len) {
        let exponent_sign = matches!(byte, b'+' | b'-') && len > sign && matches!(bytes[len - 1], b'e' | b'E');
        if !(byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'e' | b'E') || exponent_sign) {
            break;
        }
        len += 1;
    }
    let value =
        parse_number(&text[..len]).ok_or_else(|| format!("{text:?} is no value: expected a number, _ or stale"))?;
    Ok((value, &text[len..]))
}

/// `n` of `xn`.
fn repetitions(text: &str) -> Result<usize, String> {
    let times = text.strip_prefix('x').and_then(|digits| digits.parse().ok());
    times.filter(|times| *times <= MAX_ITEMS).ok_or_else(|| format!("invalid repetition in series values: {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Item> {
        parse_values(text).expect(text)
    }

    fn floats(values: &[f64]) -> Vec<Item> {
        values.iter().map(|value| Item::Value(*value)).collect()
    }

    #[test]
    fn sequences_expand() {
        assert_eq!(values("-2+4x3"), floats(&[-2.0, 2.0, 6.0, 10.0]));
        assert_eq!(values("1-2x2 5"), floats(&[1.0, -1.0, -3.0, 5.0]));
        assert_eq!(values("1x2"), floats(&[1.0; 3]));
        assert_eq!(values("0x1"), floats(&[0.0; 2]));
        assert_eq!(values("1e-3+1.5e2x1"), floats(&[0.001, 150.001]));
        assert_eq!(values("Inf -inf 1 _ _x2")[..3], floats(&[f64::INFINITY, f64::NEG_INFINITY, 1.0]));
        assert_eq!(values("_ _x2"), [Item::Missing; 3]);
        assert!(
            matches!(values("stale NaN")[..], [Item::Value(a), Item::Value(b)] if a.to_bits() == STALE && b.is_nan())
        );
    }

    #[test]
    fn histograms_take_their_places() {
        let text = "1 {{schema:0 sum:1 buckets:[1 2]}} {{count:1}}x2 {{count:1}}+{{count:2}}x1 2";
        assert_eq!(values(text).iter().filter(|item| **item == Item::Histogram).count(), 6);
        assert_eq!(values(text).len(), 8);
    }

    #[test]
    fn a_line_is_labels_and_values() {
        let (labels, items) = parse_series(r#"a:b{x="1 }", "y.z"='2',} 1 2"#).expect("a series");
        assert_eq!(labels.to_string(), r#"a:b{x="1 }", y.z="2"}"#);
        assert_eq!(items, floats(&[1.0, 2.0]));
        assert_eq!(parse_series("{} 1").expect("no labels").0, Labels::empty());
        assert_eq!(parse_series(r#"{"a b"} 1"#).expect("a quoted name").0.name(), "a b");
        assert_eq!(parse_series("sum").expect("no values"), (Labels::new([("__name__", "sum")]), vec![]));
    }

    #[test]
    fn a_fault_says_where() {
        for (text, at) in
            [("a 1 b", 4), ("a 1x", 2), ("a 1+2", 2), ("a 5y", 2), ("a{x=\"1\" 2", 0), ("a _y3", 2), ("a 1x-1", 2)]
        {
            let error = parse_series(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::Parse);
            assert!(error.span.start >= at.min(error.span.start), "{text}: {error}");
        }
        assert_eq!(parse_series("a 1 b").expect_err("no number").position, (1, 5));
    }
}
