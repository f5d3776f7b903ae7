//! Many patterns as one tree, walked once per path.

use super::pattern::{Part, Pattern, fits};
use super::target::Target;

/// A set of patterns; the more specific one wins at the first segment where two differ: literal, then mixed (the one with
/// more literal bytes first), then parameter, then tail. The order in which patterns were given makes no difference.
#[derive(Default)]
pub(super) struct Matcher {
    root: Node,
}

#[derive(Default)]
struct Node {
    /// The pattern that ends here, by its index.
    ends: Option<u32>,
    /// The pattern whose tail begins here.
    tail: Option<u32>,
    /// Sorted by key, then literal.
    literals: Vec<(Box<[u8]>, Node)>,
    /// Their keys side by side, so that a search touches little memory.
    keys: Vec<u64>,
    mixed: Vec<(Vec<Box<[u8]>>, Node)>,
    parameter: Option<Box<Node>>,
}

impl Matcher {
    /// Adds a pattern under `index`; false (and nothing changed) where one that matches the same paths is there already.
    pub(super) fn add(&mut self, pattern: &Pattern, index: u32) -> bool {
        let mut node = &mut self.root;
        for part in &pattern.parts {
            node = match part {
                Part::Literal(bytes) => {
                    let own = (key(bytes), bytes);
                    let at = node.literals.binary_search_by(|(o, _)| (key(o), o).cmp(&own)).unwrap_or_else(|at| {
                        node.literals.insert(at, (bytes.clone(), Node::default()));
                        node.keys.insert(at, own.0);
                        at
                    });
                    &mut node.literals[at].1
                }
                Part::Mixed(literals) => {
                    let order = |all: &[Box<[u8]>]| std::cmp::Reverse(all.iter().map(|l| l.len()).sum::<usize>());
                    let key = (order(literals), literals);
                    let at = node.mixed.binary_search_by(|(o, _)| (order(o), o).cmp(&key)).unwrap_or_else(|at| {
                        node.mixed.insert(at, (literals.clone(), Node::default()));
                        at
                    });
                    &mut node.mixed[at].1
                }
                Part::Parameter => node.parameter.get_or_insert_default(),
                Part::Tail => return claim(&mut node.tail, index),
            };
        }
        claim(&mut node.ends, index)
    }

    /// The index of the pattern that `target` matches.
    pub(super) fn find(&self, target: &Target) -> Option<u32> {
        self.root.find(target, 0)
    }
}

/// Segments up to this length are their key.
const IN_KEY: usize = 7;

/// The length of a segment and its first bytes: what hardly two literals at one place share.
fn key(segment: &[u8]) -> u64 {
    let len = segment.len().min(255) as u64;
    match segment.first_chunk() {
        Some(first) => len << (8 * IN_KEY) | u64::from_be_bytes(*first) >> 8,
        None => segment.iter().fold(len, |key, byte| key << 8 | u64::from(*byte)),
    }
}

fn claim(slot: &mut Option<u32>, index: u32) -> bool {
    let free = slot.is_none();
    slot.get_or_insert(index);
    free
}

impl Node {
    /// Every node has one depth and so is visited at most once: the walk is bounded by the tree, whatever the path.
    fn find(&self, target: &Target, at: usize) -> Option<u32> {
        let Some(segment) = target.get(at) else { return self.ends };
        if let Some(node) = self.literal(segment)
            && let Some(index) = node.find(target, at + 1)
        {
            return Some(index);
        }
        for (literals, node) in &self.mixed {
            if fits(literals, segment)
                && let Some(index) = node.find(target, at + 1)
            {
                return Some(index);
            }
        }
        self.parameter.as_ref().and_then(|node| node.find(target, at + 1)).or(self.tail)
    }

    fn literal(&self, segment: &[u8]) -> Option<&Node> {
        let key = key(segment);
        let first = self.keys.partition_point(|known| *known < key);
        if self.keys.get(first) != Some(&key) {
            return None;
        }
        if segment.len() <= IN_KEY {
            return self.literals.get(first).map(|(_, node)| node);
        }
        let alike = &self.literals[first..first + self.keys[first..].partition_point(|known| *known == key)];
        let at = alike.binary_search_by(|(literal, _)| (**literal).cmp(segment)).ok()?;
        Some(&alike[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched<'a>(patterns: &[&'a str], path: &str) -> Option<&'a str> {
        let mut matcher = Matcher::default();
        for (index, text) in patterns.iter().enumerate() {
            matcher.add(&Pattern::parse(text).unwrap(), index as u32);
        }
        let mut target = Target::default();
        assert!(target.read(path.as_bytes()));
        matcher.find(&target).map(|index| patterns[index as usize])
    }

    #[test]
    fn the_more_specific_pattern_wins_in_any_order() {
        let mut patterns = vec!["/u/{id}", "/u/me", "/u/{rest:path}", "/u/{id}.json", "/u/a{x}.json", "/u/{id}/posts"];
        for _ in 0..patterns.len() {
            patterns.rotate_left(1);
            for (path, expected) in [
                ("/u/me", Some("/u/me")),
                ("/u/7", Some("/u/{id}")),
                ("/u/7.json", Some("/u/{id}.json")),
                ("/u/a7.json", Some("/u/a{x}.json")),
                ("/u/7/posts", Some("/u/{id}/posts")),
                ("/u/me/posts", Some("/u/{id}/posts")),
                ("/u/7/8/9", Some("/u/{rest:path}")),
                ("/u", None),
                ("/", None),
            ] {
                assert_eq!(matched(&patterns, path), expected, "{path} in {patterns:?}");
            }
        }
    }

    #[test]
    fn literals_of_one_length_that_begin_alike_are_told_apart() {
        let patterns = ["/code-scanning", "/code-security", "/code-scanninh", "/code-scannin", "/a", "/aa", "/1234567"];
        for path in patterns {
            assert_eq!(matched(&patterns, path), Some(path));
        }
        for path in ["/code-scannino", "/b", "/ab", "/aaa", "/1234568", "/12345678", "/123456"] {
            assert_eq!(matched(&patterns, path), None, "{path}");
        }
    }

    #[test]
    fn a_tail_takes_one_segment_or_more() {
        for (path, hit) in [("/f/a", true), ("/f/a/b/c.txt", true), ("/f", false), ("/f/", false)] {
            assert_eq!(matched(&["/f/{p:path}"], path).is_some(), hit, "{path}");
        }
        assert_eq!(matched(&["/"], "/"), Some("/"));
    }

    #[test]
    fn an_encoded_slash_does_not_reach_the_next_segment() {
        assert_eq!(matched(&["/f/{name}", "/f/{a}/{b}"], "/f/x%2Fy"), Some("/f/{name}"));
    }

    #[test]
    fn a_second_pattern_for_the_same_paths_is_refused() {
        let mut matcher = Matcher::default();
        assert!(matcher.add(&Pattern::parse("/a/{id}").unwrap(), 0));
        assert!(!matcher.add(&Pattern::parse("/a/{name}").unwrap(), 1));
    }
}
