//! Annotations and labels as Prometheus rule files have them: Go's `text/template` with Prometheus' functions.
//!
//! A template is parsed once, at load, where unknown functions, unknown variables and broken syntax are found; it is rendered
//! when somebody reads it. Rendering is bounded in depth, steps and output, so that no rule can hold up the engine. What Go
//! would print, this prints; what Go would reject, this rejects. The crate `gtmpl` was looked at and not taken: its functions
//! are plain pointers, so that `query` could not reach its source, and its errors do not say where.
//!
//! - `lex`, `parse`, `tree`: from text to a tree
//! - `exec`: a tree and a scope in, text out
//! - `value`: what a pipeline passes on
//! - `builtin`, `compare`: the functions of Go's templates
//! - `function`: the functions of Prometheus
//! - `humanize`, `link`, `time`: numbers, addresses and times for people
//! - `number`, `printf`: Go's `fmt`

mod builtin;
mod compare;
mod exec;
mod function;
mod humanize;
mod lex;
mod link;
mod number;
mod parse;
mod printf;
mod time;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::base::Labels;

/// What a query in a template answers: one value per series.
pub type Answer = Result<Vec<(Labels, f64)>, String>;

/// What a template can see.
pub struct Scope<'a> {
    /// The series' labels: `$labels`.
    pub labels: &'a Labels,
    /// The labels that mark this deployment: `$externalLabels`.
    pub external_labels: &'a Labels,
    /// Where people reach us: `$externalURL`.
    pub external_url: &'a str,
    /// The expression's value: `$value`.
    pub value: f64,
    /// The instant of the evaluation, Unix milliseconds.
    pub now: i64,
    /// Answers `query` at that instant.
    pub query: &'a dyn Fn(&str) -> Answer,
}

/// A template that parses.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    tree: tree::Tree,
}

impl Template {
    /// Reads `text`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self { text: text.to_owned(), tree: parse::parse(text)? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says in `scope`.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, TemplateError> {
        exec::render(&self.text, &self.tree, scope)
    }
}

/// What is wrong with a template, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Line and column, both from 1; columns count bytes.
    pub position: (usize, usize),
    /// A sentence without the position.
    pub message: String,
}

impl TemplateError {
    fn new(text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = &text.as_bytes()[..at.min(text.len())];
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Self { position: (line, before.len() - start + 1), message: message.into() }
    }
}

/// `1:12: function "humanise" not defined`
impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.position.0, self.position.1, self.message)
    }
}

impl std::error::Error for TemplateError {}
