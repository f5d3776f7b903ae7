//! A source file, and its tokens as the rules want them: without comments, attributes and, where asked, test code.
//! `proc-macro2` does the lexing, so a path in a comment or in a string is never taken for an import.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::fs;
use std::path::Path;

/// Where source is looked for, and what in there is made by tools rather than written.
const FOLDERS: [&str; 4] = ["src", "tests", "bench", "fuzz"];
const MADE_BY_TOOLS: [&str; 9] =
    ["target", "run", "results", "venv", "node_modules", "corpus", "artifacts", "coverage", "__pycache__"];
const EXTENSIONS: [&str; 3] = ["rs", "py", "sh"];

/// One file: its path from the top of the repository with `/` between the parts, and its text.
#[derive(Clone, Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

/// One token that a rule may care for, with its line (from 1) and how many inline modules it stands in.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub line: usize,
    pub inline_depth: usize,
}

/// What a token is. `::` is two `Punct`s; brackets of any kind are kept as `Open` and `Close`.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Ident(String),
    Punct(char),
    /// A string literal's text, escapes resolved as far as names need it (they have none).
    Text(String),
    /// A child module in a file of its own; `test` where it is compiled for tests only.
    Module {
        name: String,
        test: bool,
    },
    Open,
    Close,
}

/// Whether code under `#[cfg(test)]` is among the tokens.
#[derive(Clone, Copy, PartialEq)]
pub enum TestCode {
    Kept,
    Dropped,
}

impl File {
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Every written source file of the repository.
    pub fn of_the_tree() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in FOLDERS {
            collect(root, &root.join(folder), &mut files);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The library and the binary.
    pub fn of_the_library() -> Vec<Self> {
        Self::of_the_tree().into_iter().filter(|f| f.path.starts_with("src/") && f.path.ends_with(".rs")).collect()
    }

    /// The parts of the module's path below the crate: `src/proxy/relay.rs` is `["proxy", "relay"]`, the roots are `[]`.
    pub fn module(&self) -> Vec<&str> {
        match self.path.trim_start_matches("src/").trim_end_matches(".rs") {
            "lib" | "main" => Vec::new(),
            path => path.split('/').collect(),
        }
    }

    /// The tokens of a Rust file.
    pub fn tokens(&self, test_code: TestCode) -> Vec<Token> {
        let stream: TokenStream = self.text.parse().unwrap_or_else(|e| panic!("{}: {e}", self.path));
        let mut tokens = Vec::new();
        flatten(stream, test_code, 0, &mut tokens);
        tokens
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder of the tree can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !MADE_BY_TOOLS.contains(&name.as_str()) {
                collect(root, &path, files);
            }
        } else if path.extension().is_some_and(|ext| EXTENSIONS.iter().any(|known| ext == *known)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let inside = path.strip_prefix(root).expect("the walk starts at the root").to_string_lossy();
            files.push(File { path: inside.replace('\\', "/"), text });
        }
    }
}

fn flatten(stream: TokenStream, test_code: TestCode, inline_depth: usize, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let (mut at, mut only_for_tests) = (0, false);
    while at < trees.len() {
        if let Some((after, test)) = attribute(&trees, at) {
            only_for_tests |= test;
            at = after;
            continue;
        }
        if only_for_tests && test_code == TestCode::Dropped {
            if let Some(name) = child_module(&trees, at) {
                push(out, Kind::Module { name, test: true }, &trees[at], inline_depth);
            }
            at = end_of_item(&trees, at);
            only_for_tests = false;
            continue;
        }
        if let Some(name) = child_module(&trees, at) {
            push(out, Kind::Module { name, test: only_for_tests }, &trees[at], inline_depth);
            at += 3;
        } else {
            at = one(&trees, at, test_code, inline_depth, out);
        }
        only_for_tests = false;
    }
}

