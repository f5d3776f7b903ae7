//! A sorted label set, as Prometheus knows it, and its fingerprint.

use std::fmt;
use std::sync::Arc;

/// The label that holds a series' metric name.
pub const NAME: &str = "__name__";

/// Label names and values, sorted by name, names unique, values never empty: an empty value is an absent label, as the
/// Prometheus data model has it. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// No label at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// From pairs in any order; a later pair replaces an earlier one of the same name, an empty value removes it.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut all: Vec<(Arc<str>, Arc<str>)> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        // A stable sort keeps the order of repeats, so that the last of each name can win.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let mut kept: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(all.len());
        for pair in all {
            if kept.last().is_some_and(|last| last.0 == pair.0) {
                kept.pop();
            }
            kept.push(pair);
        }
        kept.retain(|(_, value)| !value.is_empty());
        Self(kept.into())
    }

    /// The value of `name`, or `""` where it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.binary_search_by(|pair| (*pair.0).cmp(name)).map_or("", |at| &self.0[at].1)
    }

    /// The metric name, or `""`.
    pub fn name(&self) -> &str {
        self.get(NAME)
    }

    /// Pairs in order of name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same labels with `name` set to `value` (removed where `value` is empty).
    pub fn with(&self, name: &str, value: &str) -> Self {
        self.with_all([(name, value)])
    }

    /// The same labels with these set; what stays as it is is shared in memory. As in [`Self::new`], a later pair replaces an
    /// earlier one of the same name, an empty value removes it.
    pub fn with_all<N: Into<Arc<str>>, V: Into<Arc<str>>>(&self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter();
        let mut all = Vec::with_capacity(self.0.len() + pairs.size_hint().0);
        all.extend(self.0.iter().cloned());
        for (name, value) in pairs {
            let (name, value): (Arc<str>, Arc<str>) = (name.into(), value.into());
            match all.binary_search_by(|(known, _)| known.cmp(&name)) {
                Ok(at) if value.is_empty() => drop(all.remove(at)),
                Ok(at) => all[at].1 = value,
                Err(_) if value.is_empty() => {}
                Err(at) => all.insert(at, (name, value)),
            }
        }
        Self(all.into())
    }

    /// The labels whose name `keep` accepts.
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// The same labels in other memory: `share` gives for each name and value what has the same text.
    pub fn shared(&self, mut share: impl FnMut(&Arc<str>, &Arc<str>) -> (Arc<str>, Arc<str>)) -> Self {
        Self(self.0.iter().map(|(name, value)| share(name, value)).collect())
    }

    /// FNV-1a (64 bit) over names and values, each ended by 0xff, which UTF-8 never contains. Stable across restarts and
    /// machines; printed as 16 hex digits where a person sees it.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for (name, value) in self.iter() {
            name.bytes().for_each(&mut eat);
            eat(0xff);
            value.bytes().for_each(&mut eat);
            eat(0xff);
        }
        hash
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As Prometheus writes a series: `name{a="1", b="2"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let rest: Vec<_> = self.iter().filter(|(name, _)| *name != NAME).collect();
        if rest.is_empty() && !self.name().is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (at, (name, value)) in rest.iter().enumerate() {
            write!(f, "{}{name}={value:?}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_unique_and_never_empty() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("b", "3"), ("c", "")]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "3")]);
        assert_eq!((labels.get("b"), labels.get("c")), ("3", ""));
    }

    #[test]
    fn labels_with_others_are_what_all_of_them_together_make() {
        let own = [("b", "1"), ("d", "2")];
        for pairs in [
            &[][..],
            &[("a", "3"), ("c", "4"), ("e", "5")],
            &[("b", "3"), ("d", "")],
            &[("c", "3"), ("c", "4"), ("b", ""), ("b", "5"), ("d", "6"), ("d", ""), ("e", "")],
        ] {
            let together = Labels::new(own.iter().chain(pairs).copied());
            assert_eq!(Labels::new(own).with_all(pairs.iter().copied()), together, "{pairs:?}");
        }
    }

    #[test]
    fn the_fingerprint_tells_where_a_name_ends() {
        assert_ne!(Labels::new([("ab", "c")]).fingerprint(), Labels::new([("a", "bc")]).fingerprint());
        assert_eq!(Labels::new([("b", "2"), ("a", "1")]), Labels::new([("a", "1"), ("b", "2")]));
    }

    #[test]
    fn a_series_prints_as_prometheus_prints_it() {
        assert_eq!(Labels::new([(NAME, "up"), ("job", "a")]).to_string(), r#"up{job="a"}"#);
        assert_eq!(Labels::new([(NAME, "up")]).to_string(), "up");
        assert_eq!(Labels::empty().to_string(), "{}");
    }
}
