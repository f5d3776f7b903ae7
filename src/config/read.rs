//! Reads settled values out of the YAML tree and collects every fault on the way.
//!
//! A reader asks for each key it knows by name; what it did not ask for is an unknown key. A value that is absent or
//! wrong reads as `None`; what is wrong is noted with its path, so the caller goes on with a default and the faults are
//! looked at once, at the end.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::scalar::text;
use super::seen::Seen;
use super::yaml::Yaml;

/// Looks up an environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What one reading shares: where relative paths start, the environment, and what was found so far.
pub(super) struct Reading<'a> {
    pub(super) base: &'a Path,
    pub(super) env: Env<'a>,
    /// Whether secrets are fetched; otherwise only how they are named is checked.
    pub(super) fetch: bool,
    pub(super) faults: RefCell<Vec<Fault>>,
    /// Every key that a reader asked for, items of lists as `[]`, and whether the file has it.
    pub(super) asked: RefCell<Vec<(String, bool)>>,
    /// Files that were read on the way.
    pub(super) files: RefCell<Vec<Seen>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(base: &'a Path, env: Env<'a>, fetch: bool) -> Self {
        Self { base, env, fetch, faults: RefCell::default(), asked: RefCell::default(), files: RefCell::default() }
    }

    pub(super) fn fault(&self, path: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(Fault { path: path.to_owned(), message: message.into() });
    }
}

/// A place in the file, with or without a value.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub(super) reading: &'a Reading<'a>,
    path: String,
    value: Option<&'a Yaml>,
}

impl<'a> Node<'a> {
    pub(super) fn root(reading: &'a Reading<'a>, tree: &'a Yaml) -> Self {
        Self { reading, path: String::new(), value: present(tree) }
    }

    /// Whether the file says anything here.
    pub(super) fn is_set(&self) -> bool {
        self.value.is_some()
    }

    /// Whether a list is here.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, Some(Yaml::List(_)))
    }

    /// Whether a map is here.
    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Some(Yaml::Map(_)))
    }

    /// A value out of the environment that no file can hold: the variable and the value.
    pub(super) fn env_value(&self) -> Option<(&'static str, &'a str)> {
        match self.value {
            Some(Yaml::Secret(name, value)) => Some((name, value)),
            _ => None,
        }
    }

    /// Notes that something is wrong here.
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.reading.fault(&self.path, message);
    }

    /// The value as `parse` takes it.
    pub(super) fn get<T>(&self, parse: impl FnOnce(&Yaml) -> Result<T, String>) -> Option<T> {
        parse(self.value?).map_err(|message| self.fault(message)).ok()
    }

    /// Like `get`, but its absence is a fault.
    pub(super) fn need<T>(&self, parse: impl FnOnce(&Yaml) -> Result<T, String>) -> Option<T> {
        if self.value.is_none() {
            self.fault("is missing");
        }
        self.get(parse)
    }

    /// A map with fixed keys. `read` is called for an absent map too, so that the defaults have one home.
    pub(super) fn map<T>(&self, read: impl FnOnce(&mut Keys<'a>) -> T) -> T {
        let entries = match self.value {
            None => &[][..],
            Some(Yaml::Map(entries)) => entries,
            Some(other) => {
                self.fault(format!("expected a map of keys, found {}", other.kind()));
                &[][..]
            }
        };
        let mut keys = Keys { node: self.clone(), entries, known: Vec::new() };
        let value = read(&mut keys);
        keys.report_strays();
        value
    }

    /// A map that need not be there: `None` when it is absent.
    pub(super) fn optional<T>(&self, read: impl FnOnce(&mut Keys<'a>) -> Option<T>) -> Option<T> {
        if self.is_set() { self.map(read) } else { None }
    }

    /// The items of a list; `None` when it is absent.
    pub(super) fn list<T>(&self, read: impl FnMut(Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self.value? {
            Yaml::List(items) => {
                let item = |(at, item)| Node {
                    reading: self.reading,
                    path: format!("{}[{at}]", self.path),
                    value: present(item),
                };
                Some(items.iter().enumerate().map(item).filter_map(read).collect())
            }
            other => {
                self.fault(format!("expected a list, found {}", other.kind()));
                None
            }
        }
    }

    /// A map whose keys are names; `None` when it is absent.
    pub(super) fn entries<T>(&self, mut read: impl FnMut(&'a str, Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        let Yaml::Map(entries) = self.value? else {
            self.map(|_| ());
            return None;
        };
        let mut names = Unique::default();
        let mut values = Vec::new();
        for (name, value) in entries {
            let node = Node { reading: self.reading, path: join(&self.path, name), value: present(value) };
            names.take(&node, name);
            values.extend(read(name, node));
        }
        Some(values)
    }

    /// The items of a list, or the one value that stands for a list of one.
    pub(super) fn one_or_many<T>(&self, mut read: impl FnMut(Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self.value? {
            Yaml::List(_) => self.list(read),
            _ => read(self.clone()).map(|one| vec![one]),
        }
    }

    /// A path, relative to the folder of the file.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.get(text).map(|path| self.reading.base.join(path))
    }

    /// Like `file`, but its absence is a fault.
    pub(super) fn need_file(&self) -> Option<PathBuf> {
        self.need(text).map(|path| self.reading.base.join(path))
    }
}

/// The keys of a map.
pub(super) struct Keys<'a> {
    node: Node<'a>,
    entries: &'a [(String, Yaml)],
    known: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    /// What is under `name`.
    pub(super) fn key(&mut self, name: &'static str) -> Node<'a> {
        self.known.push(name);
        let value = self.entries.iter().find(|(key, _)| key == name).and_then(|(_, value)| present(value));
        let path = join(&self.node.path, name);
        self.node.reading.asked.borrow_mut().push((generic(&path), value.is_some()));
        Node { reading: self.node.reading, path, value }
    }

    fn report_strays(&self) {
        for (at, (key, _)) in self.entries.iter().enumerate() {
            let path = join(&self.node.path, key);
            let message = if self.entries[..at].iter().any(|(earlier, _)| earlier == key) {
                "is there twice".to_owned()
            } else if self.known.contains(&key.as_str()) {
                continue;
            } else {
                match nearest(key, &self.known) {
                    Some(near) => format!("is not a known key; did you mean `{near}`?"),
                    None => format!("is not a known key; known here: {}", self.known.join(", ")),
                }
            };
            self.node.reading.fault(&path, message);
        }
    }
}

/// Names that may be there once only.
#[derive(Default)]
pub(super) struct Unique(Vec<String>);

impl Unique {
    /// Notes a fault at `node` when `name` was taken before.
    pub(super) fn take(&mut self, node: &Node<'_>, name: &str) {
        if self.0.iter().any(|taken| taken == name) {
            node.fault(format!("`{name}` is there twice"));
        }
        self.0.push(name.to_owned());
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&word.to_lowercase(), name);
    let near = |name: &&&str| distance(name) <= 2.min(name.len() / 2);
    names.iter().filter(near).min_by_key(|name| distance(name)).copied()
}

/// A key that is written without a value counts as absent.
fn present(value: &Yaml) -> Option<&Yaml> {
    if *value == Yaml::Null { None } else { Some(value) }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// `a[3].b` as `a[].b`.
fn generic(path: &str) -> String {
    path.split_inclusive('[').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect()
}
