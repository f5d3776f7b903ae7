//! String literals: what stands between quotes, and how a string is quoted again.

/// The text of a literal with its quotes: `"…"` and `'…'` with Go's escapes, `` `…` `` as it stands.
pub fn unquote(literal: &str) -> Result<String, String> {
    let quote = literal.chars().next().ok_or("empty string literal")?;
    let inner = literal
        .strip_prefix(quote)
        .and_then(|rest| rest.strip_suffix(quote))
        .filter(|_| matches!(quote, '"' | '\'' | '`'))
        .ok_or("a string must be quoted")?;
    if quote == '`' {
        return Ok(inner.to_owned());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = escape(&rest[at + 1..], quote, &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).map_err(|_| "the string is not UTF-8".into())
}

/// Reads one escape after its backslash and returns what follows it.
fn escape<'a>(rest: &'a str, quote: char, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let first = rest.chars().next().ok_or("escape sequence not terminated")?;
    let after = &rest[first.len_utf8()..];
    let simple = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => c as u8,
        'x' => return code(after, 2, 16).map(|(value, rest)| (out.push(value as u8), rest).1),
        '0'..='7' => {
            let (value, rest) = code(rest, 3, 8)?;
            out.push(u8::try_from(value).map_err(|_| "escape sequence is an invalid code point")?);
            return Ok(rest);
        }
        'u' | 'U' => {
            let (value, rest) = code(after, if first == 'u' { 4 } else { 8 }, 16)?;
            let c = char::from_u32(value).ok_or("escape sequence is an invalid Unicode code point")?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(rest);
        }
        c => return Err(format!("unknown escape sequence '\\{c}'")),
    };
    out.push(simple);
    Ok(after)
}

fn code(rest: &str, digits: usize, radix: u32) -> Result<(u32, &str), String> {
    let value = rest
        .get(..digits)
        .filter(|text| text.chars().all(|c| c.is_digit(radix)))
        .and_then(|text| u32::from_str_radix(text, radix).ok())
        .ok_or("illegal character in escape sequence")?;
    Ok((value, &rest[digits..]))
}

/// In double quotes, as Go's `%q` has it.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        let cases = [
            (r#""a\tb\"c""#, "a\tb\"c"),
            (r"'it\'s'", "it's"),
            (r"`raw\n`", r"raw\n"),
            (r#""\x41\101\u00e9\U0001F600""#, "AAé😀"),
            (r#""\xc3\xa9""#, "é"),
            ("''", ""),
        ];
        for (literal, want) in cases {
            assert_eq!(unquote(literal).as_deref(), Ok(want), "{literal}");
        }
        for literal in ["", "\"", "abc", r#""\q""#, r#""\x4""#, r#""\ud800""#, r#""\xff""#, r#""\'""#, r#""\400""#] {
            assert!(unquote(literal).is_err(), "{literal}");
        }
    }

    #[test]
    fn a_quoted_string_reads_back() {
        let text = "a\"b\\c\n\u{1}é";
        assert_eq!(unquote(&quote(text)).as_deref(), Ok(text));
    }
}
