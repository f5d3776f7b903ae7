//! Many patterns as one tree, walked once per path.

use std::num::NonZeroU32;

use crate::base::Map;

use super::pattern::{Part, Pattern, fits};
use super::target::Target;

/// A set of patterns; the more specific one wins at the first segment where two differ: literal, then mixed (the one with
/// more literal bytes first), then parameter, then tail. The order in which patterns were given makes no difference.
///
/// All nodes lie side by side, and one map holds the literals of them all, so that a segment costs one look into each.
pub(super) struct Matcher {
    /// The root is the first.
    nodes: Vec<Node>,
    /// By the node above and the literal's [`key`], the first node of those alike.
    literals: Map<(u32, (u32, u64)), Below>,
}

/// The index of a node that is not the root.
type Below = NonZeroU32;

#[derive(Default)]
struct Node {
    /// The pattern that ends here, by its index.
    ends: Option<u32>,
    /// The pattern whose tail begins here.
    tail: Option<u32>,
    /// Whether literals lead on from here.
    literals: bool,
    parameter: Option<Below>,
    mixed: Vec<(Vec<Box<[u8]>>, Below)>,
    /// The literal that leads here, and the next node under the same key.
    literal: Box<[u8]>,
    alike: Option<Below>,
}

impl Default for Matcher {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], literals: Map::default() }
    }
}

impl Matcher {
    /// Adds a pattern under `index`; false (and nothing changed) where one that matches the same paths is there already.
    pub(super) fn add(&mut self, pattern: &Pattern, index: u32) -> bool {
        let mut at = 0;
        for part in &pattern.parts {
            let below = match part {
                Part::Literal(literal) => self.literal(at, literal).unwrap_or_else(|| self.add_literal(at, literal)),
                Part::Mixed(literals) => self.add_mixed(at, literals),
                Part::Parameter => match self.nodes[at].parameter {
                    Some(below) => below,
                    None => {
                        let below = self.push(Node::default());
                        *self.nodes[at].parameter.insert(below)
                    }
                },
                Part::Tail => return claim(&mut self.nodes[at].tail, index),
            };
            at = place(below);
        }
        claim(&mut self.nodes[at].ends, index)
    }

    fn add_literal(&mut self, above: usize, literal: &[u8]) -> Below {
        let key = (above as u32, key(literal));
        let alike = self.literals.get(&key).copied();
        let below = self.push(Node { literal: literal.into(), alike, ..Node::default() });
        self.literals.insert(key, below);
        self.nodes[above].literals = true;
        below
    }

    fn add_mixed(&mut self, above: usize, literals: &[Box<[u8]>]) -> Below {
        let order = |all: &[Box<[u8]>]| std::cmp::Reverse(all.iter().map(|l| l.len()).sum::<usize>());
        let own = (order(literals), literals);
        match self.nodes[above].mixed.binary_search_by(|(other, _)| (order(other), &other[..]).cmp(&own)) {
            Ok(known) => self.nodes[above].mixed[known].1,
            Err(new) => {
                let below = self.push(Node::default());
                self.nodes[above].mixed.insert(new, (literals.to_vec(), below));
                below
            }
        }
    }

    fn push(&mut self, node: Node) -> Below {
        self.nodes.push(node);
        // One at least, as the root was there.
        NonZeroU32::MIN.saturating_add(self.nodes.len() as u32 - 2)
    }

    /// The index of the pattern that `target` matches.
    pub(super) fn find(&self, target: &Target) -> Option<u32> {
        self.find_below(0, target, 0)
    }

    /// Every node has one depth and so is visited at most once: the walk is bounded by the tree, whatever the path.
    fn find_below(&self, place_of: usize, target: &Target, at: usize) -> Option<u32> {
        let node = &self.nodes[place_of];
        let Some(segment) = target.get(at) else { return node.ends };
        if node.literals
            && let Some(below) = self.literal(place_of, segment)
            && let Some(index) = self.find_below(place(below), target, at + 1)
        {
            return Some(index);
        }
        for (literals, below) in &node.mixed {
            if fits(literals, segment)
                && let Some(index) = self.find_below(place(*below), target, at + 1)
            {
                return Some(index);
            }
        }
        node.parameter.and_then(|below| self.find_below(place(below), target, at + 1)).or(node.tail)
    }

    /// The node that a literal leads to.
    fn literal(&self, above: usize, segment: &[u8]) -> Option<Below> {
        let mut below = *self.literals.get(&(above as u32, key(segment)))?;
        // Short ones are their key.
        while segment.len() > IN_KEY && *self.nodes[place(below)].literal != *segment {
            below = self.nodes[place(below)].alike?;
        }
        Some(below)
    }
}

/// Segments up to this length are their key.
const IN_KEY: usize = 7;

/// A segment's length and bytes from both its ends: what hardly two literals at one place share.
fn key(segment: &[u8]) -> (u32, u64) {
    let bytes = match (segment.first_chunk(), segment.last_chunk()) {
        (Some(first), Some(last)) => u64::from_ne_bytes(*first) ^ u64::from_ne_bytes(*last).rotate_left(29),
        _ => match (segment.first_chunk(), segment.last_chunk()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_ne_bytes(*first)) << 32 | u64::from(u32::from_ne_bytes(*last))
            }
            _ => segment.iter().fold(0, |key, byte| key << 8 | u64::from(*byte)),
        },
    };
    (segment.len() as u32, bytes)
}

fn place(below: Below) -> usize {
    below.get() as usize
}

fn claim(slot: &mut Option<u32>, index: u32) -> bool {
    let free = slot.is_none();
    slot.get_or_insert(index);
    free
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
    fn literals_that_are_alike_are_told_apart() {
        let patterns = [
            "/code-scanning",
            "/code-security",
            "/code-scanninh",
            "/code-scannin",
            "/a",
            "/aa",
            "/1234567",
            "/12345678",
            "/1234",
            "/between-one-and-the-other",
            "/between-two-and-the-other",
            "/between-six-and-the-other",
        ];
        for path in patterns {
            assert_eq!(matched(&patterns, path), Some(path));
        }
        for path in [
            "/code-scannino",
            "/b",
            "/ab",
            "/aaa",
            "/1234568",
            "/123456",
            "/12345",
            "/22345678",
            "/1233",
            "/between-ten-and-the-other",
        ] {
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
