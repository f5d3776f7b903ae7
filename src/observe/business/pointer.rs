//! JSON pointers (RFC 6901), many in one pass: what no pointer leads through is skipped and never built.

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A pointer, as reference tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Of a text that the configuration has checked.
    pub(super) fn new(text: &str) -> Self {
        Self(text.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
    }
}

/// Finds the scalars that `pointers` lead to; those of strings, numbers and truth values, each as text.
///
/// # Errors
/// Where `json` is none.
pub(super) fn find(json: &[u8], pointers: &[Pointer]) -> Result<Vec<Option<String>>, serde_json::Error> {
    let mut found = vec![None; pointers.len()];
    let open: Vec<(usize, &[String])> = pointers.iter().map(|pointer| pointer.0.as_slice()).enumerate().collect();
    let mut reader = serde_json::Deserializer::from_slice(json);
    At { open, found: &mut found }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(found)
}

/// A place in the document, with what is left of the pointers that lead through it.
struct At<'a, 'f> {
    open: Vec<(usize, &'a [String])>,
    found: &'f mut [Option<String>],
}

impl<'a> At<'a, '_> {
    /// The pointers that go on through the member `key`.
    fn through(&self, key: &str) -> Vec<(usize, &'a [String])> {
        let next = self.open.iter().filter_map(|(index, rest)| Some((*index, rest.split_first()?)));
        next.filter(|(_, (first, _))| *first == key).map(|(index, (_, rest))| (index, rest)).collect()
    }

    fn scalar<E>(self, text: impl fmt::Display) -> Result<(), E> {
        for (index, _) in self.open.iter().filter(|(_, rest)| rest.is_empty()) {
            self.found[*index] = Some(text.to_string());
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        if self.open.is_empty() {
            return reader.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<Cow<'de, str>>()? {
            let open = self.through(&key);
            members.next_value_seed(At { open, found: self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        loop {
            let open = self.through(&index.to_string());
            if items.next_element_seed(At { open, found: self.found })?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(json: &str, pointers: &[&str]) -> Option<Vec<Option<String>>> {
        let pointers: Vec<Pointer> = pointers.iter().map(|pointer| Pointer::new(pointer)).collect();
        find(json.as_bytes(), &pointers).ok()
    }

    #[test]
    fn scalars_are_found_where_pointers_lead() {
        let json = r#"{"a":{"b":[1,"x",{"c":true}],"d":null},"m~n":-1.5,"s/t":"\u00e9","big":12345678901234567890}"#;
        for (pointer, expected) in [
            ("/a/b/0", Some("1")),
            ("/a/b/1", Some("x")),
            ("/a/b/2/c", Some("true")),
            ("/a/b/3", None),
            ("/a/d", None),
            ("/a", None),
            ("/m~0n", Some("-1.5")),
            ("/s~1t", Some("é")),
            ("/big", Some("12345678901234567890")),
            ("/none", None),
        ] {
            assert_eq!(found(json, &[pointer]), Some(vec![expected.map(str::to_owned)]), "{pointer}");
        }
        assert_eq!(found(json, &["/a/b/0", "/a/b/1"]), Some(vec![Some("1".into()), Some("x".into())]));
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for text in ["", "{", "{} {}", "[1,]", "{\"a\":1", "nul", "\u{1}"] {
            assert_eq!(found(text, &["/a"]), None, "{text:?}");
        }
        assert_eq!(found(&"[".repeat(100_000), &["/0"]), None, "depth has a bound");
    }

    proptest! {
        /// The same as a document that is built whole.
        #[test]
        fn one_pass_finds_what_a_tree_has(keys in proptest::collection::vec("[a-c]{1,2}", 1..4), number in any::<i32>()) {
            let json = keys.iter().rev().fold(format!("{number}"), |inner, key| format!("{{\"x\":[0],\"{key}\":{inner}}}"));
            let pointer = format!("/{}", keys.join("/"));
            let tree: serde_json::Value = serde_json::from_str(&json).unwrap();
            let expected = tree.pointer(&pointer).map(ToString::to_string);
            prop_assert_eq!(found(&json, &[&pointer]), Some(vec![expected]));
        }
    }
}
