//! A tree and a scope in, text out.

use std::sync::Arc;

use super::tree::{Branch, Command, Node, Operand, Pipeline, Term, Tree};
use super::value::{Root, Value};
use super::{Scope, TemplateError, function};

/// More than any annotation should say.
const OUTPUT: usize = 256 << 10;
/// Nodes and commands that one rendering may run through.
const STEPS: usize = 200_000;
/// How deep templates may call templates.
const DEPTH: usize = 50;

pub(super) fn render(source: &str, tree: &Tree, scope: &Scope<'_>) -> Result<String, TemplateError> {
    let root = Value::Root(Arc::new(Root {
        labels: scope.labels.clone(),
        external_labels: scope.external_labels.clone(),
        external_url: scope.external_url.to_owned(),
        value: scope.value,
    }));
    let declared = [
        ("", root.clone()),
        ("labels", Value::Labels(scope.labels.clone())),
        ("externalLabels", Value::Labels(scope.external_labels.clone())),
        ("externalURL", Value::Text(scope.external_url.to_owned())),
        ("value", Value::Float(scope.value)),
    ];
    let variables = declared.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let mut exec = Exec { source, tree, scope, variables, out: String::new(), steps: 0, depth: 0 };
    exec.nodes(&tree.body, &root)?;
    Ok(exec.out)
}

struct Exec<'a> {
    source: &'a str,
    tree: &'a Tree,
    scope: &'a Scope<'a>,
    /// Innermost last.
    variables: Vec<(String, Value)>,
    out: String,
    steps: usize,
    depth: usize,
}

/// How a body of nodes was left.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl<'a> Exec<'a> {
    fn fault<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::new(self.source, at, message))
    }

    fn step(&mut self, at: usize) -> Result<(), TemplateError> {
        self.steps += 1;
        if self.steps > STEPS { self.fault(at, "the template runs too long") } else { Ok(()) }
    }

    fn write(&mut self, at: usize, text: &str) -> Result<(), TemplateError> {
        if self.out.len() + text.len() > OUTPUT {
            return self.fault(at, "the template's text gets too long");
        }
        self.out.push_str(text);
        Ok(())
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Value) -> Result<Flow, TemplateError> {
        for node in nodes {
            let flow = match node {
                Node::Text(text) => self.write(0, text).map(|()| Flow::On),
                Node::Action(pipeline) => self.action(pipeline, dot).map(|()| Flow::On),
                Node::If(branch) | Node::With(branch) => self.branch(branch, dot, matches!(node, Node::With(_))),
                Node::Range(branch) => self.range(branch, dot),
                Node::Template { at, name, data } => self.template(*at, name, data.as_ref(), dot).map(|()| Flow::On),
                Node::Break => Ok(Flow::Break),
                Node::Continue => Ok(Flow::Continue),
            }?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn action(&mut self, pipeline: &'a Pipeline, dot: &Value) -> Result<(), TemplateError> {
        let value = self.pipeline(pipeline, dot)?;
        if pipeline.variables.is_empty() { self.write(pipeline.at, &value.output()) } else { Ok(()) }
    }

    fn branch(&mut self, branch: &'a Branch, dot: &Value, with: bool) -> Result<Flow, TemplateError> {
        let scope = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = match value.is_true() {
            true if with => self.nodes(&branch.body, &value),
            true => self.nodes(&branch.body, dot),
            false => self.nodes(&branch.otherwise, dot),
        };
        self.variables.truncate(scope);
        flow
    }

    fn range(&mut self, branch: &'a Branch, dot: &Value) -> Result<Flow, TemplateError> {
        let scope = self.variables.len();
        let over = self.value_of(&branch.pipeline, dot)?;
        let items = match items(&over) {
            Ok(items) => items,
            Err(message) => return self.fault(branch.pipeline.at, message),
        };
        if items.is_empty() {
            let flow = self.nodes(&branch.otherwise, dot);
            self.variables.truncate(scope);
            return flow;
        }
        for (key, item) in items {
            self.step(branch.pipeline.at)?;
            let values =
                if branch.pipeline.variables.len() == 2 { vec![key, item.clone()] } else { vec![item.clone()] };
            for (name, value) in branch.pipeline.variables.iter().zip(values) {
                self.bind(name, value, branch.pipeline.declares);
            }
            let flow = self.nodes(&branch.body, &item)?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn template(
        &mut self,
        at: usize,
        name: &str,
        data: Option<&'a Pipeline>,
        dot: &Value,
    ) -> Result<(), TemplateError> {
        let tree = self.tree;
        let Some(body) = tree.defined.get(name) else {
            return self.fault(at, format!("template {name:?} not defined"));
        };
        if self.depth == DEPTH {
            return self.fault(at, "templates call each other too deeply");
        }
        self.step(at)?;
        let data = data.map_or(Ok(Value::Nil), |pipeline| self.pipeline(pipeline, dot))?;
        let outer = std::mem::replace(&mut self.variables, vec![(String::new(), data.clone())]);
        self.depth += 1;
        let result = self.nodes(body, &data);
        self.depth -= 1;
        self.variables = outer;
        result.map(|_| ())
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, dot: &Value) -> Result<Value, TemplateError> {
        let value = self.value_of(pipeline, dot)?;
        if let Some(name) = pipeline.variables.first() {
            self.bind(name, value.clone(), pipeline.declares);
        }
        Ok(value)
    }

    fn value_of(&mut self, pipeline: &'a Pipeline, dot: &Value) -> Result<Value, TemplateError> {
        let mut passed = None;
        for command in &pipeline.commands {
            passed = Some(self.command(command, dot, passed)?);
        }
        Ok(passed.unwrap_or(Value::Nil))
    }

    fn bind(&mut self, name: &str, value: Value, declare: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, place)) if !declare => *place = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    fn command(&mut self, command: &'a Command, dot: &Value, passed: Option<Value>) -> Result<Value, TemplateError> {
        self.step(command.at)?;
        let (first, rest) = (&command.operands[0], &command.operands[1..]);
        let Term::Function(name) = &first.term else {
            if matches!(first.term, Term::Literal(Value::Nil)) {
                return self.fault(first.at, "nil is not a command");
            }
            if !rest.is_empty() || passed.is_some() {
                return self.fault(first.at, "can't give argument to non-function");
            }
            return self.operand(first, dot);
        };
        if name == "and" || name == "or" {
            return self.short_circuit(name, command, dot, passed);
        }
        let mut args = Vec::with_capacity(rest.len() + 1);
        for operand in rest {
            args.push(self.operand(operand, dot)?);
        }
        args.extend(passed);
        let value = self.call(first.at, name, &args)?;
        self.fields(first, value)
    }

    fn call(&self, at: usize, name: &str, args: &[Value]) -> Result<Value, TemplateError> {
        function::call(name, args, self.scope)
            .or_else(|message| self.fault(at, format!("error calling {name}: {message}")))
    }

    /// The first argument that decides; later ones are not evaluated.
    fn short_circuit(
        &mut self,
        name: &str,
        command: &'a Command,
        dot: &Value,
        passed: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let mut last = None;
        for operand in &command.operands[1..] {
            let value = self.operand(operand, dot)?;
            if value.is_true() == (name == "or") {
                return Ok(value);
            }
            last = Some(value);
        }
        match passed.or(last) {
            Some(value) => Ok(value),
            None => self.fault(command.at, format!("wrong number of args for {name}: want at least 1 got 0")),
        }
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Value) -> Result<Value, TemplateError> {
        let value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Literal(value) => value.clone(),
            Term::Variable(name) => match self.variables.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => value.clone(),
                None => return self.fault(operand.at, format!("undefined variable: ${name}")),
            },
            Term::Function(name) => self.call(operand.at, name, &[])?,
            Term::Paren(pipeline) => self.pipeline(pipeline, dot)?,
        };
        self.fields(operand, value)
    }

    fn fields(&self, operand: &Operand, value: Value) -> Result<Value, TemplateError> {
        operand
            .fields
            .iter()
            .try_fold(value, |value, field| field_of(&value, field).or_else(|message| self.fault(operand.at, message)))
    }
}

