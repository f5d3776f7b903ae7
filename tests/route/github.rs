//! GitHub's REST API as its own OpenAPI document describes it, and requests that the document itself gives. `ci/setup.sh openapi`
//! fetches the document; `bench/route_lookup.rs` reads it here, too.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

const HOST: &str = "https://api.github.com";

/// The document, and what is asked of the API that it describes.
pub struct Github {
    /// As it was published.
    pub text: String,
    /// Its paths.
    pub templates: Vec<String>,
    /// A request for each of them, its parameters as the document's examples have them, or else as their types are.
    pub requests: Vec<String>,
    /// Paths of the API that its examples of answers tell, each once; a few are of endpoints that the document no longer has.
    pub told: Vec<String>,
}

impl Github {
    pub fn read() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the folder is inside target/");
        let path = target.join("openapi/github-23.0.2.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}. To fetch the document, type: ci/setup.sh openapi", path.display())
        });
        let document: Value = serde_json::from_str(&text).expect("the document is JSON");
        let paths = document["paths"].as_object().expect("the document has paths");
        let request = |(at, (template, item)): (usize, (&String, &Value))| filled(&document, template, item, at);
        let mut told = BTreeSet::new();
        tell(&document, &mut told);
        Self {
            templates: paths.keys().cloned().collect(),
            requests: paths.iter().enumerate().map(request).collect(),
            told: told.into_iter().map(str::to_owned).collect(),
            text,
        }
    }
}

/// The paths of all URLs of the API that are values of something in it; templates of URLs are none.
fn tell<'a>(value: &'a Value, told: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            let path = text.strip_prefix(HOST).filter(|path| path.starts_with('/'));
            told.extend(path.filter(|path| !path.contains(|c: char| c.is_whitespace() || "{}<>".contains(c))));
        }
        Value::Array(all) => all.iter().for_each(|value| tell(value, told)),
        Value::Object(all) => all.values().for_each(|value| tell(value, told)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `template` with a value in each parameter's place.
fn filled(document: &Value, template: &str, item: &Value, at: usize) -> String {
    let operations = item.as_object().into_iter().flat_map(|item| item.values());
    let parameters: Vec<&Value> = operations
        .filter_map(|operation| operation["parameters"].as_array())
        .flatten()
        .map(|parameter| resolved(document, parameter))
        .filter(|parameter| parameter["in"] == "path")
        .collect();
    let mut request = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?))) {
        request.push_str(before);
        let known = parameters.iter().find(|parameter| parameter["name"] == name);
        request.push_str(&known.map_or_else(|| format!("octo-{at}"), |known| example(document, known, at)));
        rest = after;
    }
    request + rest
}

fn example(document: &Value, parameter: &Value, at: usize) -> String {
    let schema = resolved(document, &parameter["schema"]);
    let told = [
        &parameter["example"],
        &parameter["examples"]["default"]["value"],
        &schema["example"],
        &schema["default"],
        &schema["enum"][0],
    ];
    match told.into_iter().find(|value| !value.is_null()) {
        // A slash within a value stays within its segment.
        Some(Value::String(text)) => text.replace('/', "%2F"),
        Some(value) => value.to_string(),
        // The one parameter that takes several segments.
        None if parameter["name"] == "path" => "src/caf%C3%A9/lib.rs".to_owned(),
        None if schema["type"] == "integer" => (at * 7919 % 100_000).to_string(),
        None => format!("octo-{at}"),
    }
}

/// What `value` refers to, if it is a reference, else itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|of| document.pointer(of.strip_prefix('#')?)) {
        Some(referred) => resolved(document, referred),
        None => value,
    }
}