/// Takes the tree at `at` (an inline module's three with its body) and gives where the next one is.
fn one(trees: &[TokenTree], at: usize, test_code: TestCode, inline_depth: usize, out: &mut Vec<Token>) -> usize {
    if let [TokenTree::Ident(word), TokenTree::Ident(_), TokenTree::Group(body), ..] = &trees[at..]
        && word == "mod"
        && body.delimiter() == Delimiter::Brace
    {
        flatten(body.stream(), test_code, inline_depth + 1, out);
        return at + 3;
    }
    match &trees[at] {
        TokenTree::Ident(word) => push(out, Kind::Ident(word.to_string()), &trees[at], inline_depth),
        TokenTree::Punct(mark) => push(out, Kind::Punct(mark.as_char()), &trees[at], inline_depth),
        TokenTree::Literal(literal) => {
            if let Some(text) = string_text(&literal.to_string()) {
                push(out, Kind::Text(text), &trees[at], inline_depth);
            }
        }
        TokenTree::Group(group) => {
            push(out, Kind::Open, &trees[at], inline_depth);
            flatten(group.stream(), test_code, inline_depth, out);
            push(out, Kind::Close, &trees[at], inline_depth);
        }
    }
    at + 1
}

fn push(out: &mut Vec<Token>, kind: Kind, tree: &TokenTree, inline_depth: usize) {
    out.push(Token { kind, line: tree.span().start().line, inline_depth });
}

/// `#[…]` or `#![…]` at `at`: where it ends, and whether it is `cfg(test)` or `test`. Doc comments are attributes too.
fn attribute(trees: &[TokenTree], at: usize) -> Option<(usize, bool)> {
    let is = |at: usize, mark: char| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == mark);
    if !is(at, '#') {
        return None;
    }
    let body = if is(at + 1, '!') { at + 2 } else { at + 1 };
    match trees.get(body) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            let text: String = group.stream().to_string().split_whitespace().collect();
            let test = text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,");
            Some((body + 1, test))
        }
        _ => None,
    }
}

/// `mod name;` at `at`.
fn child_module(trees: &[TokenTree], at: usize) -> Option<String> {
    match &trees[at..] {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end), ..]
            if word == "mod" && end.as_char() == ';' =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// Where the item at `at` ends: after its `;` or its body in braces.
fn end_of_item(trees: &[TokenTree], at: usize) -> usize {
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    trees[at..].iter().position(ends).map_or(trees.len(), |offset| at + offset + 1)
}

/// The text of a string literal of any kind; `None` for numbers and characters.
fn string_text(literal: &str) -> Option<String> {
    let body = literal.trim_start_matches(['b', 'c', 'r']).trim_start_matches('#').trim_end_matches('#');
    Some(body.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str, test_code: TestCode) -> Vec<String> {
        let tokens = File::new("src/a.rs", source).tokens(test_code);
        tokens.into_iter().filter_map(|t| if let Kind::Text(text) = t.kind { Some(text) } else { None }).collect()
    }

    #[test]
    fn comments_and_attributes_hold_no_text() {
        let source = "//! \"a\"\n/// \"b\"\n#[doc = \"c\"]\nfn f() { /* \"d\" */ g(\"e\", r#\"f\"#, b\"g\", '\"', 1) }";
        assert_eq!(texts(source, TestCode::Kept), ["e", "f", "g"]);
    }

    #[test]
    fn test_code_is_dropped_only_where_asked() {
        let source = "const A: &str = \"a\";\n#[cfg(test)]\nmod tests { const B: &str = \"b\"; }\n\
                      #[cfg(test)]\n#[allow(x)]\nconst C: &str = \"c\";\n#[cfg(unix)]\nconst D: &str = \"d\";";
        assert_eq!(texts(source, TestCode::Kept), ["a", "b", "c", "d"]);
        assert_eq!(texts(source, TestCode::Dropped), ["a", "d"]);
    }

    #[test]
    fn child_modules_are_known_and_told_from_inline_ones() {
        let tokens =
            File::new("src/a.rs", "pub mod b;\nmod c { mod d; }\n#[cfg(test)]\nmod tests;").tokens(TestCode::Kept);
        let modules: Vec<Token> = tokens.into_iter().filter(|t| matches!(t.kind, Kind::Module { .. })).collect();
        let found: Vec<(Kind, usize, usize)> = modules.into_iter().map(|t| (t.kind, t.line, t.inline_depth)).collect();
        let module = |name: &str, test| Kind::Module { name: name.into(), test };
        assert_eq!(found, [(module("b", false), 1, 0), (module("d", false), 2, 1), (module("tests", true), 4, 0)]);
    }
}