fn field_of(value: &Value, field: &str) -> Result<Value, String> {
    match (value, field) {
        (Value::Labels(labels), name) => Ok(Value::Text(labels.get(name).to_owned())),
        (Value::Args(args), name) => Ok(args.get(name).cloned().unwrap_or(Value::Nil)),
        (Value::Sample(sample), "Labels") => Ok(Value::Labels(sample.labels.clone())),
        (Value::Sample(sample), "Value") => Ok(Value::Float(sample.value)),
        (Value::Root(root), "Labels") => Ok(Value::Labels(root.labels.clone())),
        (Value::Root(root), "ExternalLabels") => Ok(Value::Labels(root.external_labels.clone())),
        (Value::Root(root), "ExternalURL") => Ok(Value::Text(root.external_url.clone())),
        (Value::Root(root), "Value") => Ok(Value::Float(root.value)),
        (Value::Nil, name) => Err(format!("nil data; no entry for key {name:?}")),
        (other, name) => Err(format!("can't evaluate field {name} in type {}", other.type_name())),
    }
}

/// What a `range` goes over: keys or places, and what is there.
fn items(over: &Value) -> Result<Vec<(Value, Value)>, String> {
    Ok(match over {
        Value::Nil => Vec::new(),
        Value::Labels(labels) => {
            labels.iter().map(|(name, value)| (Value::Text(name.into()), Value::Text(value.into()))).collect()
        }
        Value::Args(args) => args.iter().map(|(key, value)| (Value::Text(key.clone()), value.clone())).collect(),
        Value::Samples(samples) => samples
            .iter()
            .enumerate()
            .map(|(at, sample)| (Value::Int(at as i64), Value::Sample(Arc::new(sample.clone()))))
            .collect(),
        other => return Err(format!("range can't iterate over {}", other.print())),
    })
}
