//! Keys and values, and how JSON shows them.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Number, Value as Json};

fn pair(key: impl Into<String>, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Text.
pub fn string(key: impl Into<String>, value: impl Into<String>) -> KeyValue {
    pair(key, Value::StringValue(value.into()))
}

/// A whole number; more than fits is the largest.
pub fn int(key: impl Into<String>, value: impl TryInto<i64>) -> KeyValue {
    pair(key, Value::IntValue(value.try_into().unwrap_or(i64::MAX)))
}

/// The text of an attribute that has one.
pub fn value_of(attribute: &KeyValue) -> Option<&str> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// An object of attributes.
pub fn attributes(attributes: &[KeyValue]) -> Json {
    let pairs = attributes.iter().map(|one| (one.key.clone(), one.value.as_ref().map_or(Json::Null, json)));
    Json::Object(Map::from_iter(pairs))
}

/// A value; bytes are shown in hexadecimal.
pub fn json(value: &AnyValue) -> Json {
    match &value.value {
        None => Json::Null,
        Some(Value::StringValue(text)) => Json::String(text.clone()),
        Some(Value::BoolValue(truth)) => Json::Bool(*truth),
        Some(Value::IntValue(number)) => Json::Number((*number).into()),
        // JSON has no NaN and no infinity.
        Some(Value::DoubleValue(number)) => {
            Number::from_f64(*number).map_or_else(|| Json::String(number.to_string()), Json::Number)
        }
        Some(Value::ArrayValue(array)) => Json::Array(array.values.iter().map(json).collect()),
        Some(Value::KvlistValue(list)) => attributes(&list.values),
        Some(Value::BytesValue(bytes)) => Json::String(super::hex(bytes)),
        // An index into a table that spans do not have.
        Some(Value::StringValueStrindex(index)) => Json::Number((*index).into()),
    }
}
