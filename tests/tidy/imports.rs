//! Imports point downwards only: the table of ARCHITECTURE.md, held against every `crate::…` and `super::…` path, in
//! test code too.

use crate::source::{File, Kind, TestCode, Token};

/// A folder of `src/` and what it may import, besides itself. Order is the table's.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("base", &[]),
    ("wire", &["base"]),
    ("event", &["base"]),
    ("config", &["base"]),
    ("metrics", &["base", "config"]),
    ("route", &["base", "config"]),
    ("trace", &["base", "event", "config", "metrics"]),
    ("proxy", &["base", "wire", "event", "config", "metrics", "route", "trace"]),
    ("observe", &["base", "wire", "event", "config", "metrics", "route", "trace"]),
    ("gateway", &["base", "config", "metrics"]),
    ("promql", &["base"]),
    ("history", &["base", "metrics", "promql"]),
    ("alert", &["base", "config", "promql"]),
    (
        "admin",
        &[
            "base", "wire", "event", "config", "metrics", "route", "trace", "observe", "gateway", "promql", "history",
            "alert",
        ],
    ),
    ("kube", &["base", "config"]),
];

/// The composition root: it may import everything, and only it may import its own.
const ROOT: [&str; 4] = ["app", "reload", "cli", "demo"];

/// Every import of `file` that the table does not allow.
pub fn upward(file: &File) -> Vec<String> {
    let module = file.module();
    let Some(&folder) = module.first() else { return Vec::new() };
    if ROOT.contains(&folder) {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == folder) else {
        return vec![format!("{}: `{folder}` is not in the table of folders", file.path)];
    };
    let known = |name: &str| ROOT.contains(&name) || MAY_IMPORT.iter().any(|(folder, _)| *folder == name);
    imported(&file.tokens(TestCode::Kept), module.len())
        .into_iter()
        .filter(|(name, _)| name != folder && known(name) && !allowed.contains(&name.as_str()))
        .map(|(name, line)| format!("{}:{line}: `{folder}` may not import `{name}`", file.path))
        .collect()
}

/// The crate's top-level names that paths lead to, with their lines. `depth` is how many modules the file is below the
/// crate's root: so many `super`s lead there too.
fn imported(tokens: &[Token], depth: usize) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some(rest) = after_root(&tokens[at..], depth) else { continue };
        match rest {
            [Token { kind: Kind::Ident(name), line, .. }, ..] => found.push((name.clone(), *line)),
            [Token { kind: Kind::Open, .. }, ..] => found.extend(first_of_each(&rest[1..])),
            _ => {}
        }
    }
    found
}

/// What follows where `tokens` start with `crate::`, or with enough `super::`.
fn after_root(tokens: &[Token], depth: usize) -> Option<&[Token]> {
    let step = |tokens: &'_ [Token], word: &str| {
        let [a, b, c, ..] = tokens else { return false };
        a.kind == Kind::Ident(word.into()) && [&b.kind, &c.kind] == [&Kind::Punct(':'), &Kind::Punct(':')]
    };
    if step(tokens, "crate") {
        return Some(&tokens[3..]);
    }
    let depth = depth + tokens.first()?.inline_depth;
    let supers = (0..).take_while(|n| tokens.get(n * 3..).is_some_and(|rest| step(rest, "super"))).count();
    (supers > 0 && supers >= depth).then(|| &tokens[supers * 3..])
}

/// `{a, b::c, d::{e, f}}` without its opening brace: `a`, `b` and `d`.
fn first_of_each(tokens: &[Token]) -> Vec<(String, usize)> {
    let (mut nested, mut first, mut found) = (0_usize, true, Vec::new());
    for token in tokens {
        match &token.kind {
            Kind::Open => nested += 1,
            Kind::Close if nested == 0 => break,
            Kind::Close => nested -= 1,
            Kind::Punct(',') if nested == 0 => first = true,
            Kind::Ident(name) if nested == 0 && first => {
                found.push((name.clone(), token.line));
                first = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        upward(&File::new(path, text))
    }

    #[test]
    fn an_upward_import_is_found_in_every_spelling() {
        for text in [
            "use crate::proxy::relay;",
            "use crate::proxy;",
            "use crate::{base::Labels, proxy::relay};",
            "use crate::{base::{Labels, proxy}, wire, proxy};",
            "fn f() { crate::proxy::relay() }",
            "pub(in crate::proxy) fn f() {}",
            "fn f() { select! { x = crate::proxy::x() => x } }",
            "use super::super::proxy;",
            "mod inline { use super::super::super::proxy; }",
            "#[cfg(test)]\nmod tests { use crate::proxy; }",
        ] {
            let all = found("src/wire/http1.rs", text);
            assert!(all.len() == 1 && all[0].ends_with("`wire` may not import `proxy`"), "{text}: {all:?}");
        }
    }

    #[test]
    fn downward_imports_and_what_only_looks_like_one_pass() {
        for text in [
            "use crate::base::Labels;",
            "use crate::wire::sniff;",
            "use super::proxy;",
            "use proxy::x;",
            "// crate::proxy\nconst A: &str = \"crate::proxy\";",
            "mod inline { use super::super::proxy; }",
            "use crate::{base::proxy, wire::{proxy, sniff}};",
        ] {
            assert_eq!(found("src/wire/http1.rs", text), [""; 0], "{text}");
        }
        assert!(found("src/app.rs", "use crate::proxy; use crate::admin;").is_empty());
    }

    #[test]
    fn nobody_imports_the_composition_root() {
        assert_eq!(
            found("src/admin/views.rs", "use crate::app;"),
            ["src/admin/views.rs:1: `admin` may not import `app`"]
        );
    }

    #[test]
    fn a_folder_outside_the_table_is_found() {
        assert_eq!(found("src/helpers/a.rs", ""), ["src/helpers/a.rs: `helpers` is not in the table of folders"]);
    }
}
