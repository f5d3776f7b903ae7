//! A template as a tree. Every node that can fail knows its place in the text.

use std::collections::BTreeMap;

use super::value::Value;

/// The text's own nodes, and those of each `define`.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) body: Vec<Node>,
    pub(super) defined: BTreeMap<String, Vec<Node>>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    /// An action that prints, or only declares or assigns.
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        at: usize,
        name: String,
        data: Option<Pipeline>,
    },
    Break,
    Continue,
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$x := a b | c`
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub(super) at: usize,
    /// The variables that take the result; two in a `range`.
    pub(super) variables: Vec<String>,
    /// `:=`, not `=`.
    pub(super) declares: bool,
    pub(super) commands: Vec<Command>,
}

/// A value, or a function and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) operands: Vec<Operand>,
}

/// One operand with the fields that are taken of it: `$labels.job`, `(…).Value`.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) term: Term,
    pub(super) fields: Vec<String>,
}

impl Operand {
    /// Whether it is nothing that could take what a pipeline passes on.
    pub(super) fn is_constant(&self) -> bool {
        self.fields.is_empty() && matches!(self.term, Term::Literal(_) | Term::Dot)
    }
}

#[derive(Clone, Debug)]
pub(super) enum Term {
    Dot,
    Variable(String),
    Function(String),
    Literal(Value),
    Paren(Box<Pipeline>),
}
