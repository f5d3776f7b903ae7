//! What leads from one value to another, as a JSON patch (RFC 6902).

use serde_json::{Value, json};

/// The patch. Lists of one length are compared item by item; of others, what they have in common at their two ends stays.
pub(super) fn between(from: &Value, to: &Value) -> Value {
    let mut patch = Vec::new();
    differ(from, to, "", &mut patch);
    Value::Array(patch)
}

fn differ(from: &Value, to: &Value, at: &str, patch: &mut Vec<Value>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                patch.push(json!({ "op": "remove", "path": below(at, key) }));
            }
            for (key, value) in new {
                match old.get(key) {
                    Some(was) => differ(was, value, &below(at, key), patch),
                    None => patch.push(json!({ "op": "add", "path": below(at, key), "value": value })),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (place, (old, new)) in old.iter().zip(new).enumerate() {
                differ(old, new, &format!("{at}/{place}"), patch);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            let (old, new) = (&old[head..], &new[head..]);
            let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
            for _ in head..head + old.len() - tail {
                patch.push(json!({ "op": "remove", "path": format!("{at}/{head}") }));
            }
            for (place, value) in new[..new.len() - tail].iter().enumerate() {
                patch.push(json!({ "op": "add", "path": format!("{at}/{}", head + place), "value": value }));
            }
        }
        _ => patch.push(json!({ "op": "replace", "path": at, "value": to })),
    }
}

/// A path one key deeper.
fn below(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_no_more_than_what_differs() {
        let from = json!({ "a": 1, "b/c": { "x~": 1 }, "gone": 1, "list": [1, 2, 3], "same": [{ "p": 1 }] });
        let to = json!({ "a": 2, "b/c": { "x~": 2 }, "list": [0, 1, 3], "same": [{ "p": 2 }], "new": [] });
        let expected = json!([
            { "op": "remove", "path": "/gone" },
            { "op": "replace", "path": "/a", "value": 2 },
            { "op": "replace", "path": "/b~1c/x~0", "value": 2 },
            { "op": "replace", "path": "/list/0", "value": 0 },
            { "op": "replace", "path": "/list/1", "value": 1 },
            { "op": "replace", "path": "/same/0/p", "value": 2 },
            { "op": "add", "path": "/new", "value": [] },
        ]);
        assert_eq!(between(&from, &to), expected);
    }

    #[test]
    fn what_is_put_into_a_list_leaves_the_rest_alone() {
        let patch = between(&json!([1, 2]), &json!([0, 1, 2]));
        assert_eq!(patch, json!([{ "op": "add", "path": "/0", "value": 0 }]));
        assert_eq!(between(&json!([1, 2, 3]), &json!([1, 3])), json!([{ "op": "remove", "path": "/1" }]));
    }
}
