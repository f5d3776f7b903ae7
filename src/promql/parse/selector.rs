//! Selectors, and what may follow an expression: a range, a subquery, an offset, `@`.

use super::Parser;
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::promql::ast::{At, Edges, Expr, Kind, Length, Selector, Shift, Subquery, ValueType};
use crate::promql::error::{Fault, Span};
use crate::promql::lex::{Token, lex};
use crate::promql::pattern;
use crate::promql::quote::quote;
use crate::promql::series::{Matcher, Op};

/// The labels of `name{…}` or `{…}` where every label has one value, as test files write series.
pub(in crate::promql) fn labels(text: &str) -> Result<Labels, Fault> {
    let mut parser = Parser { lexemes: lex(text)?, at: 0, nesting: 0, last_end: 0 };
    let mut pairs = Vec::new();
    let name = match parser.peek().clone() {
        Token::Word(name) => Some(name),
        _ => None,
    };
    if name.is_some() {
        parser.take();
    }
    if parser.peek() == &Token::Sign("{") {
        for matcher in parser.matchers()? {
            match matcher.op {
                Op::Equal(value) => pairs.push((matcher.name, value)),
                _ => {
                    return Err(Fault::parse(
                        Span::new(0, text.len()),
                        "a label of a series has one value: expected \"=\"",
                    ));
                }
            }
        }
    }
    pairs.extend(name.map(|name| (NAME.to_owned(), name)));
    match parser.peek() {
        Token::End => Ok(Labels::new(pairs)),
        _ => Err(parser.unexpected("label set", "")),
    }
}

impl Parser {
    /// `name`, `name{…}` or `{…}`; nothing of it is taken yet.
    pub(super) fn selector(&mut self, name: Option<&str>) -> Result<Expr, Fault> {
        let start = self.span();
        let mut matchers = Vec::new();
        if name.is_some() {
            self.take();
        }
        if self.peek() == &Token::Sign("{") {
            matchers = self.matchers()?;
        }
        let span = Span::new(start.start, self.last_end);
        match name {
            Some(name) => {
                if let Some(other) = matchers.iter().find(|matcher| matcher.name == NAME) {
                    let (one, two) = (quote(name), quote(written_value(&other.op)));
                    return Err(Fault::parse(span, format!("metric name must not be set twice: {one} or {two}")));
                }
                matchers.insert(0, Matcher { name: NAME.into(), op: Op::Equal(name.into()) });
            }
            // One that is not empty, so that a slip of the pen does not select everything.
            None if matchers.iter().all(|matcher| accepts_empty(&matcher.op)) => {
                return Err(Fault::parse(span, "vector selector must contain at least one non-empty matcher"));
            }
            None => {}
        }
        self.node(Kind::Selector(Selector { matchers, shift: Shift::default(), edges: Edges::AsFound }), span)
    }

    fn matchers(&mut self) -> Result<Vec<Matcher>, Fault> {
        self.take();
        let mut matchers = Vec::new();
        while !self.take_sign("}") {
            matchers.push(self.matcher()?);
            if !self.take_sign(",") && self.peek() != &Token::Sign("}") {
                return Err(self.unexpected("label matching", "\",\" or \"}\""));
            }
        }
        Ok(matchers)
    }

    fn matcher(&mut self) -> Result<Matcher, Fault> {
        let name = self.lexemes[self.at].clone();
        let (label, quoted) = match name.token {
            Token::Word(word) => (word, false),
            Token::Text(text) => (text, true),
            _ => return Err(self.unexpected("label matching", "identifier or \"}\"")),
        };
        self.take();
        let op = match self.peek() {
            Token::Sign(sign @ ("=" | "!=" | "=~" | "!~")) => *sign,
            // A quoted name by itself is that of the metric.
            Token::Sign("," | "}") if quoted => return Ok(Matcher { name: NAME.into(), op: Op::Equal(label) }),
            _ => return Err(self.unexpected("label matching", "label matching operator")),
        };
        self.take();
        let value = self.lexemes[self.at].clone();
        let Token::Text(text) = value.token else {
            return Err(self.unexpected("label matching", "string"));
        };
        self.take();
        let regex = |text: &str| {
            pattern::compile(text).map_err(|message| {
                Fault::parse(name.span.to(value.span), format!("error parsing regexp: {message}: `{text}`"))
            })
        };
        let op = match op {
            "=" => Op::Equal(text),
            "!=" => Op::NotEqual(text),
            "=~" => Op::Matches(regex(&text)?),
            _ => Op::NotMatches(regex(&text)?),
        };
        Ok(Matcher { name: label, op })
    }

    /// A primary expression with all that follows it.
    pub(super) fn postfixed(&mut self) -> Result<Expr, Fault> {
        let mut expr = self.primary()?;
        loop {
            expr = if self.peek() == &Token::Sign("[") {
                self.bracketed(expr)?
            } else if self.peek() == &Token::Sign("@") {
                self.at_modifier(expr)?
            } else if self.peek_word("offset") {
                self.offset(expr)?
            } else if self.peek_word("anchored") {
                self.edges(expr, Edges::Anchored)?
            } else if self.peek_word("smoothed") {
                self.edges(expr, Edges::Smoothed)?
            } else {
                return Ok(expr);
            };
        }
    }

