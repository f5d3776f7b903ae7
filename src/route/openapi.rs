//! The templates of the gateway's own OpenAPI document (3.x, or Swagger 2.0), in JSON or YAML.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::pattern::{Part, Pattern};

/// Templates that are taken from one document.
const MAX_TEMPLATES: usize = 10_000;
/// Base paths of one document, or of one path in it.
const MAX_BASES: usize = 8;

/// Why a text is no OpenAPI document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It opens as JSON does, and is not, or not of an OpenAPI document's shape.
    #[error("is not an OpenAPI document in JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not YAML, or not of an OpenAPI document's shape.
    #[error("is not an OpenAPI document in YAML: {0}")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// It has no `paths`, or none of them can be read.
    #[error("has no paths")]
    NoPaths,
}

/// What is taken from an OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The paths below each base path of `servers` (or `basePath`), then the bare paths: a proxy before the gateway may have
    /// taken the base off. Sorted, none twice, as two that differ only in the names of their parameters match the same.
    pub templates: Vec<Pattern>,
    /// Paths that are left out: no pattern can be made of them, or they are too many.
    pub skipped: usize,
}

impl Document {
    /// Reads a document. Only `servers`, `basePath` and `paths` are looked at, so what else is faulty does no harm.
    ///
    /// A last parameter that is called `path` (or `…_path`, `…Path`) takes all that is left: OpenAPI cannot say so, and
    /// FastAPI writes its `{file_path:path}` like that.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: Raw = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text)?,
            false => serde_yaml_ng::from_str(text)?,
        };
        let bases = match &raw.base_path {
            Some(base) => [path_of(base)].into(),
            None => bases(raw.servers.as_deref().unwrap_or_default()),
        };
        let mut seen = BTreeSet::new();
        let mut document = Self { templates: Vec::new(), skipped: 0 };
        for (key, item) in &raw.paths {
            let Some(path) = key.starts_with('/').then(|| key.split(['?', '#']).next().unwrap_or(key)) else {
                continue;
            };
            let own = match item {
                Item::Path { servers: Some(servers) } if !servers.is_empty() => Some(self::bases(servers)),
                _ => None,
            };
            for base in own.as_ref().unwrap_or(&bases).iter().map(String::as_str).chain([""]) {
                document.add(&format!("{base}{path}"), &mut seen);
            }
        }
        match document.templates.is_empty() {
            true => Err(DocumentError::NoPaths),
            false => Ok(document),
        }
    }

    fn add(&mut self, path: &str, seen: &mut BTreeSet<Vec<Part>>) {
        let pattern = match Pattern::parse(path) {
            Ok(pattern) if self.templates.len() < MAX_TEMPLATES => pattern,
            _ => return self.skipped += 1,
        };
        let tail = takes_the_rest(&pattern).then(|| {
            let mut tail = pattern.clone();
            tail.parts.pop();
            tail.parts.push(Part::Tail);
            tail
        });
        for pattern in [Some(pattern), tail].into_iter().flatten() {
            if seen.insert(pattern.parts.clone()) {
                self.templates.push(pattern);
            }
        }
    }
}

fn takes_the_rest(pattern: &Pattern) -> bool {
    let name = pattern.text.rsplit('/').next().and_then(|last| last.strip_prefix('{')?.strip_suffix('}'));
    name.is_some_and(|name| ["path", "filepath"].contains(&name) || name.ends_with("_path") || name.ends_with("Path"))
        && pattern.parts.last() == Some(&Part::Parameter)
}

fn bases(servers: &[Server]) -> BTreeSet<String> {
    servers.iter().take(MAX_BASES).map(|server| path_of(&server.settled())).collect()
}

