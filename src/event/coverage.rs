//! What this deployment can see and what it cannot, area by area: each says itself, and the admin port tells it.
//!
//! An area is put under its name and replaces what was said under it before, so whoever learns something new just says it
//! again: at the start, after a reload, or when the first traffic of a kind comes by.

use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// What it is called: one lower-case word, `services`.
    pub name: &'static str,
    /// How much of it is seen.
    pub status: Status,
    /// A sentence: what is seen, or why not.
    pub why: String,
    /// The key of `agent.yaml` that shows more of it, where there is one.
    pub enable: Option<&'static str>,
    /// The families it fills, with blanks between.
    pub metrics: &'static str,
}

/// How much of an area is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All that there is.
    Seen,
    /// Some of it.
    Partly,
    /// Nothing.
    Unseen,
}

/// All areas. Cloning gives another handle to the same ones.
#[derive(Clone, Debug, Default)]
pub struct Coverage(Arc<Mutex<BTreeMap<&'static str, Area>>>);

impl Coverage {
    /// Says `area`, in place of what was said under its name.
    pub fn put(&self, area: Area) {
        self.0.lock().insert(area.name, area);
    }

    /// All of them, by name.
    pub fn areas(&self) -> Vec<Area> {
        self.0.lock().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_replaces_what_it_said_before() {
        let coverage = Coverage::default();
        let area = |status| Area { name: "services", status, why: String::new(), enable: None, metrics: "" };
        coverage.clone().put(area(Status::Unseen));
        coverage.put(area(Status::Seen));
        assert_eq!(coverage.areas(), [area(Status::Seen)]);
    }
}
