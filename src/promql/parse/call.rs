//! Function calls and aggregations.

use super::{Parser, check};
use crate::promql::ast::{Aggregate, AggregateOp, Call, Expr, Grouping, Kind};
use crate::promql::error::{Fault, Span};
use crate::promql::function::Function;
use crate::promql::lex::Token;
use crate::promql::quote::quote;

impl Parser {
    /// `name(…)`; the name is not taken yet.
    pub(super) fn call(&mut self, name: &str) -> Result<Expr, Fault> {
        let name_span = self.take().span;
        let Some(function) = Function::named(name) else {
            let message = match name {
                "info" => "function \"info\" is not supported".to_owned(),
                _ => format!("unknown function with name {}", quote(name)),
            };
            return Err(Fault::parse(name_span, message));
        };
        let args = self.arguments()?;
        let span = Span::new(name_span.start, self.last_end);
        let mut call = Call { function, args, pattern: None };
        check::call(&mut call, span)?;
        self.node(Kind::Call(call), span)
    }

    /// `sum by (a) (…)` or `sum(…) by (a)`; the operator is not taken yet.
    pub(super) fn aggregate(&mut self, op: AggregateOp) -> Result<Expr, Fault> {
        let op_lexeme = self.take();
        let before = self.grouping()?;
        if self.peek() != &Token::Sign("(") {
            return Err(self.unexpected("aggregation", ""));
        }
        let mut args = self.arguments()?;
        let after = if before.is_none() { self.grouping()? } else { None };
        let span = Span::new(op_lexeme.span.start, self.last_end);

        let wanted = 1 + usize::from(op.param().is_some());
        if args.len() != wanted {
            let message = match args.len() {
                0 => "no arguments for aggregate expression provided".to_owned(),
                got => {
                    format!("wrong number of arguments for aggregate expression provided, expected {wanted}, got {got}")
                }
            };
            return Err(Fault::parse(span, message));
        }
        // The last argument is the vector.
        let expr = args.remove(wanted - 1);
        let grouping = before.or(after).unwrap_or_default();
        let aggregate = Aggregate { op, grouping, param: args.pop(), expr };
        check::aggregate(&aggregate)?;
        self.node(Kind::Aggregate(Box::new(aggregate)), span)
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Fault> {
        let by = self.take_word("by");
        if !by && !self.take_word("without") {
            return Ok(None);
        }
        Ok(Some(Grouping { labels: self.label_list()?, without: !by }))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Fault> {
        let open = self.take().span;
        let mut args = Vec::new();
        if self.take_sign(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expr(0)?);
            let comma = self.span();
            if !self.take_sign(",") {
                break;
            }
            if self.peek() == &Token::Sign(")") {
                return Err(Fault::parse(comma, "trailing commas not allowed in function call args"));
            }
        }
        self.close("(", open)?;
        Ok(args)
    }

    /// `(a, "b.c", …)`, sorted and without repeats; a comma may end it.
    pub(super) fn label_list(&mut self) -> Result<Vec<String>, Fault> {
        if !self.take_sign("(") {
            return Err(self.unexpected("grouping opts", "\"(\""));
        }
        let mut labels = Vec::new();
        while !self.take_sign(")") {
            match self.peek().clone() {
                Token::Word(word) if super::number_word(&word).is_none() && !word.contains(':') => labels.push(word),
                Token::Text(text) if !text.is_empty() => labels.push(text),
                _ => return Err(self.unexpected("grouping opts", "label")),
            }
            self.take();
            if !self.take_sign(",") && self.peek() != &Token::Sign(")") {
                return Err(self.unexpected("grouping opts", "\",\" or \")\""));
            }
        }
        labels.sort();
        labels.dedup();
        Ok(labels)
    }
}
