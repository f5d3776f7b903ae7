//! A template's text as pieces: what is copied, and the tokens of its actions.

use super::TemplateError;
use crate::promql::quote::unquote;

/// One token of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Text between actions, its trimming done.
    Text(String),
    /// `{{` and `}}`.
    Open,
    Close,
    /// A word: a keyword or a function.
    Word(String),
    /// `.name` and, alone, `.`
    Field(String),
    Dot,
    /// `$name`; `$` has no name.
    Variable(String),
    Quoted(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Nil,
    Pipe,
    Comma,
    Declare,
    Assign,
    LeftParen,
    RightParen,
}

/// A token, where it stands (a byte offset), and whether white space stands before it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    pub(super) spaced: bool,
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// All of `source`.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, TemplateError> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new() };
    let mut trim = false;
    loop {
        let open = lexer.rest().find("{{");
        let end = open.map_or(source.len(), |found| lexer.at + found);
        let text = &source[lexer.at..end];
        let text = if trim { text.trim_start_matches(SPACE) } else { text };
        let trims = source[end..].strip_prefix("{{-").is_some_and(|rest| rest.starts_with(SPACE));
        let text = if trims { text.trim_end_matches(SPACE) } else { text };
        if !text.is_empty() {
            lexer.push(Kind::Text(text.to_owned()), lexer.at, false);
        }
        if open.is_none() {
            return Ok(lexer.tokens);
        }
        lexer.at = end + 2 + usize::from(trims);
        trim = lexer.action(end)?;
    }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn push(&mut self, kind: Kind, at: usize, spaced: bool) {
        self.tokens.push(Token { kind, at, spaced });
    }

    fn fault<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::new(self.source, at, message))
    }

    /// One action from behind its `{{` to behind its `}}`; whether that trims what follows.
    fn action(&mut self, open: usize) -> Result<bool, TemplateError> {
        if let Some(trim) = self.comment(open)? {
            return Ok(trim);
        }
        self.push(Kind::Open, open, false);
        loop {
            let before = self.rest();
            let spaces = before.len() - before.trim_start_matches(SPACE).len();
            self.at += spaces;
            let at = self.at;
            let rest = self.rest();
            let trims = spaces > 0 && rest.starts_with("-}}");
            if trims || rest.starts_with("}}") {
                self.at += if trims { 3 } else { 2 };
                self.push(Kind::Close, at, spaces > 0);
                return Ok(trims);
            }
            let Some(first) = rest.chars().next() else { return self.fault(open, "unclosed action") };
            let kind = self.token(first)?;
            self.push(kind, at, spaces > 0);
        }
    }

    fn comment(&mut self, open: usize) -> Result<Option<bool>, TemplateError> {
        let spaces = self.rest().len() - self.rest().trim_start_matches(SPACE).len();
        let trimmed = self.source[open..].starts_with("{{-");
        let Some(body) = self.rest()[spaces..].strip_prefix("/*").filter(|_| spaces == 0 || trimmed) else {
            return Ok(None);
        };
        let Some(length) = body.find("*/") else { return self.fault(open, "unclosed comment") };
        self.at += spaces + 2 + length + 2;
        let behind = self.rest().trim_start_matches(SPACE);
        let trims = behind.len() < self.rest().len() && behind.starts_with("-}}");
        if !trims && !self.rest().starts_with("}}") {
            return self.fault(open, "comment ends before closing delimiter");
        }
        self.at = self.source.len() - behind.len() + if trims { 3 } else { 2 };
        Ok(Some(trims))
    }

    fn token(&mut self, first: char) -> Result<Kind, TemplateError> {
        let rest = self.rest();
        let digit_follows = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        let single = |lexer: &mut Self, kind, length| {
            lexer.at += length;
            Ok(kind)
        };
        match first {
            '|' => single(self, Kind::Pipe, 1),
            ',' => single(self, Kind::Comma, 1),
            '(' => single(self, Kind::LeftParen, 1),
            ')' => single(self, Kind::RightParen, 1),
            '=' => single(self, Kind::Assign, 1),
            ':' if rest.starts_with(":=") => single(self, Kind::Declare, 2),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '.' if !digit_follows => {
                self.at += 1;
                let name = self.word();
                Ok(if name.is_empty() { Kind::Dot } else { Kind::Field(name.to_owned()) })
            }
            '$' => {
                self.at += 1;
                Ok(Kind::Variable(self.word().to_owned()))
            }
            c if c.is_ascii_digit() || c == '.' => self.number(),
            '+' | '-' if digit_follows || rest[1..].starts_with('.') => self.number(),
            c if c.is_alphabetic() || c == '_' => Ok(match self.word() {
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "nil" => Kind::Nil,
                word => Kind::Word(word.to_owned()),
            }),
            c => self.fault(self.at, format!("unexpected {c:?} in an action")),
        }
    }

    /// Letters, digits and underscores from here on.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn number(&mut self) -> Result<Kind, TemplateError> {
        let at = self.at;
        let rest = self.rest();
        let mut end = 0;
        for (place, c) in rest.char_indices() {
            let sign = matches!(c, '+' | '-') && (place == 0 || rest[..place].ends_with(['e', 'E']));
            if !(sign || c.is_ascii_alphanumeric() || c == '.' || c == '_') {
                break;
            }
            end = place + c.len_utf8();
        }
        self.at += end;
        let text = rest[..end].replace('_', "");
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let radix = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)];
        let whole = radix
            .iter()
            .find_map(|(prefix, radix)| digits.strip_prefix(prefix).map(|digits| i64::from_str_radix(digits, *radix)))
            .unwrap_or_else(|| digits.parse());
        match (whole, digits.parse::<f64>()) {
            (Ok(whole), _) => Ok(Kind::Int(sign * whole)),
            (_, Ok(float)) if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                Ok(Kind::Float(sign as f64 * float))
            }
            _ => self.fault(at, format!("bad number syntax: {:?}", &rest[..end])),
        }
    }

    fn raw(&mut self) -> Result<Kind, TemplateError> {
        let body = &self.rest()[1..];
        let Some(end) = body.find('`') else { return self.fault(self.at, "unterminated raw quoted string") };
        self.at += end + 2;
        Ok(Kind::Quoted(body[..end].to_owned()))
    }

    fn quoted(&mut self) -> Result<Kind, TemplateError> {
        let body = &self.rest()[1..];
        let mut escaped = false;
        for (place, c) in body.char_indices() {
            match c {
                '\n' => break,
                '"' if !escaped => {
                    let literal = &self.rest()[..place + 2];
                    let text = unquote(literal).or_else(|message| self.fault(self.at, message))?;
                    self.at += literal.len();
                    return Ok(Kind::Quoted(text));
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        self.fault(self.at, "unterminated quoted string")
    }

    fn character(&mut self) -> Result<Kind, TemplateError> {
        let (at, body) = (self.at, &self.rest()[1..]);
        let skip = if body.starts_with('\\') { 2 } else { 1 };
        let end = body.char_indices().skip(skip).find(|(_, c)| *c == '\'').map(|(place, _)| place);
        let Some(end) = end else { return self.fault(at, "unterminated character constant") };
        let text = unquote(&self.rest()[..end + 2]).or_else(|message| self.fault(at, message))?;
        self.at += end + 2;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Kind::Int(i64::from(u32::from(c)))),
            _ => self.fault(at, "malformed character constant"),
        }
    }
}
