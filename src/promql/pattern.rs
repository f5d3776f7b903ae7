//! Regular expressions as PromQL has them: Go's syntax, anchored at both ends, `.` matching line ends too.
//!
//! Go and Rust share nearly all of the syntax. What differs is rewritten here: a `{` that repeats nothing is itself, a `[`
//! within a class is itself, `\d`, `\w` and `\s` are ASCII, and `\Q…\E` quotes.

use regex::Regex;

/// Compiles `pattern`, or says what is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let rust = format!("^(?s:{})$", translate(pattern));
    // An unbalanced group must not close the one put around the pattern.
    Regex::new(&translate(pattern)).and_then(|_| Regex::new(&rust)).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => format!("the compiled expression is larger than {limit} bytes"),
        // The last line says what; those before it show where in the rewritten text.
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    })
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(after, &mut out),
            '[' => class(after, &mut out),
            '{' if !is_repetition(after) => {
                out.push_str("\\{");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// Whether `{` followed by this is `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(after: &str) -> bool {
    let Some((bounds, _)) = after.split_once('}') else { return false };
    let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|byte| byte.is_ascii_digit())
}

/// Writes the escape whose backslash was read, and returns what follows.
fn escape<'a>(after: &'a str, out: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let rest = &after[c.len_utf8()..];
    match c {
        'Q' => {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            return rest;
        }
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'b' => out.push_str("(?-u:\\b)"),
        // Rust reads these as the edges of a word.
        '<' | '>' => out.push(c),
        c => {
            out.push('\\');
            out.push(c);
            // The braces of `\x{…}` and `\p{…}` are no repetition.
            if matches!(c, 'x' | 'p' | 'P') && rest.starts_with('{') {
                let end = rest.find('}').map_or(rest.len(), |at| at + 1);
                out.push_str(&rest[..end]);
                return &rest[end..];
            }
        }
    }
    rest
}

/// Writes a class whose `[` was read, and returns what follows it.
fn class<'a>(after: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = after;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    if let Some(literal) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = literal;
    }
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            ']' => {
                out.push(']');
                return after;
            }
            '[' if after.starts_with(':') && after.contains(":]") => {
                let end = after.find(":]").map_or(after.len(), |at| at + 2);
                out.push('[');
                out.push_str(&after[..end]);
                &after[end..]
            }
            '\\' => escape(after, out),
            // Rust nests classes, and gives doubled signs a meaning.
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
                after
            }
            '-' if after.starts_with('-') => {
                out.push_str("\\-");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_text() {
        let cases = [
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("a.c", "a\nc", true),
            ("", "", true),
            ("(?i)ABC", "abc", true),
            ("a{2}", "aa", true),
            ("b{abc}", "b{abc}", true),
            ("a{,2}", "a{,2}", true),
            ("[[a]", "[", true),
            ("[]a]", "]", true),
            ("[[:alpha:]&&x]+", "q&x", true),
            ("[a\\d]+", "a1", true),
            ("\\d", "٣", false),
            ("\\Qa.b\\E+", "a.bb", true),
            ("\\x{e9}\\pL", "éz", true),
            ("x\\<y", "x<y", true),
            ("a\\", "a", false),
        ];
        for (pattern, text, want) in cases {
            let got = compile(pattern).is_ok_and(|regex| regex.is_match(text));
            assert_eq!(got, want, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["(", ")", "a)(b", "[", "*", "a{2", "(?P<n", "\\"] {
            assert_eq!(compile(pattern).is_err(), pattern != "a{2", "{pattern}");
        }
    }
}
