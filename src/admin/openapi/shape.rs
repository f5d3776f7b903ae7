//! A schema and an example out of one text: JSON as it is answered, with marks behind names. `name?` may be missing, `name~` may be
//! null, and an object with the one name `*` is a map whose values all look like that.

use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema};

/// The schema of a text.
pub(super) fn schema(text: &str) -> RefOr<Schema> {
    of(&parse(text), false)
}

/// The example in a text: what a whole answer looks like.
pub(super) fn example(text: &str) -> Value {
    unmarked(&parse(text))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a shape is JSON: {error}: {text}"))
}

fn of(value: &Value, nullable: bool) -> RefOr<Schema> {
    let kind = |kind: Type| match nullable {
        true => SchemaType::from_iter([kind, Type::Null]),
        false => SchemaType::new(kind),
    };
    let plain = |of: Type| ObjectBuilder::new().schema_type(kind(of)).into();
    match value {
        // What stands for anything.
        Value::Null => ObjectBuilder::new().schema_type(SchemaType::AnyValue).into(),
        Value::Bool(_) => plain(Type::Boolean),
        Value::Number(number) if number.is_f64() => plain(Type::Number),
        Value::Number(_) => plain(Type::Integer),
        Value::String(_) => plain(Type::String),
        Value::Array(items) => {
            let items = items.first().map_or_else(|| of(&Value::Null, false), |first| of(first, false));
            ArrayBuilder::new().schema_type(kind(Type::Array)).items(items).into()
        }
        Value::Object(fields) => match fields.get("*") {
            Some(each) => {
                let more = Some(AdditionalProperties::RefOr(of(each, false)));
                ObjectBuilder::new().schema_type(kind(Type::Object)).additional_properties(more).into()
            }
            None => fields.iter().fold(ObjectBuilder::new().schema_type(kind(Type::Object)), field).into(),
        },
    }
}

fn field(object: ObjectBuilder, (name, value): (&String, &Value)) -> ObjectBuilder {
    let (bare, optional, nullable) = marks(name);
    let object = object.property(bare, of(value, nullable));
    if optional { object } else { object.required(bare) }
}

/// The name without its marks, whether it may be missing, and whether its value may be null.
fn marks(name: &str) -> (&str, bool, bool) {
    match (name.strip_suffix('?'), name.strip_suffix('~')) {
        (Some(bare), _) => (bare, true, false),
        (_, Some(bare)) => (bare, false, true),
        _ => (name, false, false),
    }
}

fn unmarked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("*") {
            Some(each) => Value::Object(Map::from_iter([("name".to_owned(), unmarked(each))])),
            None => fields.iter().map(|(name, value)| (marks(name).0.to_owned(), unmarked(value))).collect(),
        },
        Value::Array(items) => items.iter().map(unmarked).collect(),
        other => other.clone(),
    }
}
