//! Imports point downwards only: the table of ARCHITECTURE.md, held against every `crate::…` and `super::…` path, in
//! test code too.

use crate::source::{File, Kind, TestCode, Token};

/// Who may import whom.
pub struct Table {
    /// Folders in the table's order, each with what it may import besides itself.
    folders: Vec<(String, Vec<String>)>,
    /// The composition root: it may import everything, and nobody else may import it.
    root: Vec<String>,
}

impl Table {
    /// Reads the table under `| folder |` of ARCHITECTURE.md: `` | `wire/` | what it holds | base | ``. What may be imported
    /// is `nothing`, names with commas between, `all above`, or `all above but` names; the root's row says `all`. A row
    /// that names what is not above it points upwards itself, and is a fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut folders, mut root) = (Vec::<(String, Vec<String>)>::new(), Vec::new());
        let rows = text.lines().skip_while(|line| !line.starts_with("| folder |")).skip(2);
        for row in rows.take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [names, _, may] = cells[..] else { return Err(format!("not three cells: {row}")) };
            let names = names.split(',').map(|name| name.trim().trim_matches('`'));
            let names: Vec<&str> = names.map(|name| name.trim_end_matches('/').trim_end_matches(".rs")).collect();
            let above = || folders.iter().map(|(name, _)| name.clone());
            let allowed: Vec<String> = match may {
                "nothing" => Vec::new(),
                "all" => {
                    root.extend(names.into_iter().map(str::to_owned));
                    continue;
                }
                _ => match may.strip_prefix("all above") {
                    Some(but) => above().filter(|name| !words(but).contains(&name.as_str())).collect(),
                    None => words(may).into_iter().map(str::to_owned).collect(),
                },
            };
            if let Some(name) = allowed.iter().find(|name| !above().any(|above| above == **name)) {
                return Err(format!("{}: `{name}` does not stand above it", names.join(", ")));
            }
            folders.extend(names.into_iter().map(|name| (name.to_owned(), allowed.clone())));
        }
        if folders.is_empty() { Err("there is no table of folders".into()) } else { Ok(Self { folders, root }) }
    }

    /// Every import of `file` that is not allowed.
    pub fn upward(&self, file: &File) -> Vec<String> {
        let module = file.module();
        let Some(&folder) = module.first() else { return Vec::new() };
        if self.root.iter().any(|name| name == folder) {
            return Vec::new();
        }
        let Some((_, allowed)) = self.folders.iter().find(|(name, _)| name == folder) else {
            return vec![format!("{}: `{folder}` is not in the table of ARCHITECTURE.md", file.path)];
        };
        let known = |name: &String| self.root.contains(name) || self.folders.iter().any(|(folder, _)| folder == name);
        imported(&file.tokens(TestCode::Kept), module.len())
            .into_iter()
            .filter(|(name, _)| name != folder && known(name) && !allowed.contains(name))
            .map(|(name, line)| format!("{}:{line}: `{folder}` may not import `{name}`", file.path))
            .collect()
    }
}

/// The names in a list, without what joins them.
fn words(list: &str) -> Vec<&str> {
    list.split([',', ' ']).filter(|word| !matches!(*word, "" | "but" | "and")).collect()
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

    const TABLE: &str = "# A\n\n| folder | holds | may import |\n|---|---|---|\n\
        | `base/` | this, or that | nothing |\n| `wire/` | x | base |\n| `proxy/`, `observe/` | x | all above |\n\
        | `admin/` | x | all above but proxy |\n| `app.rs`, `main.rs` | x | all |\n\n| `later/` | x | nothing |\n";

    fn found(path: &str, text: &str) -> Vec<String> {
        Table::parse(TABLE).expect("a good table").upward(&File::new(path, text))
    }

    #[test]
    fn the_table_is_read_as_it_is_written() {
        assert!(found("src/admin.rs", "use crate::{observe, wire};").is_empty());
        assert_eq!(found("src/admin.rs", "use crate::proxy;"), ["src/admin.rs:1: `admin` may not import `proxy`"]);
        assert_eq!(found("src/observe.rs", "use crate::proxy;").len(), 1);
        assert_eq!(found("src/later.rs", "").len(), 1);
    }

    #[test]
    fn a_table_that_points_upwards_is_a_fault() {
        let upwards = TABLE.replace("| `wire/` | x | base |", "| `wire/` | x | base, admin |");
        assert_eq!(Table::parse(&upwards).err().as_deref(), Some("wire: `admin` does not stand above it"));
        assert!(Table::parse("no table").is_err());
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
        assert_eq!(
            found("src/helpers/a.rs", ""),
            ["src/helpers/a.rs: `helpers` is not in the table of ARCHITECTURE.md"]
        );
    }
}
