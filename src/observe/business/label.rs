//! Label values out of traffic, bounded.

use crate::config::business::Label;
use std::collections::HashSet;

/// Bytes of a label value; a longer one is nobody's name.
const LONGEST: usize = 128;

/// One label and the values that it has had.
pub(super) struct Bounded {
    config: Label,
    seen: HashSet<String>,
}

impl Bounded {
    pub(super) fn new(config: &Label) -> Self {
        Self { config: config.clone(), seen: HashSet::new() }
    }

    /// What stands in the label for a value that was found, or for none.
    pub(super) fn value(&mut self, found: Option<&str>) -> String {
        let Label { allow, max, overflow, missing, .. } = &self.config;
        let Some(value) = found.map(str::trim).filter(|value| !value.is_empty()) else { return missing.clone() };
        if !allow.is_empty() {
            return if allow.iter().any(|allowed| allowed == value) { value.to_owned() } else { overflow.clone() };
        }
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return overflow.clone();
        }
        if !self.seen.contains(value) {
            if self.seen.len() >= *max {
                return overflow.clone();
            }
            self.seen.insert(value.to_owned());
        }
        value.to_owned()
    }

    /// All values that it can have, where they are known.
    pub(super) fn known(&self) -> Option<&[String]> {
        (!self.config.allow.is_empty()).then_some(&self.config.allow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::business::Source;

    fn label(allow: &[&str], max: usize) -> Bounded {
        Bounded::new(&Label {
            name: "framework".into(),
            from: Source::Request("/framework".into()),
            allow: allow.iter().map(|value| (*value).to_owned()).collect(),
            max,
            overflow: "other".into(),
            missing: "unknown".into(),
        })
    }

    #[test]
    fn no_more_values_than_there_may_be() {
        let mut label = label(&[], 2);
        let values = [Some("a"), Some("b"), Some("c"), Some(" a "), None, Some(""), Some("a\nb")];
        let shown: Vec<String> = values.into_iter().map(|value| label.value(value)).collect();
        assert_eq!(shown, ["a", "b", "other", "a", "unknown", "unknown", "other"]);
    }

    #[test]
    fn a_list_lets_nothing_else_in() {
        let mut label = label(&["react", "vue"], 20);
        assert_eq!([Some("vue"), Some("Vue"), None].map(|value| label.value(value)), ["vue", "other", "unknown"]);
    }
}
