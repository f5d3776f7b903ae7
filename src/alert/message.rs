//! Messages of our own rules: Python's format strings, `High error rate: {error_rate:.2%}`.
//!
//! The replacement fields are names, with a format specification of Python's mini-language behind a colon. Numbers are
//! floats and print as Python prints floats; labels are text. Names and specifications are checked at load, so that a message
//! that loads can always be rendered. Conversions (`!r`) and fields inside a specification are refused: what they would do is
//! of no use here.
//!
//! - `spec`: the format specification
//! - `export`: the same message as a Go template

mod export;
mod spec;

use std::fmt;

pub use export::{Term, plain};
use spec::Spec;

/// What a field of a message stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A float.
    Number,
    /// A label's value.
    Text,
}

/// What is put in place of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Filling {
    /// A float.
    Number(f64),
    /// A label's value.
    Text(String),
}

/// A message whose names and specifications are known to be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Field { name: String, kind: Kind, spec: Spec },
}

/// What is wrong with a message, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageError {
    /// Column from 1, in bytes.
    pub column: usize,
    /// A sentence without the position.
    pub message: String,
}

/// `column 12: …`
impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for MessageError {}

impl Message {
    /// Reads `text`; `known` tells what a name stands for, or why it stands for nothing.
    pub fn parse(text: &str, known: impl Fn(&str) -> Result<Kind, String>) -> Result<Self, MessageError> {
        let fault = |at: usize, message: String| MessageError { column: at + 1, message };
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            literal.push_str(&text[at..at + found]);
            at += found;
            let brace = &text[at..at + 1];
            if text[at + 1..].starts_with(brace) {
                literal.push_str(brace);
                at += 2;
                continue;
            }
            if brace == "}" {
                return Err(fault(at, "a single `}`; write `}}` for a brace in the text".into()));
            }
            let end = text[at..].find('}').ok_or_else(|| fault(at, "the field has no closing `}`".into()))?;
            let inside = &text[at + 1..at + end];
            let part = field(inside, &known).map_err(|message| fault(at, message))?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(part);
            at += end + 1;
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for part in &self.parts {
            if let Part::Field { name, .. } = part
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// The text with each field filled.
    pub fn render(&self, fill: impl Fn(&str) -> Filling) -> String {
        let mut out = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field { name, spec, .. } => match fill(name) {
                    Filling::Number(number) => out.push_str(&spec.number(number)),
                    Filling::Text(text) => out.push_str(&spec.text(&text)),
                },
            }
        }
        out
    }
}

fn field(inside: &str, known: impl Fn(&str) -> Result<Kind, String>) -> Result<Part, String> {
    if inside.contains('{') {
        return Err("a field inside a field is not supported".into());
    }
    let (name, spec) = inside.split_once(':').unwrap_or((inside, ""));
    let (name, conversion) = name.split_once('!').map_or((name, None), |(name, conversion)| (name, Some(conversion)));
    if let Some(conversion) = conversion {
        return Err(format!("the conversion `!{conversion}` is not supported"));
    }
    if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a field needs a name, as in `{error_rate:.2%}`".into());
    }
    let kind = known(name)?;
    let spec = Spec::parse(spec, kind)?;
    Ok(Part::Field { name: name.to_owned(), kind, spec })
}
