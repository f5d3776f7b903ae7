//! A query's text as a tree, with every fault at its place.
//!
//! - `call`: function calls and aggregations
//! - `check`: which types go together
//! - `length`: durations and arithmetic on them
//! - `selector`: selectors and their modifiers
//!
//! Precedence climbing over the tokens of `lex`. A word is a keyword only where the grammar has a place for one, so that
//! metrics and labels may be called `sum` or `by`.

mod call;
mod check;
mod length;
mod selector;

pub(super) use selector::labels;

use super::ast::{Binary, BinaryOp, Cardinality, Expr, Grouping, Kind, Matching, POWER};
use super::error::{Fault, Span};
use super::lex::{Lexeme, Token, lex};
use super::quote::quote;

/// How deep parentheses, calls and signs may nest.
const MAX_NESTING: usize = 64;
/// How high a tree may be: the terms of one long sum pile up too.
const MAX_HEIGHT: usize = 256;

/// Reads the whole of `text` as one expression.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let mut parser = Parser { lexemes: lex(text)?, at: 0, nesting: 0, last_end: 0 };
    if parser.peek() == &Token::End {
        return Err(Fault::parse(Span::new(0, text.len()), "no expression found in input"));
    }
    let expr = parser.expr(0)?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("", "")),
    }
}

struct Parser {
    lexemes: Vec<Lexeme>,
    at: usize,
    nesting: usize,
    /// Where the last token taken ends.
    last_end: usize,
}

