//! One explicit pattern: `/api/v1/users/{id}`, `/tiles/{z}/{x}.png`, `/files/{path:path}`.

use super::target::Target;
use std::sync::Arc;

/// Segments of a pattern, at most.
const MAX_SEGMENTS: usize = 32;
/// Bytes of a pattern, at most: it becomes a label value.
const MAX_BYTES: usize = 256;

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("must begin with `/`")]
    NoSlash,
    /// It is too long for a label.
    #[error("is longer than {MAX_BYTES} bytes or {MAX_SEGMENTS} segments")]
    TooLong,
    /// It holds a query, a fragment, a control character or a dot segment.
    #[error("is not a plain path: no `?`, `#`, `;`, spaces, `.` or `..`")]
    NotAPath,
    /// A brace stands alone or a parameter has no proper name.
    #[error("has a faulty parameter in `{0}`: write `{{name}}`, or `{{name:path}}` for all that is left of the path")]
    Parameter(String),
    /// A `{name:path}` is not the whole last segment.
    #[error("has something before or after `{{name:path}}`, which must be the whole last segment")]
    TailNotLast,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Exactly these bytes.
    Literal(Box<[u8]>),
    /// Literals with at least one byte of anything between each two of them; the first and the last may be empty.
    Mixed(Vec<Box<[u8]>>),
    /// A whole segment of anything.
    Parameter,
    /// All that is left, at least one segment.
    Tail,
}

/// A path whose segments are literals, parameters (`{id}`), both (`{id}.json`, `{id}:cancel`), or, at the end, a tail
/// (`{rest:path}`, as Starlette writes it) that takes one segment or more. Literals are compared after percent-decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub(super) text: Arc<str>,
    pub(super) parts: Vec<Part>,
}

impl Pattern {
    /// Parses a pattern; a slash at the end is dropped, as it makes no difference to a match.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let path = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = Vec::new();
        for segment in path.split('/').filter(|_| !path.is_empty()) {
            if matches!(parts.last(), Some(Part::Tail)) {
                return Err(PatternError::TailNotLast);
            }
            parts.push(part(segment)?);
        }
        if text.len() > MAX_BYTES || parts.len() > MAX_SEGMENTS {
            return Err(PatternError::TooLong);
        }
        Ok(Self { text: format!("/{path}").into(), parts })
    }

    /// Whether a request target is one of this pattern's, whatever other patterns there are.
    pub fn matches(&self, target: &[u8]) -> bool {
        self.parameters(target).is_some()
    }

    /// The values of the parameters in a request target, decoded and in order, or `None` where it does not match. A segment
    /// that mixes literals and parameters gives what stands between the literals, a tail the rest of the path.
    pub fn parameters(&self, target: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut path = Target::default();
        if !path.read(target) {
            return None;
        }
        let (mut values, mut at) = (Vec::new(), 0);
        for part in &self.parts {
            let segment = path.get(at)?;
            at += 1;
            match part {
                Part::Literal(literal) if **literal == *segment => {}
                Part::Literal(_) => return None,
                Part::Parameter => values.push(segment.to_vec()),
                Part::Mixed(literals) => {
                    if !between(literals, segment, |value| values.push(value.to_vec())) {
                        return None;
                    }
                }
                Part::Tail => {
                    let rest = std::iter::once(segment).chain(std::iter::from_fn(|| path.get(at).inspect(|_| at += 1)));
                    values.push(rest.collect::<Vec<_>>().join(&b'/'));
                }
            }
        }
        (at == path.len()).then_some(values)
    }

    /// The names of the parameters, in the order of their values.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        let braces = self.text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        braces.map(|name| name.strip_suffix(":path").unwrap_or(name))
    }

    /// The pattern as it is shown: the name of its endpoint.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<&crate::config::Pattern> for Pattern {
    fn from(pattern: &crate::config::Pattern) -> Self {
        Self::parse(pattern.as_str()).expect("what the config accepts as a pattern is one")
    }
}

