//! A request target in all the decodings that a server behind might see.

/// Bytes of a target that are looked at.
const MAX_TARGET: usize = 8192;
/// Times that an encoding is taken off. Servers and applications take it off once or twice; attackers try three.
const MAX_LAYERS: usize = 3;

/// The path and the query of a target, still encoded.
pub(super) fn split(target: &[u8]) -> (&[u8], &[u8]) {
    let target = &target[..target.len().min(MAX_TARGET)];
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, &[][..]),
    };
    (without_authority(path), query)
}

/// The path of an absolute form.
fn without_authority(path: &[u8]) -> &[u8] {
    if path.first() == Some(&b'/') {
        return path;
    }
    let Some(at) = path.windows(3).position(|three| three == b"://") else { return path };
    let rest = &path[at + 3..];
    &rest[rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len())..]
}

/// Names and values of a query, still encoded.
pub(super) fn parameters(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query
        .split(|byte| *byte == b'&')
        .flat_map(|pair| pair.splitn(2, |byte| *byte == b'='))
        .filter(|part| !part.is_empty())
}

/// Calls `see` with `encoded` after one, two and three decodings, as long as each changes something, and with each of them
/// once more with SQL comments or the escapes of JavaScript (`\u003c`, `\x3c`) taken out.
pub(super) fn layers(encoded: &[u8], plus_is_space: bool, mut see: impl FnMut(&[u8])) {
    let mut text = decoded(encoded, plus_is_space);
    for layer in 1.. {
        see(&text);
        if text.windows(2).any(|two| two == b"/*") {
            see(&uncommented(&text));
        }
        if text.windows(2).any(|two| matches!(two, b"\\u" | b"\\x")) {
            see(&unescaped(&text));
        }
        if layer == MAX_LAYERS || !text.contains(&b'%') {
            return;
        }
        let next = decoded(&text, false);
        if next == text {
            return;
        }
        text = next;
    }
}

/// Takes `%XX` and `%uXXXX` off once, and straightens UTF-8 sequences that are longer than they need be (`%c0%af` is `/`) and
/// the full-width forms of quotes, dots, slashes and angle brackets, which some databases and frameworks fold.
fn decoded(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, after) = match byte {
            b'%' => escape(after).unwrap_or((b'%', after)),
            b'+' if plus_is_space => (b' ', after),
            other => (*other, after),
        };
        match (&out[..], byte) {
            ([.., lead @ (0xc0 | 0xc1)], 0x80..=0xbf | 0x1c) => {
                let straight = (lead & 1) << 6 | (byte & 0x3f);
                out.pop();
                out.push(straight);
            }
            ([.., 0xef, 0xbc], 0x82 | 0x87 | 0x8e | 0x8f | 0x9c | 0x9e | 0xbc) => {
                out.truncate(out.len() - 2);
                out.push(byte - 0x60);
            }
            ([.., 0xe0, lead @ (0x80 | 0x81)], 0x80..=0xbf) => {
                let straight = (lead & 1) << 6 | (byte & 0x3f);
                out.truncate(out.len() - 2);
                out.push(straight);
            }
            _ => out.push(byte),
        }
        rest = after;
    }
    out
}

/// What the bytes after a `%` stand for, and what follows. Of `%uXXXX` the ASCII and the full-width forms of ASCII.
fn escape(after: &[u8]) -> Option<(u8, &[u8])> {
    let number = |digits: &[u8]| {
        let text = std::str::from_utf8(digits).ok()?;
        text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(text, 16).ok())?
    };
    if let Some(rest) = after.strip_prefix(b"u").or_else(|| after.strip_prefix(b"U")) {
        return match number(rest.get(..4)?)? {
            ascii @ 0..=0x7f => Some((ascii as u8, &rest[4..])),
            wide @ 0xff01..=0xff5e => Some(((wide - 0xfee0) as u8, &rest[4..])),
            _ => None,
        };
    }
    Some((hex_pair(after)?, &after[2..]))
}

/// The byte that two hex digits write.
fn hex_pair(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| digits.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

/// Escapes of JavaScript and JSON for ASCII as what they stand for.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.strip_prefix(b"u00").or_else(|| after.strip_prefix(b"x"));
        let code = digits.filter(|_| *byte == b'\\').and_then(hex_pair);
        (rest, _) = match (code, digits) {
            (Some(code), Some(digits)) => (&digits[2..], out.push(code)),
            _ => (after, out.push(*byte)),
        };
    }
    out
}

/// Comments as spaces; what MySQL runs from within one (`/*!50000union*/`) stays.
fn uncommented(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|two| two == b"/*") {
        out.extend_from_slice(&rest[..at]);
        out.push(b' ');
        let inside = &rest[at + 2..];
        let end = inside.windows(2).position(|two| two == b"*/");
        let comment = &inside[..end.unwrap_or(inside.len())];
        if let Some(run) = comment.strip_prefix(b"!") {
            out.extend(run.iter().skip_while(|byte| byte.is_ascii_digit()));
            out.push(b' ');
        }
        rest = end.map_or(&[][..], |end| &inside[end + 2..]);
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(encoded: &str) -> Vec<String> {
        let mut all = Vec::new();
        layers(encoded.as_bytes(), true, |text| all.push(String::from_utf8_lossy(text).into_owned()));
        all
    }

    #[test]
    fn every_layer_is_seen_and_no_more_than_three() {
        assert_eq!(seen("a+b%20c"), ["a b c"]);
        assert_eq!(seen("%2527"), ["%27", "'"]);
        assert_eq!(seen("%2525252527"), ["%25252527", "%252527", "%2527"]);
        assert_eq!(seen("100%25+of"), ["100% of"]);
        assert_eq!(seen("%"), ["%"]);
    }

    #[test]
    fn odd_encodings_are_straightened() {
        assert_eq!(seen("%c0%ae%c0%af"), ["./"]);
        assert_eq!(seen("%e0%80%ae"), ["."]);
        assert_eq!(seen("%u002e%u2215%uff0f"), [".%u2215/"]);
        assert_eq!(seen("%ef%bc%8e%ef%bc%8f"), ["./"]);
        assert_eq!(seen("%ef%bc%a1"), ["\u{ff21}"]);
        assert_eq!(seen("\\u003ca\\x3e"), ["\\u003ca\\x3e", "<a>"]);
        assert_eq!(seen("%C3%A9"), ["é"]);
    }

    #[test]
    fn comments_are_taken_out_once_more() {
        assert_eq!(seen("un/**/ion"), ["un/**/ion", "un ion"]);
        assert_eq!(seen("/*!50000union*/+x/*"), ["/*!50000union*/ x/*", " union  x "]);
    }

    #[test]
    fn a_query_is_split_before_it_is_decoded() {
        let all = |query: &'static [u8]| parameters(query).map(String::from_utf8_lossy).collect::<Vec<_>>();
        assert_eq!(all(b"a=1&b=%26=&&c&=d"), ["a", "1", "b", "%26=", "c", "d"]);
        assert_eq!(split(b"http://h/a?b?c"), (&b"/a"[..], &b"b?c"[..]));
        assert_eq!(split(b"/a"), (&b"/a"[..], &b""[..]));
    }
}
