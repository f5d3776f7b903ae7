//! The document is what was agreed, and every route is in it.

use super::*;
use std::collections::BTreeSet;
use std::path::Path;

/// What `OUTRIDER_BLESS=1 cargo nextest run openapi` writes anew.
#[test]
fn the_document_is_what_was_agreed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let (text, _) = &*TEXT;
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        std::fs::write(&golden, text).unwrap();
    }
    let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(agreed == *text, "the API has changed: if that is meant, bless docs/openapi.json (see this test)");
    assert!(text.contains("\"openapi\": \"3.1.0\""));
}

/// Reads routes as they are written: `.route("/path", get(a).post(b))`.
#[test]
fn every_route_is_in_the_document() {
    let route = regex::Regex::new(r#"\.route\(\s*"([^"]+)",\s*((?:(?:get|post|put|delete)\([^()]*\)\.?)+)"#).unwrap();
    let method = regex::Regex::new(r"(get|post|put|delete)\(").unwrap();
    let mut routes = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("openapi/tests.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                for found in route.captures_iter(&text) {
                    let methods = method.captures_iter(&found[2]).map(|method| method[1].to_uppercase());
                    routes.extend(methods.map(|method| format!("{method} {}", &found[1])));
                }
            }
        }
    }
    let told: BTreeSet<String> = endpoints().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
    assert!(routes.len() > 20, "{routes:?}");
    assert_eq!(routes, told, "left: routes under src/admin; right: what src/admin/openapi tells");
}

#[test]
fn a_shape_gives_its_schema_and_its_example() {
    let text = r#"{"a": 1, "b?": "x", "c~": 0.5, "d": {"*": [true]}}"#;
    let schema = serde_json::to_value(shape::schema(text)).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["a", "c", "d"]));
    assert_eq!(schema["properties"]["c"]["type"], serde_json::json!(["number", "null"]));
    assert_eq!(schema["properties"]["d"]["additionalProperties"]["items"]["type"], "boolean");
    assert_eq!(shape::example(text), serde_json::json!({ "a": 1, "b": "x", "c": 0.5, "d": { "name": [true] } }));
}