    fn bracketed(&mut self, inner: Expr) -> Result<Expr, Fault> {
        let open = self.take().span;
        let range = self.positive_length()?;
        if self.take_sign("]") {
            return self.range(inner, range, Span::new(open.start, self.last_end));
        }
        if !self.take_sign(":") {
            return Err(self.unexpected("subquery or range", "\":\" or \"]\""));
        }
        let step = if self.peek() == &Token::Sign("]") { None } else { Some(self.positive_length()?) };
        if !self.take_sign("]") {
            return Err(self.unexpected("subquery selector", "\"]\""));
        }
        let span = Span::new(inner.span.start, self.last_end);
        if inner.value_type() != ValueType::Vector {
            let got = inner.value_type().name();
            return Err(Fault::parse(span, format!("subquery is only allowed on instant vector, got {got} instead")));
        }
        self.node(Kind::Subquery(Box::new(Subquery { expr: inner, range, step, shift: Shift::default() })), span)
    }

    fn range(&mut self, inner: Expr, range: Length, brackets: Span) -> Result<Expr, Fault> {
        let span = inner.span.to(brackets);
        let selector = match inner.kind {
            Kind::Selector(selector) => selector,
            _ => return Err(Fault::parse(brackets, "ranges only allowed for vector selectors")),
        };
        if selector.shift.offset.is_some() {
            return Err(Fault::parse(brackets, "no offset modifiers allowed before range"));
        }
        if selector.shift.at.is_some() {
            return Err(Fault::parse(brackets, "no @ modifiers allowed before range"));
        }
        self.node(Kind::Range { selector, range }, span)
    }

    fn offset(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        self.take();
        let offset = self.offset_length()?;
        let shift = shift_of(&mut expr, "offset modifier")?;
        if shift.offset.replace(offset).is_some() {
            return Err(Fault::parse(expr.span, "offset may not be set multiple times"));
        }
        expr.span.end = self.last_end;
        Ok(expr)
    }

    fn at_modifier(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        self.take();
        let at = if self.peek_word("start") || self.peek_word("end") {
            let at = if self.peek_word("start") { At::Start } else { At::End };
            self.take();
            let open = self.span();
            if !self.take_sign("(") {
                return Err(self.unexpected("@", "\"(\""));
            }
            self.close("(", open)?;
            at
        } else {
            let seconds = self.signed_number("@")?;
            if seconds.is_nan() || seconds.abs() >= i64::MAX as f64 {
                let message = format!("timestamp out of bounds for @ modifier: {seconds}");
                return Err(Fault::parse(expr.span, message));
            }
            At::Time((seconds * 1000.0).round() as i64)
        };
        let shift = shift_of(&mut expr, "@ modifier")?;
        if shift.at.replace(at).is_some() {
            return Err(Fault::parse(expr.span, "@ <timestamp> may not be set multiple times"));
        }
        expr.span.end = self.last_end;
        Ok(expr)
    }

    fn edges(&mut self, mut expr: Expr, edges: Edges) -> Result<Expr, Fault> {
        let word = self.take();
        let name = if edges == Edges::Anchored { "anchored" } else { "smoothed" };
        let selector = match &mut expr.kind {
            Kind::Selector(selector) | Kind::Range { selector, .. } => selector,
            Kind::Subquery(_) => {
                return Err(Fault::parse(expr.span, format!("{name} modifier is not supported for subqueries")));
            }
            _ => return Err(Fault::parse(expr.span, format!("{name} modifier not implemented"))),
        };
        if selector.edges != Edges::AsFound && selector.edges != edges {
            return Err(Fault::parse(expr.span, "anchored and smoothed modifiers cannot be used together"));
        }
        selector.edges = edges;
        expr.span.end = word.span.end;
        Ok(expr)
    }
}

fn shift_of<'a>(expr: &'a mut Expr, what: &str) -> Result<&'a mut Shift, Fault> {
    let span = expr.span;
    match &mut expr.kind {
        Kind::Selector(selector) | Kind::Range { selector, .. } => Ok(&mut selector.shift),
        Kind::Subquery(subquery) => Ok(&mut subquery.shift),
        _ => Err(Fault::parse(
            span,
            format!("{what} must be preceded by an instant vector selector or range vector selector or a subquery"),
        )),
    }
}

fn accepts_empty(op: &Op) -> bool {
    match op {
        Op::Equal(value) => value.is_empty(),
        Op::NotEqual(value) => !value.is_empty(),
        Op::Matches(regex) => regex.is_match(""),
        Op::NotMatches(regex) => !regex.is_match(""),
    }
}

fn written_value(op: &Op) -> &str {
    match op {
        Op::Equal(value) | Op::NotEqual(value) => value,
        Op::Matches(regex) | Op::NotMatches(regex) => regex.as_str(),
    }
}
