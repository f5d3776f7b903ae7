//! What a table has found, for `/api/v1/coverage` and for the number of routes by source.

use super::fold::{PLACEHOLDER, parts};
use super::table::Source;

/// The state of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Endpoints by source; those of an OpenAPI document count once a request has matched them.
    pub sources: [(Source, usize); 5],
    /// How many endpoints there can be.
    pub capacity: usize,
    /// Templates that the OpenAPI document has.
    pub documented: usize,
    /// Requests that are `other` because the table was full, not because no response showed their route.
    pub refused: u64,
    /// The levels that folded, in that order.
    pub folds: Vec<Fold>,
}

/// A level that had too many words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The template of what was folded: `/shops/{id}`.
    pub level: String,
    /// The words that the level had when it folded.
    pub words: usize,
    /// Patterns for `routes.patterns` that give the same endpoints from the first request on. Words that are routes of
    /// their own need a pattern each.
    pub patterns: Vec<String>,
}

impl Fold {
    /// The fold below `prefix`, given the names of all folded endpoints.
    pub(super) fn new(prefix: &str, words: usize, folded: &[&str]) -> Self {
        let level = format!("{prefix}/{PLACEHOLDER}");
        let within =
            |name: &str| name.strip_prefix(&*level).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let mut patterns: Vec<String> = folded.iter().filter(|name| within(name)).map(|name| numbered(name)).collect();
        if patterns.is_empty() {
            patterns.push(numbered(&level));
        }
        patterns.sort();
        Self { level, words, patterns }
    }
}

/// `/a/{id}/b/{id}` → `/a/{id}/b/{id2}`: a pattern's parameters have names of their own.
fn numbered(template: &str) -> String {
    let mut count = 0;
    let mut pattern = String::new();
    for part in parts(template) {
        pattern.push('/');
        count += usize::from(part.text == PLACEHOLDER);
        match part.text {
            PLACEHOLDER if count > 1 => pattern.push_str(&format!("{{id{count}}}")),
            text => pattern.push_str(text),
        }
    }
    pattern
}