fn part(segment: &str) -> Result<Part, PatternError> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '?' | '#' | ';');
    if matches!(segment, "" | "." | "..") || !segment.chars().all(plain) {
        return Err(PatternError::NotAPath);
    }
    let faulty = || PatternError::Parameter(segment.to_owned());
    let mut literals: Vec<Box<[u8]>> = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(faulty)?;
        if let Some(name) = name.strip_suffix(":path") {
            let whole = before.is_empty() && after.is_empty() && literals.is_empty();
            return match is_name(name) {
                true if whole => Ok(Part::Tail),
                true => Err(PatternError::TailNotLast),
                false => Err(faulty()),
            };
        }
        // Two parameters with nothing between them have no one way to be told apart.
        let adjacent = before.is_empty() && !literals.is_empty();
        if !is_name(name) || before.contains('}') || adjacent {
            return Err(faulty());
        }
        literals.push(Box::from(before.as_bytes()));
        rest = after;
    }
    if rest.contains('}') {
        return Err(faulty());
    }
    literals.push(Box::from(rest.as_bytes()));
    Ok(match &literals[..] {
        [only] => Part::Literal(only.clone()),
        [before, after] if before.is_empty() && after.is_empty() => Part::Parameter,
        _ => Part::Mixed(literals),
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && !name.ends_with('.')
}

/// Whether `segment` is the `literals` with something between each two of them.
pub(super) fn fits(literals: &[Box<[u8]>], segment: &[u8]) -> bool {
    between(literals, segment, |_| {})
}

/// As [`fits`], and shows what stands between the literals to `see`.
fn between<'a>(literals: &[Box<[u8]>], segment: &'a [u8], mut see: impl FnMut(&'a [u8])) -> bool {
    let [first, between @ .., last] = literals else { return false };
    let Some(mut rest) = segment.strip_prefix(&**first) else { return false };
    for literal in between {
        // At least one byte belongs to the parameter before.
        let Some(at) = rest.get(1..).and_then(|r| r.windows(literal.len()).position(|w| *w == **literal)) else {
            return false;
        };
        see(&rest[..1 + at]);
        rest = &rest[1 + at + literal.len()..];
    }
    let fits = rest.len() > last.len() && rest.ends_with(last);
    if fits {
        see(&rest[..rest.len() - last.len()]);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_keep_their_text_but_for_a_last_slash() {
        for (text, shown) in [("/", "/"), ("/a/{id}/", "/a/{id}"), ("/f/{p:path}", "/f/{p:path}"), ("/@{u}", "/@{u}")] {
            assert_eq!(Pattern::parse(text).map(|p| p.as_str().to_owned()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_faulty_pattern_says_what_is_wrong() {
        use PatternError::*;
        let faulty = |s: &str| Parameter(s.into());
        for (text, error) in [
            ("a", NoSlash),
            ("", NoSlash),
            ("/a?b", NotAPath),
            ("/a//b", NotAPath),
            ("/../a", NotAPath),
            ("/a b", NotAPath),
            ("/{", faulty("{")),
            ("/a}", faulty("a}")),
            ("/{}", faulty("{}")),
            ("/{a b}", NotAPath),
            ("/{a}{b}", faulty("{a}{b}")),
            ("/{p:int}", faulty("{p:int}")),
            ("/{p...}", faulty("{p...}")),
            ("/{*p}", faulty("{*p}")),
            ("/{:path}", faulty("{:path}")),
            ("/{p:path}/a", TailNotLast),
            ("/a{p:path}", TailNotLast),
            ("/{a}-{p:path}", TailNotLast),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
        assert_eq!(Pattern::parse(&"/a".repeat(33)), Err(TooLong));
        assert_eq!(Pattern::parse(&format!("/{}", "a".repeat(256))), Err(TooLong));
    }

    #[test]
    fn parameters_are_taken_from_a_target() {
        for (pattern, target, expected) in [
            ("/u/{id}", "/u/7?x", Some(vec!["7"])),
            ("/u/{id}", "/u/7/8", None),
            ("/u/{id}/{rest:path}", "/u/a%20b/c/d", Some(vec!["a b", "c/d"])),
            ("/v{n}/{file}.json", "/v2/a.b.json", Some(vec!["2", "a.b"])),
            ("/v{n}/{file}.json", "/v2/.json", None),
            ("/", "/", Some(vec![])),
            ("/a", "/b", None),
        ] {
            let found = Pattern::parse(pattern).unwrap().parameters(target.as_bytes());
            let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
            let found: Option<Vec<String>> = found.map(|values| values.into_iter().map(text).collect());
            assert_eq!(
                found,
                expected.map(|values| values.into_iter().map(str::to_owned).collect()),
                "{pattern} {target}"
            );
        }
        let pattern = Pattern::parse("/v{n}/{rest:path}").unwrap();
        assert_eq!(pattern.parameter_names().collect::<Vec<_>>(), ["n", "rest"]);
    }

    #[test]
    fn a_mixed_segment_needs_a_byte_for_each_parameter() {
        let fits = |pattern: &str, segment: &str| match part(pattern) {
            Ok(Part::Mixed(literals)) => super::fits(&literals, segment.as_bytes()),
            other => panic!("{other:?}"),
        };
        for (pattern, segment, expected) in [
            ("{id}.json", "7.json", true),
            ("{id}.json", ".json", false),
            ("{id}.json", "7.json5", false),
            ("v{n}", "v", false),
            ("v{n}", "v2", true),
            ("{a}...{b}", "main...dev", true),
            ("{a}...{b}", "...dev", false),
            ("{a}...{b}", "main...", false),
            ("{a}-{b}-{c}", "1-2-3", true),
            ("{a}-{b}-{c}", "1-2", false),
            ("aa{x}aa", "aaa", false),
            ("{x}:cancel", "7:cancel", true),
        ] {
            assert_eq!(fits(pattern, segment), expected, "{pattern} {segment}");
        }
    }
}
