//! Every file opens with what it is, and a module that is a folder lists what is in it.

use crate::source::{File, Kind, TestCode};

/// A Rust file that does not open with `//!`, a script without its docstring or comment.
pub fn missing(file: &File) -> Option<String> {
    let mut lines = file.text.lines().skip_while(|line| line.starts_with("#!/") || line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let (extension, mark) = match file.path.rsplit('.').next() {
        Some("py") => ("a script", "\"\"\""),
        Some("sh") => ("a script", "#"),
        _ => ("a Rust file", "//!"),
    };
    let said = first.strip_prefix(mark).is_some_and(|rest| !rest.trim().is_empty());
    (!said).then(|| format!("{}: {extension} opens with `{mark}` and a sentence that says what it is", file.path))
}

/// Children that a folder module's `//!` does not list as `` - `name`: what it is ``. The crate's roots are left out:
/// their list is the map in ARCHITECTURE.md.
pub fn unlisted_children(file: &File) -> Vec<String> {
    if file.path.ends_with("/mod.rs") {
        return vec![format!("{}: a folder's module is foo.rs beside foo/, not foo/mod.rs", file.path)];
    }
    if file.module().is_empty() {
        return Vec::new();
    }
    let listed = listed(&file.text);
    let children = file.tokens(TestCode::Kept).into_iter().filter_map(|token| match token.kind {
        Kind::Module { name, test: false } if token.inline_depth == 0 => Some(name),
        _ => None,
    });
    children
        .filter(|name| !listed.contains(name))
        .map(|name| format!("{}: its `//!` has no line \"- `{name}`: …\"", file.path))
        .collect()
}

/// What stands in backquotes in the head's list: several modules may share an item, and an item may go over lines.
fn listed(text: &str) -> Vec<String> {
    let mut in_list = false;
    let head = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let items = head.filter(|line| {
        in_list = line.starts_with("- ") || (in_list && !line.is_empty());
        in_list
    });
    items.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        for (path, good, bad) in [
            ("src/a.rs", "//! What it is.\n\nfn f() {}", "// What it is.\nfn f() {}"),
            ("src/b.rs", "//! What it is.\n#![no_main]", "#![no_main]\n//! What it is."),
            ("src/c.rs", "//! What it is.", "//!\n//! What it is."),
            ("bench/a.py", "#!/usr/bin/env python3\n\"\"\"What it is.\"\"\"", "#!/usr/bin/env python3\nimport os"),
            ("bench/a.sh", "#!/usr/bin/env bash\n# What it is.", "#!/usr/bin/env bash\nset -e"),
        ] {
            assert_eq!(missing(&File::new(path, good)), None);
            assert!(missing(&File::new(path, bad)).is_some(), "{path}: {bad}");
        }
        assert!(missing(&File::new("src/d.rs", "")).is_some());
    }

    #[test]
    fn a_child_that_the_list_omits_is_found() {
        let text = "//! A folder, not of `e`.\n//!\n//! - `b`: one · `c`: two\n//!   and [`d`](d)\n//!\n//! `e`\nmod b;\npub mod c;\nmod d;\nmod e;\n\
                    // - `e`: a comment is no head\n#[cfg(test)]\nmod tests;";
        assert_eq!(unlisted_children(&File::new("src/a.rs", text)), ["src/a.rs: its `//!` has no line \"- `e`: …\""]);
        assert!(unlisted_children(&File::new("src/lib.rs", "//! The crate.\nmod a;")).is_empty());
    }

    #[test]
    fn a_mod_rs_is_found() {
        assert_eq!(unlisted_children(&File::new("src/a/mod.rs", "//! A folder.")).len(), 1);
    }
}
