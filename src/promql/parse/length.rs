//! Durations: literals, and arithmetic on them where a range or an offset stands.

use super::Parser;
use crate::promql::ast::{Length, LengthExpr, LengthOp};
use crate::promql::error::{Fault, Span};
use crate::promql::lex::Token;

/// The seconds that 64 bits of nanoseconds can hold.
const MAX_SECONDS: f64 = 9.223_372_036_854_775e9;
const EXPECTED: &str = "number, duration, step(), or range()";

impl Parser {
    /// A range or a step, within brackets: longer than nothing.
    pub(super) fn positive_length(&mut self) -> Result<Length, Fault> {
        let start = self.span();
        let expr = self.length(0, "subquery or range selector")?;
        let span = Span::new(start.start, self.last_end);
        match settle(expr, span)? {
            Length::Fixed(ms) if ms <= 0 => Err(Fault::parse(span, "duration must be greater than 0")),
            length => Ok(length),
        }
    }

    /// An offset ends with its first literal, so that `foo offset 5m + 1` is a sum; parentheses hold more.
    pub(super) fn offset_length(&mut self) -> Result<Length, Fault> {
        let start = self.span();
        let expr = self.length_operand("offset")?;
        settle(expr, Span::new(start.start, self.last_end))
    }

    fn length(&mut self, least: u8, context: &str) -> Result<LengthExpr, Fault> {
        self.nesting += 1;
        if self.nesting > super::MAX_NESTING {
            return Err(self.unexpected(context, "a simpler duration"));
        }
        let mut left = self.length_operand(context)?;
        while let Some((op, precedence)) = self.peek_length_op().filter(|(_, precedence)| *precedence >= least) {
            self.take();
            let right = self.length(precedence + u8::from(op != LengthOp::Pow), context)?;
            left = LengthExpr::Binary(op, Box::new(left), Box::new(right));
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn length_operand(&mut self, context: &str) -> Result<LengthExpr, Fault> {
        let lexeme = self.lexemes[self.at].clone();
        match lexeme.token {
            Token::Number(seconds) | Token::Duration(seconds) => {
                self.take();
                // NaN is out of range too.
                if !(-MAX_SECONDS..=MAX_SECONDS).contains(&seconds) {
                    return Err(Fault::parse(lexeme.span, "duration out of range"));
                }
                Ok(LengthExpr::Seconds(seconds))
            }
            Token::Sign("+") => {
                self.take();
                self.signed_length(context)
            }
            Token::Sign("-") => {
                self.take();
                Ok(LengthExpr::Negate(Box::new(self.signed_length(context)?)))
            }
            Token::Sign("(") => {
                self.take();
                let inner = self.length(0, context)?;
                self.close("(", lexeme.span)?;
                Ok(inner)
            }
            Token::Word(word) if self.next_is_sign("(") => self.length_function(&word, context),
            _ => Err(self.unexpected(context, EXPECTED)),
        }
    }

    /// In brackets a sign binds less tightly than `^`; an offset ends with what its sign stands before.
    fn signed_length(&mut self, context: &str) -> Result<LengthExpr, Fault> {
        if context == "offset" { self.length_operand(context) } else { self.length(3, context) }
    }

    fn length_function(&mut self, word: &str, context: &str) -> Result<LengthExpr, Fault> {
        let op = match word.to_ascii_lowercase().as_str() {
            "step" => LengthExpr::Step,
            "range" => LengthExpr::Range,
            "min" | "min_of" => return self.length_pair(LengthOp::Min),
            "max" | "max_of" => return self.length_pair(LengthOp::Max),
            _ => return Err(self.unexpected(context, EXPECTED)),
        };
        self.take();
        let open = self.take().span;
        self.close("(", open)?;
        Ok(op)
    }

    fn length_pair(&mut self, op: LengthOp) -> Result<LengthExpr, Fault> {
        let context = "duration expression";
        self.take();
        let open = self.take().span;
        let left = self.length(0, context)?;
        if !self.take_sign(",") {
            return Err(self.unexpected(context, "\",\""));
        }
        let right = self.length(0, context)?;
        self.close("(", open)?;
        Ok(LengthExpr::Binary(op, Box::new(left), Box::new(right)))
    }

    fn peek_length_op(&self) -> Option<(LengthOp, u8)> {
        Some(match self.peek() {
            Token::Sign("+") => (LengthOp::Add, 1),
            Token::Sign("-") => (LengthOp::Sub, 1),
            Token::Sign("*") => (LengthOp::Mul, 2),
            Token::Sign("/") => (LengthOp::Div, 2),
            Token::Sign("%") => (LengthOp::Mod, 2),
            Token::Sign("^") => (LengthOp::Pow, 3),
            _ => return None,
        })
    }
}

/// What does not depend on the query is computed now.
fn settle(expr: LengthExpr, span: Span) -> Result<Length, Fault> {
    if expr.depends_on_query() {
        return Ok(Length::Computed(Box::new(expr), span));
    }
    let seconds = expr.seconds(0.0, 0.0).map_err(|message| Fault::parse(span, message))?;
    to_milliseconds(seconds).map(Length::Fixed).ok_or_else(|| Fault::parse(span, "duration is out of range"))
}

/// Nanoseconds are rounded, milliseconds cut off: a range of half a millisecond is none.
fn to_milliseconds(seconds: f64) -> Option<i64> {
    (seconds.abs() <= MAX_SECONDS).then(|| (seconds * 1e9).round() as i64 / 1_000_000)
}

impl LengthExpr {
    fn depends_on_query(&self) -> bool {
        match self {
            Self::Seconds(_) => false,
            Self::Step | Self::Range => true,
            Self::Negate(inner) => inner.depends_on_query(),
            Self::Binary(_, left, right) => left.depends_on_query() || right.depends_on_query(),
        }
    }

    fn seconds(&self, step: f64, range: f64) -> Result<f64, &'static str> {
        Ok(match self {
            Self::Seconds(seconds) => *seconds,
            Self::Step => step,
            Self::Range => range,
            Self::Negate(inner) => -inner.seconds(step, range)?,
            Self::Binary(op, left, right) => {
                let (left, right) = (left.seconds(step, range)?, right.seconds(step, range)?);
                match op {
                    LengthOp::Div if right == 0.0 => return Err("division by zero"),
                    LengthOp::Mod if right == 0.0 => return Err("modulo by zero"),
                    LengthOp::Add => left + right,
                    LengthOp::Sub => left - right,
                    LengthOp::Mul => left * right,
                    LengthOp::Div => left / right,
                    LengthOp::Mod => left % right,
                    LengthOp::Pow => left.powf(right),
                    LengthOp::Min => left.min(right),
                    LengthOp::Max => left.max(right),
                }
            }
        })
    }
}

impl Length {
    /// Milliseconds in a query with this step and range, both in milliseconds.
    pub(in crate::promql) fn resolve(&self, step: i64, range: i64, positive: bool) -> Result<i64, Fault> {
        match self {
            Self::Fixed(ms) => Ok(*ms),
            Self::Computed(expr, span) => {
                let seconds = expr.seconds(step as f64 / 1000.0, range as f64 / 1000.0);
                match seconds.map(|seconds| (seconds, to_milliseconds(seconds))) {
                    Err(message) => Err(Fault::evaluation(*span, message)),
                    Ok((seconds, _)) if positive && seconds <= 0.0 => {
                        Err(Fault::evaluation(*span, "duration must be greater than 0"))
                    }
                    Ok((_, Some(ms))) => Ok(ms),
                    Ok((_, None)) => Err(Fault::evaluation(*span, "duration is out of range")),
                }
            }
        }
    }
}
