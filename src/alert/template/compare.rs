//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: only values of one kind compare, as in Go.

use std::cmp::Ordering;

use super::value::Value;

const INCOMPATIBLE: &str = "incompatible types for comparison";

/// Whether `first` equals any of `others`.
pub(super) fn equals_any(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    others.iter().try_fold(false, |found, other| Ok(found || equal(first, other)?))
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Nil, other) | (other, Value::Nil) => Ok(*other == Value::Nil),
        (Value::Labels(_) | Value::Args(_) | Value::Samples(_), _) => {
            Err(format!("non-comparable type {}", a.type_name()))
        }
        _ => Err(INCOMPATIBLE.into()),
    }
}

/// `lt`, `le`, `gt` or `ge` of two values.
pub(super) fn ordered(name: &str, a: &Value, b: &Value) -> Result<bool, String> {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_) | Value::Text(_), Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
            return Err(INCOMPATIBLE.into());
        }
        _ => return Err(format!("invalid type for comparison: {} and {}", a.type_name(), b.type_name())),
    };
    // Go has `ge` as "not lt", and `le` as "lt or eq": what is not a number is never less, and so always "ge" and "gt".
    let less = order == Some(Ordering::Less);
    let at_most = less || order == Some(Ordering::Equal);
    Ok(match name {
        "lt" => less,
        "le" => at_most,
        "gt" => !at_most,
        _ => !less,
    })
}
