//! A request target (RFC 9112 §3.2) as the path segments that a server would route by.

use std::ops::Range;

/// Bytes of a path that are looked at; what follows is cut.
const MAX_PATH: usize = 8192;

/// The segments of one path after another, in buffers that are kept.
///
/// Segments are split at `/` first and decoded after, so an encoded slash stays within its segment. Empty segments and
/// `.` are dropped, `..` takes the segment before it, a matrix parameter (`;jsessionid=…`) is cut, and the percent-encoding
/// is taken off once. A slash at the end therefore makes no difference.
#[derive(Default)]
pub struct Target {
    ranges: Vec<Range<u16>>,
    bytes: Vec<u8>,
}

impl Target {
    /// Reads `target`; false where it has no path (the authority form of CONNECT, or garbage). `*` is one segment.
    pub fn read(&mut self, target: &[u8]) -> bool {
        self.ranges.clear();
        self.bytes.clear();
        let Some(path) = path(target) else { return false };
        if memchr::memchr2(b'%', b';', path).is_none() {
            // Nothing to take off, as usual: one copy of the path holds all segments.
            self.bytes.extend_from_slice(path);
            let mut start = 0;
            slashes(path, |end| {
                self.push(start..end);
                start = end + 1;
            });
            self.push(start..path.len());
            return true;
        }
        for raw in path.split(|byte| *byte == b'/') {
            let start = self.bytes.len();
            decode(raw, &mut self.bytes);
            self.push(start..self.bytes.len());
        }
        true
    }

    fn push(&mut self, range: Range<usize>) {
        match &self.bytes[range.clone()] {
            b"" | b"." => {}
            b".." => drop(self.ranges.pop()),
            // No longer than the path, which is bounded.
            _ => self.ranges.push(range.start as u16..range.end as u16),
        }
    }

    /// How many segments there are; `/` has none.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The segment at `at`, decoded: any bytes at all, but never empty. `None` past the last one.
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        self.ranges.get(at).map(|range| &self.bytes[usize::from(range.start)..usize::from(range.end)])
    }
}

/// Shows where the slashes are, in order. Segments are short, so that a search for each would take longer than its segment does:
/// eight bytes are looked at at once.
fn slashes(path: &[u8], mut see: impl FnMut(usize)) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (eights, rest) = path.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let others = u64::from_le_bytes(*eight) ^ (u64::from(b'/') * EACH);
        // The highest bit of a byte is set where the byte is none.
        let mut found = !(((others & (0x7f * EACH)) + 0x7f * EACH) | others) & (0x80 * EACH);
        while found != 0 {
            see(at * 8 + found.trailing_zeros() as usize / 8);
            found &= found - 1;
        }
    }
    let from = path.len() - rest.len();
    rest.iter().enumerate().filter(|(_, byte)| **byte == b'/').for_each(|(at, _)| see(from + at));
}

/// The path within an origin form, an absolute form or `*`, without query and fragment.
fn path(target: &[u8]) -> Option<&[u8]> {
    // Bounded first: the search for the end of the path must not walk a query of megabytes.
    let seen = &target[..target.len().min(MAX_PATH)];
    let end = memchr::memchr2(b'?', b'#', seen).unwrap_or(seen.len());
    let seen = &seen[..end];
    match seen.first()? {
        b'/' => Some(seen),
        b'*' if seen.len() == 1 => Some(seen),
        _ => {
            let scheme = seen.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(byte))?;
            let rest = seen[scheme..].strip_prefix(b"://")?;
            let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            (scheme > 0 && !rest.is_empty()).then(|| &rest[slash..])
        }
    }
}

/// Appends `raw` up to its matrix parameters, with `%XX` decoded once; a `%` that starts no such triple stays.
fn decode(raw: &[u8], into: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'%' | b';')) {
        into.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        match rest {
            [b';', ..] => return,
            [_, high, low, after @ ..] if let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) => {
                into.push(high << 4 | low);
                rest = after;
            }
            _ => {
                into.push(b'%');
                rest = &rest[1..];
            }
        }
    }
    into.extend_from_slice(rest);
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &[u8]) -> Option<Vec<String>> {
        let mut buffer = Target::default();
        buffer.read(target).then(|| {
            (0..buffer.len()).filter_map(|at| buffer.get(at)).map(|s| String::from_utf8_lossy(s).into_owned()).collect()
        })
    }

    #[track_caller]
    fn reads(target: &str, segments: &[&str]) {
        assert_eq!(read(target.as_bytes()), Some(segments.iter().map(|s| s.to_string()).collect()), "{target}");
    }

    #[test]
    fn the_query_and_the_fragment_are_no_part_of_the_path() {
        reads("/a/b?c=/d", &["a", "b"]);
        reads("/a#b/c", &["a"]);
        reads("/?x", &[]);
    }

    #[test]
    fn empty_segments_and_dots_are_resolved() {
        reads("//a///b//", &["a", "b"]);
        reads("/a/./b/../c", &["a", "c"]);
        reads("/../../etc", &["etc"]);
        reads("/a/%2e%2E/b", &["b"]);
        reads("/a/...", &["a", "..."]);
    }

    #[test]
    fn an_encoded_slash_stays_within_its_segment() {
        reads("/a%2Fb/c", &["a/b", "c"]);
        reads("/a%2f..%2fb", &["a/../b"]);
    }

    #[test]
    fn encoding_is_taken_off_once_and_only_where_it_is_whole() {
        reads("/caf%C3%A9", &["café"]);
        reads("/%252e%252e", &["%2e%2e"]);
        reads("/100%/%4/%zz", &["100%", "%4", "%zz"]);
    }

    #[test]
    fn matrix_parameters_are_cut() {
        reads("/a;jsessionid=1/b;x=1;y=2", &["a", "b"]);
        reads("/;x=1/a", &["a"]);
        reads("/a%3Bb", &["a;b"]);
        reads("/a/..;/b", &["b"]);
    }

    #[test]
    fn an_absolute_form_is_its_path() {
        reads("http://host:80/a/b?c", &["a", "b"]);
        reads("https://host", &[]);
        reads("http://host?x=/y", &[]);
    }

    #[test]
    fn what_has_no_path_is_told_apart() {
        for target in ["", "host:443", "a/b", "://x/y", "http://", "**", "?a"] {
            assert_eq!(read(target.as_bytes()), None, "{target}");
        }
        reads("*", &["*"]);
    }

    #[test]
    fn eight_kibibytes_are_read_and_more_is_cut() {
        let long = format!("/{}", "a/".repeat(40_000));
        assert_eq!(read(long.as_bytes()).map(|all| all.len()), Some(4096));
    }

    proptest::proptest! {
        #[test]
        fn slashes_are_found_wherever_they_are(path in proptest::collection::vec(proptest::prelude::prop_oneof![
            proptest::prelude::Just(b'/'), proptest::prelude::Just(b'.'), proptest::prelude::Just(b'\xaf'),
            proptest::prelude::any::<u8>(),
        ], 0..40)) {
            let mut found = Vec::new();
            slashes(&path, |at| found.push(at));
            proptest::prop_assert_eq!(found, memchr::memchr_iter(b'/', &path).collect::<Vec<_>>());
        }
    }
}
