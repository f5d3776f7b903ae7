//! A query's text as tokens with their places.
//!
//! Words are not told apart into keywords and names here: whether `sum` or `by` is one depends on where it stands, which
//! only the parser knows. Braces and brackets change what a character means, and are tracked.

use super::error::{Fault, Span};
use super::number::parse_number;
use super::quote::unquote;
use crate::base::duration::parse_duration;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// End of the text.
    End,
    /// A number literal.
    Number(f64),
    /// A duration literal, in seconds.
    Duration(f64),
    /// A string literal, unquoted.
    Text(String),
    /// A name or keyword.
    Word(String),
    /// An operator, a bracket or other punctuation, as written.
    Sign(&'static str),
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) span: Span,
}

/// Signs outside of braces, longest first.
const SIGNS: [&str; 21] =
    ["==", "!=", "<=", ">=", "(", ")", "{", "}", "[", "]", ",", "=", "+", "-", "*", "/", "%", "^", "<", ">", "@"];
/// Signs between braces.
const MATCH_SIGNS: [&str; 6] = ["=~", "!~", "!=", "=", ",", "}"];

/// All tokens of `text`, with [`Token::End`] as the last.
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, Fault> {
    let mut lexer = Lexer { text, at: 0, in_braces: false, in_brackets: false };
    let mut out = Vec::new();
    loop {
        lexer.skip_space();
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        out.push(Lexeme { token, span: Span::new(start, lexer.at) });
        if end {
            return Ok(out);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    in_braces: bool,
    in_brackets: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
        }
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let Some(first) = self.rest().chars().next() else {
            return match (self.in_braces, self.in_brackets) {
                (true, _) => Err(self.fault("unexpected end of input inside braces", 0)),
                (_, true) => Err(self.fault("unclosed left bracket", 0)),
                _ => Ok(Token::End),
            };
        };
        match first {
            '"' | '\'' | '`' => self.string(first),
            c if is_name_start(c) || (c == ':' && !self.in_braces && !self.in_brackets) => Ok(self.word()),
            c if !self.in_braces && (c.is_ascii_digit() || (c == '.' && self.digit_at(1))) => self.number(),
            ':' if self.in_brackets => Ok(self.sign(":")),
            c => self.punctuation(c),
        }
    }

    fn punctuation(&mut self, first: char) -> Result<Token, Fault> {
        let known: &[&'static str] = if self.in_braces { &MATCH_SIGNS } else { &SIGNS };
        let rest = self.rest();
        let Some(sign) = known.iter().find(|sign| rest.starts_with(**sign)) else {
            let place = if self.in_braces { " inside braces" } else { "" };
            return Err(self.fault(format!("unexpected character{place}: {first:?}"), first.len_utf8()));
        };
        if !self.in_braces && *sign == "=" && rest[1..].starts_with('~') {
            return Err(self.fault("unexpected character after '=': '~'", 2));
        }
        match *sign {
            "{" => self.in_braces = true,
            "}" if !self.in_braces => return Err(self.fault("unexpected right brace '}'", 1)),
            "}" => self.in_braces = false,
            "[" if self.in_brackets => return Err(self.fault("unexpected left bracket '['", 1)),
            "[" => self.in_brackets = true,
            "]" if !self.in_brackets => return Err(self.fault("unexpected right bracket ']'", 1)),
            "]" => self.in_brackets = false,
            _ => {}
        }
        Ok(self.sign(sign))
    }

    fn sign(&mut self, sign: &'static str) -> Token {
        self.at += sign.len();
        Token::Sign(sign)
    }

    fn word(&mut self) -> Token {
        let colons = !self.in_braces && !self.in_brackets;
        let rest = self.rest();
        let len = rest.find(|c| !(is_name_part(c) || (colons && c == ':'))).unwrap_or(rest.len());
        self.at += len;
        Token::Word(rest[..len].to_owned())
    }

    fn string(&mut self, quote: char) -> Result<Token, Fault> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' if quote != '`' => escaped = true,
                '\n' if quote != '`' => break,
                c if c == quote => {
                    let literal = &rest[..=at];
                    let text = unquote(literal).map_err(|message| self.fault(message, literal.len()))?;
                    self.at += literal.len();
                    return Ok(Token::Text(text));
                }
                _ => {}
            }
        }
        Err(self.fault("unterminated quoted string", 1))
    }

    /// A number, or a duration such as `1h30m`: what follows the digits decides.
    fn number(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut len = 0;
        while let Some(byte) = bytes.get(len) {
            let sign_of_exponent = matches!(byte, b'+' | b'-')
                && matches!(bytes[len - 1], b'e' | b'E')
                && !rest[..len].to_ascii_lowercase().starts_with("0x");
            if !(is_name_part(*byte as char) || *byte == b'.' || sign_of_exponent) {
                break;
            }
            len += 1;
        }
        let literal = &rest[..len];
        let token = if let Some(value) = parse_number(literal) {
            Token::Number(value)
        } else if let Some(ms) = parse_duration(literal) {
            Token::Duration(ms as f64 / 1000.0)
        } else if literal.ends_with(['s', 'm', 'h', 'd', 'w', 'y']) {
            return Err(self.fault(format!("not a valid duration string: {literal:?}"), len));
        } else {
            return Err(self.fault(format!("bad number or duration syntax: {literal:?}"), len));
        };
        self.at += len;
        Ok(token)
    }

    fn digit_at(&self, offset: usize) -> bool {
        self.rest().as_bytes().get(offset).is_some_and(u8::is_ascii_digit)
    }

    fn fault(&self, message: impl Into<String>, len: usize) -> Fault {
        Fault::parse(Span::new(self.at, self.at + len), message)
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(text).expect(text).into_iter().map(|lexeme| lexeme.token).collect()
    }

    #[test]
    fn a_colon_is_part_of_a_name_except_in_brackets() {
        assert_eq!(tokens("a:b")[0], Token::Word("a:b".into()));
        let got = tokens("a[1h:5m]");
        assert_eq!(got[2..5], [Token::Duration(3600.0), Token::Sign(":"), Token::Duration(300.0)]);
    }

    #[test]
    fn numbers_and_durations_end_where_another_token_begins() {
        assert_eq!(tokens("1e-3+2")[..2], [Token::Number(0.001), Token::Sign("+")]);
        assert_eq!(tokens("0x1e+2")[..2], [Token::Number(30.0), Token::Sign("+")]);
        assert_eq!(tokens("1h30m-1")[..2], [Token::Duration(5400.0), Token::Sign("-")]);
    }

    #[test]
    fn comments_end_with_their_line() {
        assert_eq!(tokens("a # b\n+ c").len(), 4);
        assert_eq!(tokens("a{#x\n}")[2], Token::Sign("}"));
    }

    #[test]
    fn a_fault_says_where() {
        for (text, at) in [("a{b=\"c", 4), ("a ! b", 2), ("5m30", 0), ("foo{a>\"b\"}", 5), ("é", 0), ("a]", 1)] {
            assert_eq!(lex(text).expect_err(text).span.start, at, "{text}");
        }
    }
}