impl Parser {
    /// An expression of operators that bind at least as tightly as `least`.
    fn expr(&mut self, least: u8) -> Result<Expr, Fault> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Fault::parse(self.span(), format!("expression nests deeper than {MAX_NESTING} levels")));
        }
        let mut left = self.signed()?;
        while let Some(op) = self.peek_operator().filter(|op| op.precedence() >= least) {
            let op_span = self.take().span;
            let (bool, matching) = self.modifiers()?;
            // `^` associates to the right, all others to the left.
            let right = self.expr(op.precedence() + u8::from(op != BinaryOp::Pow))?;
            left = self.binary(Binary { op, left, right, bool, matching }, op_span)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// A sign binds less tightly than `^` and more tightly than `*`.
    fn signed(&mut self) -> Result<Expr, Fault> {
        let negative = match self.peek() {
            Token::Sign("-") => true,
            Token::Sign("+") => false,
            _ => return self.postfixed(),
        };
        let start = self.take().span;
        let operand = self.expr(POWER)?;
        let span = start.to(operand.span);
        let kind = match operand.kind {
            Kind::Number(value) if negative => Kind::Number(-value),
            _ => {
                check::signed(&operand, span)?;
                if !negative {
                    return Ok(Expr { span, ..operand });
                }
                return self.node(Kind::Negate(Box::new(operand)), span);
            }
        };
        Ok(Expr { kind, span, height: 1 })
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let lexeme = self.lexemes[self.at].clone();
        match lexeme.token {
            Token::Number(value) | Token::Duration(value) => {
                self.take();
                self.node(Kind::Number(value), lexeme.span)
            }
            Token::Text(text) => {
                self.take();
                self.node(Kind::Text(text), lexeme.span)
            }
            Token::Word(word) => self.word(&word),
            Token::Sign("{") => self.selector(None),
            Token::Sign("(") => {
                self.take();
                let inner = self.expr(0)?;
                self.close("(", lexeme.span)?;
                self.node(Kind::Paren(Box::new(inner)), Span::new(lexeme.span.start, self.last_end))
            }
            _ => Err(self.unexpected("", "")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Expr, Fault> {
        if let Some(value) = number_word(word) {
            let span = self.take().span;
            return self.node(Kind::Number(value), span);
        }
        if let Some(op) = super::ast::AggregateOp::from_word(word)
            && (self.next_is_sign("(") || self.next_is_word("by") || self.next_is_word("without"))
        {
            return self.aggregate(op);
        }
        if self.next_is_sign("(") && !word.contains(':') {
            return self.call(word);
        }
        match word.to_ascii_lowercase().as_str() {
            "bool" | "on" | "ignoring" | "group_left" | "group_right" | "atan2" => Err(self.unexpected("", "")),
            _ => self.selector(Some(word)),
        }
    }

    /// What may stand between an operator and its right side.
    fn modifiers(&mut self) -> Result<(bool, Matching), Fault> {
        let bool = self.take_word("bool");
        let mut matching = Matching { on: Grouping { labels: Vec::new(), without: true }, ..Matching::default() };
        let on = self.take_word("on");
        if on || self.take_word("ignoring") {
            matching.on = Grouping { labels: self.label_list()?, without: !on };
            let left = self.take_word("group_left");
            if left || self.take_word("group_right") {
                matching.cardinality = if left { Cardinality::ManyToOne } else { Cardinality::OneToMany };
                if self.peek() == &Token::Sign("(") {
                    matching.include = self.label_list()?;
                }
            }
        }
        while let Some(word) = ["fill", "fill_left", "fill_right"].into_iter().find(|word| self.peek_word(word)) {
            // A metric may be called `fill`.
            if !self.next_is_sign("(") {
                break;
            }
            self.take();
            let value = Some(self.fill_value()?);
            match word {
                "fill_left" => matching.fill_left = value,
                "fill_right" => matching.fill_right = value,
                _ => (matching.fill_left, matching.fill_right) = (value, value),
            }
        }
        Ok((bool, matching))
    }

    fn fill_value(&mut self) -> Result<f64, Fault> {
        let open = self.take().span;
        let value = self.signed_number("fill")?;
        self.close("(", open)?;
        Ok(value)
    }

    /// A number or duration with or without a sign.
    fn signed_number(&mut self, context: &str) -> Result<f64, Fault> {
        let negative = self.peek() == &Token::Sign("-");
        if negative || self.peek() == &Token::Sign("+") {
            self.take();
        }
        let value = match self.peek() {
            Token::Number(value) | Token::Duration(value) => *value,
            Token::Word(word) => number_word(word).ok_or_else(|| self.unexpected(context, "number"))?,
            _ => return Err(self.unexpected(context, "number")),
        };
        self.take();
        Ok(if negative { -value } else { value })
    }

    fn binary(&self, mut binary: Binary, op_span: Span) -> Result<Expr, Fault> {
        check::binary(&mut binary, op_span)?;
        let span = binary.left.span.to(binary.right.span);
        self.node(Kind::Binary(Box::new(binary)), span)
    }

    fn node(&self, kind: Kind, span: Span) -> Result<Expr, Fault> {
        let below = match &kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Selector(_) | Kind::Range { .. } => 0,
            Kind::Subquery(subquery) => subquery.expr.height,
            Kind::Call(call) => call.args.iter().map(|arg| arg.height).max().unwrap_or(0),
            Kind::Aggregate(a) => a.expr.height.max(a.param.as_ref().map_or(0, |param| param.height)),
            Kind::Binary(binary) => binary.left.height.max(binary.right.height),
            Kind::Negate(inner) | Kind::Paren(inner) => inner.height,
        };
        if below >= MAX_HEIGHT {
            return Err(Fault::parse(span, format!("expression has more than {MAX_HEIGHT} levels")));
        }
        Ok(Expr { kind, span, height: below + 1 })
    }
}

/// The tokens.
impl Parser {
    fn peek(&self) -> &Token {
        &self.lexemes[self.at].token
    }

    fn span(&self) -> Span {
        self.lexemes[self.at].span
    }

    /// Takes a token; the last one, `End`, stays.
    fn take(&mut self) -> Lexeme {
        let lexeme = self.lexemes[self.at].clone();
        if lexeme.token != Token::End {
            self.at += 1;
        }
        self.last_end = lexeme.span.end;
        lexeme
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if found {
            self.take();
        }
        found
    }

    fn peek_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        if found {
            self.take();
        }
        found
    }

    fn next_is_sign(&self, sign: &str) -> bool {
        matches!(self.lexemes.get(self.at + 1), Some(Lexeme { token: Token::Sign(found), .. }) if *found == sign)
    }

    fn next_is_word(&self, word: &str) -> bool {
        matches!(self.lexemes.get(self.at + 1), Some(Lexeme { token: Token::Word(w), .. }) if w.eq_ignore_ascii_case(word))
    }

    fn peek_operator(&self) -> Option<BinaryOp> {
        match self.peek() {
            Token::Sign(sign) => BinaryOp::from_text(sign),
            Token::Word(word) => BinaryOp::from_text(word),
            _ => None,
        }
    }

    /// Takes the `)` that ends what `open` began.
    fn close(&mut self, sign: &str, open: Span) -> Result<(), Fault> {
        if self.take_sign(")") {
            return Ok(());
        }
        match self.peek() {
            Token::End if sign == "(" => Err(Fault::parse(open, "unclosed left parenthesis")),
            _ => Err(self.unexpected("", "\")\"")),
        }
    }

    /// What stands here has no place here.
    fn unexpected(&self, context: &str, expected: &str) -> Fault {
        let what = match self.peek() {
            Token::End => "end of input".to_owned(),
            Token::Number(_) => "number".to_owned(),
            Token::Duration(_) => "duration".to_owned(),
            Token::Text(text) => format!("string {}", quote(text)),
            Token::Word(word) => format!("identifier {}", quote(word)),
            Token::Sign(sign) => quote(sign),
        };
        let context = if context.is_empty() { String::new() } else { format!(" in {context}") };
        let expected = if expected.is_empty() { String::new() } else { format!(", expected {expected}") };
        Fault::parse(self.span(), format!("unexpected {what}{context}{expected}"))
    }
}

/// `inf` and `nan` are numbers wherever a number may stand.
fn number_word(word: &str) -> Option<f64> {
    match word.to_ascii_lowercase().as_str() {
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
