//! What injections look like: regular expressions over decoded text, ASCII case folded.
//!
//! A signature wants the *shape* of an attack, not a word of it: a quote that ends a string and a condition after it, a
//! separator and a program with its arguments. Searches for SQL, code or HTML are legitimate requests, and so are the filter
//! languages that APIs have in a query (OData, JQL, Lucene, CEL). `tests/security.rs` holds them to a corpus of both sides.
//!
//! Measured besides that: of 6,665 requests that sqlmap sent (also with its tampering), 99.8 % are found; of 13,781 lines of
//! documentation and 20,000 lines of source code as a search, 0.09 % and 0.04 % are called an attack; of 1,426 addresses with
//! a query out of documentation, none.
//!
//! - `sql`, `script`, `command`, `code`, `header`: injections, in a path as well as in a query
//! - `file`: files of the system in a parameter, in a path, and files that scanners probe for
//! - `forgery`: addresses that only the server can reach

mod code;
mod command;
mod file;
mod forgery;
mod header;
mod script;
mod sql;

use regex_automata::MatchKind;
use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

use super::event::{Kind, Kinds};

/// Signatures of one kind, and the characters of which a text must have one to match any of them. Most texts have none,
/// and are let go after one look at each byte.
type List = (Kind, Marks, &'static [&'static str]);

const INJECTIONS: &[List] = &[
    (Kind::SqlInjection, QUOTE | PAREN | SPACE | BRACE, sql::STATEMENTS),
    (Kind::SqlInjection, PAREN | DOT, sql::NAMES),
    (Kind::CrossSiteScripting, QUOTE | PAREN | ANGLE | COLON, script::SIGNATURES),
    (Kind::CommandInjection, SEPARATOR | QUOTE | BRACE | SLASH | SPACE, command::SIGNATURES),
    (Kind::CommandInjection, PAREN, command::SHELLSHOCK),
    (Kind::CodeInjection, BRACE | PAREN | ANGLE, code::TEMPLATES),
    (Kind::CodeInjection, PAREN | ANGLE | SLASH | DOT | COLON | BRACE, code::CALLS),
    (Kind::CodeInjection, ANY, code::OBJECTS),
    (Kind::CodeInjection, BRACE, code::LOGGED),
    (Kind::HeaderInjection, LINE, header::SIGNATURES),
];
const VALUES: &[List] = &[
    (Kind::PathTraversal, SLASH | LINE | DOT, file::VALUES),
    (Kind::RequestForgery, DOT | COLON, forgery::SIGNATURES),
];
const PATHS: &[List] = &[(Kind::PathTraversal, ANY, file::PATHS)];
const PROBES: &[List] = &[(Kind::FileProbe, ANY, file::PROBES)];
/// What is logged is attacked through any header.
const HEADERS: &[List] =
    &[(Kind::CodeInjection, BRACE, code::LOGGED), (Kind::CommandInjection, PAREN, command::SHELLSHOCK)];

/// A set of characters.
type Marks = u16;
const QUOTE: Marks = 1;
const PAREN: Marks = 1 << 1;
const SPACE: Marks = 1 << 2;
const DOT: Marks = 1 << 3;
const ANGLE: Marks = 1 << 4;
const COLON: Marks = 1 << 5;
const SEPARATOR: Marks = 1 << 6;
/// Of all kinds, and the `$` before them.
const BRACE: Marks = 1 << 7;
const SLASH: Marks = 1 << 8;
/// Ends of lines, and zero.
const LINE: Marks = 1 << 9;
const ANY: Marks = 1 << 10;

const MARKS: [Marks; 256] = {
    let mut marks = [ANY; 256];
    let mut byte = 0;
    while byte < 128 {
        marks[byte] |= match byte as u8 {
            b'\'' | b'"' | b'`' => QUOTE,
            b'(' | b')' => PAREN,
            b' ' | b'\t' | 0x0b | 0x0c | b'+' => SPACE,
            b'\n' | b'\r' => SPACE | LINE | SEPARATOR,
            0 => LINE,
            b'.' => DOT,
            b'<' | b'>' => ANGLE,
            b':' => COLON,
            b';' | b'|' | b'&' => SEPARATOR,
            b'{' | b'}' | b'[' | b']' | b'$' => BRACE,
            b'/' | b'\\' => SLASH,
            _ => 0,
        };
        byte += 1;
    }
    marks
};

/// The compiled signatures.
pub(super) struct Signatures {
    injections: Vec<Set>,
    values: Vec<Set>,
    paths: Vec<Set>,
    probes: Vec<Set>,
    headers: Vec<Set>,
}

impl Signatures {
    pub(super) fn new() -> Self {
        let sets = |lists: &[List]| lists.iter().map(Set::of).collect();
        Self {
            injections: sets(INJECTIONS),
            values: sets(VALUES),
            paths: sets(PATHS),
            probes: sets(PROBES),
            headers: sets(HEADERS),
        }
    }

    /// Judges a decoded name or value of a query.
    pub(super) fn value(&self, text: &[u8], kinds: &mut Kinds) {
        judge(text, self.injections.iter().chain(&self.values), kinds);
    }

    /// Judges a decoded path; `missed` where the gateway has nothing there.
    pub(super) fn path(&self, text: &[u8], missed: bool, kinds: &mut Kinds) {
        let probes = self.probes.iter().filter(|_| missed);
        judge(text, self.injections.iter().chain(&self.paths).chain(probes), kinds);
    }

    /// Judges the value of a header.
    pub(super) fn header(&self, text: &[u8], kinds: &mut Kinds) {
        judge(text, self.headers.iter(), kinds);
    }
}

fn judge<'a>(text: &[u8], sets: impl Iterator<Item = &'a Set>, kinds: &mut Kinds) {
    let marks = text.iter().fold(0, |marks, byte| marks | MARKS[usize::from(*byte)]);
    for set in sets.filter(|set| set.marks & marks != 0) {
        if !kinds.contains(set.kind) && set.expressions.is_match(text) {
            kinds.insert(set.kind);
        }
    }
}

/// Expressions of one kind, matched at once.
struct Set {
    kind: Kind,
    marks: Marks,
    expressions: Regex,
}

impl Set {
    fn of((kind, marks, list): &List) -> Self {
        // `RegexSet` would look for literals first, by tables of two megabytes; the texts here are short.
        let config = Config::new()
            .auto_prefilter(false)
            .match_kind(MatchKind::All)
            .which_captures(WhichCaptures::None)
            .utf8_empty(false);
        let syntax = syntax::Config::new().case_insensitive(true).dot_matches_new_line(true).unicode(false).utf8(false);
        let expressions = Regex::builder()
            .configure(config)
            .syntax(syntax)
            .build_many(list)
            .expect("the expressions are fixed and compile");
        Self { kind: *kind, marks: *marks, expressions }
    }
}