/// The path of a server's URL, without a slash at its end.
fn path_of(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let after_authority = match url.split_once("://").map(|(_, rest)| rest).or_else(|| url.strip_prefix("//")) {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    match after_authority.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

#[derive(Deserialize)]
struct Raw {
    servers: Option<Vec<Server>>,
    #[serde(rename = "basePath")]
    base_path: Option<String>,
    #[serde(default)]
    paths: BTreeMap<String, Item>,
}

/// What stands under `paths`; an extension (`x-…`) there can be anything.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Path { servers: Option<Vec<Server>> },
    Else(IgnoredAny),
}

#[derive(Deserialize)]
struct Server {
    #[serde(default)]
    url: String,
    variables: Option<BTreeMap<String, Variable>>,
}

#[derive(Deserialize)]
struct Variable {
    default: Option<serde_json::Value>,
}

impl Server {
    /// The URL with the defaults of its variables; one without a default stays a parameter.
    fn settled(&self) -> String {
        let mut url = self.url.clone();
        for (name, variable) in self.variables.iter().flatten() {
            let default = match &variable.default {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => continue,
            };
            url = url.replace(&format!("{{{name}}}"), &default);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(text: &str) -> Vec<String> {
        Document::parse(text).unwrap().templates.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    }

    #[test]
    fn json_and_yaml_say_the_same() {
        let json = r#"{"openapi": "3.1.0", "paths": {"/users/{id}": {"get": {}}, "/": {}, "x-internal": [1]}}"#;
        let yaml = "openapi: 3.1.0\npaths:\n  /users/{id}: { get: {} }\n  /: {}\n  x-internal: [1]\n";
        assert_eq!(templates(json), ["/", "/users/{id}"]);
        assert_eq!(templates(yaml), templates(json));
    }

    #[test]
    fn a_base_path_comes_before_and_can_be_missing() {
        for servers in [
            r#""servers": [{"url": "https://api.example.com/v3/"}]"#,
            r#""servers": [{"url": "/v3"}]"#,
            r#""servers": [{"url": "{scheme}://x/{v}", "variables": {"v": {"default": "v3"}, "scheme": {"default": "http"}}}]"#,
            r#""basePath": "/v3""#,
        ] {
            assert_eq!(templates(&format!(r#"{{{servers}, "paths": {{"/a": {{}}}}}}"#)), ["/v3/a", "/a"], "{servers}");
        }
        let two = r#"{"servers": [{"url": "/"}, {"url": "http://x/b"}, {"url": "//y/b"}], "paths": {"/a": null}}"#;
        assert_eq!(templates(two), ["/a", "/b/a"]);
        let own = r#"{"servers": [{"url": "/b"}], "paths": {"/a": {"servers": [{"url": "/own"}]}}}"#;
        assert_eq!(templates(own), ["/own/a", "/a"]);
        let number = "servers: [{url: '/{v}', variables: {v: {default: 2}}}]\npaths: {/a: {}}";
        assert_eq!(templates(number), ["/2/a", "/a"]);
    }

    #[test]
    fn a_last_parameter_called_path_takes_the_rest() {
        let document = Document::parse(r#"{"paths": {"/files/{file_path}": {}, "/users/{id}": {}}}"#).unwrap();
        let shown: Vec<_> = document.templates.iter().map(|p| (p.as_str(), p.parts.last().cloned())).collect();
        assert_eq!(
            shown,
            [
                ("/files/{file_path}", Some(Part::Parameter)),
                ("/files/{file_path}", Some(Part::Tail)),
                ("/users/{id}", Some(Part::Parameter))
            ]
        );
    }

    #[test]
    fn what_no_pattern_can_be_made_of_is_counted() {
        let document = Document::parse(r#"{"paths": {"/a?x=1": {}, "/a?x=2": {}, "/b/{": {}, "/c//d": {}}}"#).unwrap();
        assert_eq!((document.templates.len(), document.skipped), (1, 2));
        let many: Vec<_> = (0..10_050).map(|at| format!(r#""/p{at}": {{}}"#)).collect();
        let document = Document::parse(&format!(r#"{{"paths": {{{}}}}}"#, many.join(","))).unwrap();
        assert_eq!((document.templates.len(), document.skipped), (10_000, 50));
    }

    #[test]
    fn what_is_no_document_is_said() {
        let says = |text: &str| Document::parse(text).unwrap_err().to_string();
        assert!(says("<html><body>Log in</body></html>").starts_with("is not an OpenAPI document in YAML: "));
        assert!(says("{\"paths\": 7}").starts_with("is not an OpenAPI document in JSON: "));
        assert_eq!(says("{\"openapi\": \"3.0.0\"}"), "has no paths");
        assert_eq!(says("paths: {}"), "has no paths");
        assert_eq!(says(""), "has no paths");
    }
}
