//! From tokens to a tree, with Go's rules of what is known where.

use super::TemplateError;
use super::function;
use super::lex::{Kind, Token, tokens};
use super::tree::{Branch, Command, Node, Operand, Pipeline, Term, Tree};
use super::value::Value;

/// What Prometheus declares before each template.
pub(super) const DECLARED: [&str; 4] = ["labels", "externalLabels", "externalURL", "value"];

/// How deep branches and parentheses may nest.
const DEPTH: usize = 100;

pub(super) fn parse(source: &str) -> Result<Tree, TemplateError> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        next: 0,
        known: Vec::new(),
        loops: 0,
        depth: 0,
        tree: Tree::default(),
    };
    parser.known = DECLARED.map(str::to_owned).to_vec();
    let (body, end) = parser.block(None)?;
    debug_assert!(end.is_none(), "the outermost block ends with the text");
    parser.tree.body = body;
    Ok(parser.tree)
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    /// The variables in scope, innermost last.
    known: Vec<String>,
    /// How many `range`s are open.
    loops: usize,
    depth: usize,
    tree: Tree,
}

/// What ended a block.
enum End {
    End,
    /// `else`, what follows it still to be read.
    Else,
}

impl Parser<'_> {
    fn fault<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::new(self.source, at, message))
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    /// The place of the next token.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.source.len(), |token| token.at)
    }

    fn take(&mut self) -> Option<Kind> {
        let kind = self.tokens.get(self.next).map(|token| token.kind.clone());
        self.next += 1;
        kind
    }

    fn take_if(&mut self, kind: &Kind) -> bool {
        let is = self.peek() == Some(kind);
        self.next += usize::from(is);
        is
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Kind::Word(found)) if found == word);
        self.next += usize::from(is);
        is
    }

    fn close(&mut self, what: &str) -> Result<(), TemplateError> {
        let at = self.at();
        if self.take_if(&Kind::Close) { Ok(()) } else { self.fault(at, format!("unexpected token in {what}")) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, TemplateError>) -> Result<T, TemplateError> {
        if self.depth == DEPTH {
            return self.fault(self.at(), "nested too deeply");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Nodes up to the `end` or `else` of the action that opened at `opened`, or up to the end of the text where none did.
    fn block(&mut self, opened: Option<usize>) -> Result<(Vec<Node>, Option<End>), TemplateError> {
        let mut nodes = Vec::new();
        loop {
            let at = self.at();
            match self.take() {
                None if opened.is_none() => return Ok((nodes, None)),
                None => return self.fault(opened.unwrap_or(at), "unclosed action: the text ends before its {{end}}"),
                Some(Kind::Text(text)) => nodes.push(Node::Text(text)),
                Some(_) => {
                    for (word, end) in [("end", End::End), ("else", End::Else)] {
                        if self.word(word) {
                            if opened.is_none() {
                                return self.fault(at, format!("unexpected {{{{{word}}}}}"));
                            }
                            return Ok((nodes, Some(end)));
                        }
                    }
                    nodes.extend(self.action(at)?);
                }
            }
        }
    }

    fn action(&mut self, at: usize) -> Result<Option<Node>, TemplateError> {
        let Some(Kind::Word(word)) = self.peek().cloned() else { return self.print().map(Some) };
        let node = match word.as_str() {
            "if" => self.branch(at, "if").map(Node::If)?,
            "with" => self.branch(at, "with").map(Node::With)?,
            "range" => self.branch(at, "range").map(Node::Range)?,
            "define" => return self.define(at).map(|()| None),
            "block" => self.named_block(at)?,
            "template" => self.template(at)?,
            "break" | "continue" => {
                self.next += 1;
                if self.loops == 0 {
                    return self.fault(at, format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                self.close(&word)?;
                if word == "break" { Node::Break } else { Node::Continue }
            }
            _ => return self.print().map(Some),
        };
        Ok(Some(node))
    }

    fn print(&mut self) -> Result<Node, TemplateError> {
        let pipeline = self.pipeline("command", 1)?;
        self.close("command")?;
        Ok(Node::Action(pipeline))
    }

    fn branch(&mut self, at: usize, word: &str) -> Result<Branch, TemplateError> {
        self.next += 1;
        let scope = self.known.len();
        let branch = self.deeper(|parser| {
            let pipeline = parser.pipeline(word, if word == "range" { 2 } else { 1 })?;
            parser.close(word)?;
            parser.loops += usize::from(word == "range");
            let (body, end) = parser.block(Some(at))?;
            parser.loops -= usize::from(word == "range");
            let otherwise = match end {
                Some(End::Else) => parser.otherwise(at, word)?,
                _ => parser.close("end").map(|()| Vec::new())?,
            };
            Ok(Branch { pipeline, body, otherwise })
        });
        self.known.truncate(scope);
        branch
    }

    /// Behind `else`: another condition, which shares the `end`, or the other body.
    fn otherwise(&mut self, at: usize, word: &str) -> Result<Vec<Node>, TemplateError> {
        let again = self.at();
        if word != "range" && matches!(self.peek(), Some(Kind::Word(next)) if next == word) {
            let branch = self.branch(again, word)?;
            return Ok(vec![if word == "if" { Node::If(branch) } else { Node::With(branch) }]);
        }
        self.close("else")?;
        let (body, end) = self.block(Some(at))?;
        if matches!(end, Some(End::Else)) {
            return self.fault(again, "expected {{end}}, found another {{else}}");
        }
        self.close("end")?;
        Ok(body)
    }

    /// The body of a `define` or `block` sees no variables but its own `$`.
    fn defined(&mut self, at: usize, name: String) -> Result<(), TemplateError> {
        self.close("define")?;
        let (known, loops) = (std::mem::take(&mut self.known), std::mem::take(&mut self.loops));
        let (body, end) = self.deeper(|parser| parser.block(Some(at)))?;
        (self.known, self.loops) = (known, loops);
        if matches!(end, Some(End::Else)) {
            return self.fault(at, "unexpected {{else}} in define");
        }
        self.close("end")?;
        self.tree.defined.insert(name, body);
        Ok(())
    }

    fn name(&mut self, word: &str) -> Result<String, TemplateError> {
        self.next += 1;
        let at = self.at();
        match self.take() {
            Some(Kind::Quoted(name)) => Ok(name),
            _ => self.fault(at, format!("{{{{{word}}}}} needs a name in quotes")),
        }
    }

    fn define(&mut self, at: usize) -> Result<(), TemplateError> {
        if self.depth > 0 {
            return self.fault(at, "{{define}} inside another action");
        }
        let name = self.name("define")?;
        self.defined(at, name)
    }

    fn named_block(&mut self, at: usize) -> Result<Node, TemplateError> {
        let name = self.name("block")?;
        let data = self.pipeline("block", 0)?;
        self.defined(at, name.clone())?;
        Ok(Node::Template { at, name, data: Some(data) })
    }

    fn template(&mut self, at: usize) -> Result<Node, TemplateError> {
        let name = self.name("template")?;
        let data = if self.peek() == Some(&Kind::Close) { None } else { Some(self.pipeline("template", 0)?) };
        self.close("template")?;
        Ok(Node::Template { at, name, data })
    }

    /// `most` variables may take the result.
    fn pipeline(&mut self, what: &str, most: usize) -> Result<Pipeline, TemplateError> {
        let at = self.at();
        let (variables, declares) = self.targets(most)?;
        let mut commands = Vec::new();
        loop {
            let command = self.command(what)?;
            let first = commands.is_empty();
            if !first && command.operands[0].is_constant() {
                return self.fault(command.at, "a constant may only stand first in a pipeline");
            }
            commands.push(command);
            if !self.take_if(&Kind::Pipe) {
                break;
            }
        }
        if declares {
            self.known.extend(variables.iter().cloned());
        }
        Ok(Pipeline { at, variables, declares, commands })
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn targets(&mut self, most: usize) -> Result<(Vec<String>, bool), TemplateError> {
        let (start, at) = (self.next, self.at());
        let mut names = Vec::new();
        while let Some(Kind::Variable(name)) = self.peek() {
            names.push(name.clone());
            self.next += 1;
            if !self.take_if(&Kind::Comma) {
                break;
            }
        }
        let declares = self.peek() == Some(&Kind::Declare);
        if names.is_empty() || !(declares || self.peek() == Some(&Kind::Assign)) {
            self.next = start;
            return Ok((Vec::new(), false));
        }
        self.next += 1;
        if names.len() > most {
            return self.fault(at, "too many declarations");
        }
        if let Some(name) = names.iter().find(|name| !declares && !self.known.contains(name)) {
            return self.fault(at, format!("undefined variable \"${name}\""));
        }
        Ok((names, declares))
    }

    fn command(&mut self, what: &str) -> Result<Command, TemplateError> {
        let at = self.at();
        let mut operands = Vec::new();
        while let Some(operand) = self.operand()? {
            operands.push(operand);
        }
        if operands.is_empty() {
            return self.fault(at, format!("missing value for {what}"));
        }
        Ok(Command { at, operands })
    }

    fn operand(&mut self) -> Result<Option<Operand>, TemplateError> {
        let at = self.at();
        let mut fields = Vec::new();
        let term = match self.peek().cloned() {
            Some(Kind::Dot) => Term::Dot,
            Some(Kind::Field(name)) => {
                fields.push(name);
                Term::Dot
            }
            Some(Kind::Variable(name)) if name.is_empty() || self.known.contains(&name) => Term::Variable(name),
            Some(Kind::Variable(name)) => return self.fault(at, format!("undefined variable \"${name}\"")),
            Some(Kind::Word(name)) if function::is_known(&name) => Term::Function(name),
            Some(Kind::Word(name)) => return self.fault(at, format!("function {name:?} not defined")),
            Some(Kind::Quoted(text)) => Term::Literal(Value::Text(text)),
            Some(Kind::Int(number)) => Term::Literal(Value::Int(number)),
            Some(Kind::Float(number)) => Term::Literal(Value::Float(number)),
            Some(Kind::Bool(is)) => Term::Literal(Value::Bool(is)),
            Some(Kind::Nil) => Term::Literal(Value::Nil),
            Some(Kind::LeftParen) => return self.paren(at).map(Some),
            Some(Kind::Comma | Kind::Declare | Kind::Assign) => return self.fault(at, "unexpected token in operand"),
            _ => return Ok(None),
        };
        self.next += 1;
        self.operand_of(at, term, fields).map(Some)
    }

    fn paren(&mut self, at: usize) -> Result<Operand, TemplateError> {
        self.next += 1;
        let pipeline = self.deeper(|parser| parser.pipeline("parenthesized pipeline", 0))?;
        if !self.take_if(&Kind::RightParen) {
            return self.fault(at, "unclosed left paren");
        }
        self.operand_of(at, Term::Paren(Box::new(pipeline)), Vec::new())
    }

    /// Adds the fields that follow without a space, and sees that a space follows those.
    fn operand_of(&mut self, at: usize, term: Term, mut fields: Vec<String>) -> Result<Operand, TemplateError> {
        while let Some(Token { kind: Kind::Field(name), spaced: false, .. }) = self.tokens.get(self.next) {
            if matches!(term, Term::Literal(_)) {
                return self.fault(at, format!("unexpected .{name} after a constant"));
            }
            fields.push(name.clone());
            self.next += 1;
        }
        let ends = [Kind::Close, Kind::Pipe, Kind::RightParen, Kind::Comma, Kind::Declare, Kind::Assign];
        match self.tokens.get(self.next) {
            Some(token) if !token.spaced && !ends.contains(&token.kind) => {
                self.fault(token.at, "white space must separate operands")
            }
            _ => Ok(Operand { at, term, fields }),
        }
    }
}
