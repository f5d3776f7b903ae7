//! The functions of Go's templates. `and` and `or` are `exec`'s, as they look at no more arguments than they need.

use super::compare::{equals_any, ordered};
use super::printf::sprintf;
use super::value::Value;

/// Their names.
pub(super) const NAMES: [&str; 19] = [
    "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js", "urlquery", "call", "eq",
    "ne", "lt", "le", "gt", "ge",
];

/// What `name` gives; `None` where it is no such function.
pub(super) fn call(name: &str, args: &[Value]) -> Option<Result<Value, String>> {
    Some(match (name, args) {
        ("not", [value]) => Ok(Value::Bool(!value.is_true())),
        ("len", [value]) => length(value),
        ("index", [value, keys @ ..]) => keys.iter().try_fold(value.clone(), |value, key| index(&value, key)),
        ("slice", [value, bounds @ ..]) => slice(value, bounds),
        ("print", args) => Ok(Value::Text(print(args))),
        ("println", args) => Ok(Value::Text(println(args))),
        ("printf", [Value::Text(format), args @ ..]) => Ok(Value::Text(sprintf(format, args))),
        ("printf", [other, ..]) => Err(wrong_type("string", other)),
        ("html", args) => Ok(Value::Text(escape(&print(args), html))),
        ("js", args) => Ok(Value::Text(escape(&print(args), js))),
        ("urlquery", args) => Ok(Value::Text(super::link::query_escape(&print(args)))),
        ("call", _) => Err("nothing that a rule's template can see may be called".into()),
        ("eq", [first, others @ ..]) => equals_any(first, others).map(Value::Bool),
        ("ne", [a, b]) => equals_any(a, std::slice::from_ref(b)).map(|equal| Value::Bool(!equal)),
        ("lt" | "le" | "gt" | "ge", [a, b]) => ordered(name, a, b).map(Value::Bool),
        ("not" | "len", _) => Err(wrong_count(name, 1, args.len())),
        ("ne" | "lt" | "le" | "gt" | "ge", _) => Err(wrong_count(name, 2, args.len())),
        ("index" | "slice" | "eq" | "printf", _) => Err(wrong_count(name, 1, args.len())),
        _ => return None,
    })
}

pub(super) fn wrong_count(name: &str, want: usize, got: usize) -> String {
    format!("wrong number of args for {name}: want {want} got {got}")
}

pub(super) fn wrong_type(want: &str, got: &Value) -> String {
    format!("wrong type for value; expected {want}; got {}", got.type_name())
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::Labels(labels) => labels.len(),
        Value::Args(args) => args.len(),
        Value::Samples(samples) => samples.len(),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(length as i64))
}

fn index(value: &Value, key: &Value) -> Result<Value, String> {
    match (value, key) {
        (Value::Labels(labels), Value::Text(key)) => Ok(Value::Text(labels.get(key).to_owned())),
        (Value::Args(args), Value::Text(key)) => Ok(args.get(key).cloned().unwrap_or(Value::Nil)),
        (Value::Samples(samples), Value::Int(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| samples.get(at))
            .map(|sample| Value::Sample(sample.clone().into()))
            .ok_or_else(|| format!("index out of range: {at}")),
        (Value::Text(text), Value::Int(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| text.as_bytes().get(at))
            .map(|byte| Value::Int(i64::from(*byte)))
            .ok_or_else(|| format!("index out of range: {at}")),
        (Value::Labels(_) | Value::Args(_), other) => Err(wrong_type("string", other)),
        (Value::Samples(_) | Value::Text(_), other) => {
            Err(format!("cannot index slice/array with type {}", other.type_name()))
        }
        (other, _) => Err(format!("can't index item of type {}", other.type_name())),
    }
}

fn slice(value: &Value, bounds: &[Value]) -> Result<Value, String> {
    let bounds: Vec<usize> = bounds
        .iter()
        .map(|bound| match bound {
            Value::Int(bound) => usize::try_from(*bound).map_err(|_| format!("index out of range: {bound}")),
            other => Err(format!("cannot index slice/array with type {}", other.type_name())),
        })
        .collect::<Result<_, _>>()?;
    let range = |length: usize| {
        let (from, to) = (bounds.first().copied().unwrap_or(0), bounds.get(1).copied().unwrap_or(length));
        if bounds.len() > 2 || from > to || to > length { Err("index out of range") } else { Ok(from..to) }
    };
    match value {
        Value::Text(text) => text
            .get(range(text.len())?)
            .map(|part| Value::Text(part.into()))
            .ok_or("the cut is inside a character".into()),
        Value::Samples(samples) => Ok(Value::Samples(samples[range(samples.len())?].into())),
        other => Err(format!("can't slice item of type {}", other.type_name())),
    }
}

/// A space stands between two operands of which neither is text.
fn print(args: &[Value]) -> String {
    let mut out = String::new();
    for (at, arg) in args.iter().enumerate() {
        if at > 0 && !matches!((&args[at - 1], arg), (Value::Text(_), _) | (_, Value::Text(_))) {
            out.push(' ');
        }
        out.push_str(&arg.print());
    }
    out
}

fn println(args: &[Value]) -> String {
    let all: Vec<String> = args.iter().map(Value::print).collect();
    all.join(" ") + "\n"
}

fn escape(text: &str, of: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match of(c) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out
}

fn html(c: char) -> Option<&'static str> {
    Some(match c {
        '"' => "&#34;",
        '\'' => "&#39;",
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '\0' => "\u{fffd}",
        _ => return None,
    })
}

fn js(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\\\",
        '\'' => "\\'",
        '"' => "\\\"",
        '<' => "\\u003C",
        '>' => "\\u003E",
        '&' => "\\u0026",
        '=' => "\\u003D",
        '\n' => "\\u000A",
        '\r' => "\\u000D",
        '\t' => "\\u0009",
        _ => return None,
    })
}
