//! YAML as a bounded tree. A file may come from people we do not know (a repository, a ConfigMap), so its size, its
//! depth and what its aliases expand to all have limits.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_yaml_ng as serde_yaml;

use super::seen::MAX_TEXT;

/// Values in the tree, aliases expanded.
const MAX_NODES: usize = 100_000;
/// Bytes of text in the tree, aliases expanded.
const MAX_BYTES: usize = 4 << 20;
/// Opening brackets in the text, wherever they stand: libyaml takes time by the square of how deep they nest, and it
/// reads the whole text before we see its first value. Ten thousand take about a second.
const MAX_BRACKETS: usize = 10_000;
/// Lists and maps inside each other.
const MAX_DEPTH: usize = 32;

/// A value. Map entries are in the order of the file; a key may be there twice (the reader reports it).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
    /// Not from a file: part of the value of an environment variable, which is never shown.
    Secret(&'static str, String),
}

impl Yaml {
    /// Reads one document. The message carries line and column where the parser knows them.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("the file has {} bytes; the limit is {MAX_TEXT}", text.len()));
        }
        if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > MAX_BRACKETS {
            return Err(format!("the file has more than {MAX_BRACKETS} opening brackets"));
        }
        let budget = Budget { nodes: Cell::new(MAX_NODES), bytes: Cell::new(MAX_BYTES) };
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let Some(first) = documents.next() else { return Ok(Self::Null) };
        let tree = Seed { budget: &budget, depth: 0 }.deserialize(first).map_err(|error| error.to_string())?;
        if documents.next().is_some() {
            return Err("the file has more than one YAML document (`---`); one is expected".to_owned());
        }
        Ok(tree)
    }

    /// The value under `key`, made if absent, where this is a map or nothing yet.
    pub(super) fn slot(&mut self, key: &str) -> Option<&mut Self> {
        if *self == Self::Null {
            *self = Self::Map(Vec::new());
        }
        let Self::Map(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
            entries.push((key.to_owned(), Self::Null));
            entries.len() - 1
        });
        entries.get_mut(at).map(|(_, value)| value)
    }

    /// The value under `key`, where there is one, to be changed.
    pub(super) fn existing(&mut self, key: &str) -> Option<&mut Self> {
        self.entries_mut().iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The entries of a map.
    pub(super) fn entries_mut(&mut self) -> &mut [(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &mut [],
        }
    }

    /// A single value as text: `true`, `3`, `done`.
    pub(super) fn plain(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.clone()),
            Self::Null | Self::List(_) | Self::Map(_) | Self::Secret(..) => None,
        }
    }

    /// What a person calls it, for `expected …, found …`.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text(value) if value.chars().count() > 60 => "a long text".to_owned(),
            Self::Text(value) => format!("`{value}`"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::Secret(name, _) => format!("the value of {name}"),
        }
    }
}

/// What is left to read.
struct Budget {
    nodes: Cell<usize>,
    bytes: Cell<usize>,
}

impl Budget {
    fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        match (self.nodes.get().checked_sub(1), self.bytes.get().checked_sub(bytes)) {
            (Some(nodes), Some(bytes)) => {
                self.nodes.set(nodes);
                self.bytes.set(bytes);
                Ok(())
            }
            _ => Err(E::custom("the file is too large once its aliases are expanded")),
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    budget: &'a Budget,
    depth: usize,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        self.budget.take::<E>(0)?;
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("lists and maps are nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Yaml;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Yaml, E> {
        self.budget.take(0).map(|()| Yaml::Null)
    }

    /// A document without a value.
    fn visit_none<E: Error>(self) -> Result<Yaml, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Yaml, E> {
        self.budget.take(0).map(|()| Yaml::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Yaml, E> {
        self.budget.take(0).map(|()| Yaml::Int(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Yaml, E> {
        self.budget.take(0).map(|()| Yaml::Int(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Yaml, E> {
        self.budget.take(0).map(|()| Yaml::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Yaml, E> {
        self.budget.take(value.len()).map(|()| Yaml::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Yaml, A::Error> {
        let seed = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Yaml::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
        let seed = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(seed)? {
            let key = match key {
                Yaml::Text(text) => text,
                Yaml::Int(number) => number.to_string(),
                Yaml::Bool(value) => value.to_string(),
                other => return Err(A::Error::custom(format_args!("a key must be text, found {}", other.kind()))),
            };
            entries.push((key, map.next_value_seed(seed)?));
        }
        Ok(Yaml::Map(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Yaml, A::Error> {
        let (tag, value) = tagged.variant_seed(self)?;
        value.newtype_variant_seed(self)?;
        Err(A::Error::custom(format_args!("YAML tags are not understood, found {}", tag.kind())))
    }
}
