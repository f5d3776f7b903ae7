//! What is wrong with a file: every fault at once, each with the path of its key and a sentence one can act on.

use std::fmt;

use serde::Serialize;

use super::seen::Seen;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as `ingress.listen[1]`; empty when it is the file as a whole.
    pub path: String,
    /// What, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Every fault of a file, in the order of its keys; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Errors {
    faults: Vec<Fault>,
    /// The files that were read: when one changes, the faults may be gone.
    #[serde(skip)]
    pub files: Vec<Seen>,
}

impl Errors {
    /// `Ok(value)` when there is no fault.
    pub fn or<T>(faults: Vec<Fault>, value: T) -> Result<T, Self> {
        if faults.is_empty() { Ok(value) } else { Err(Self { faults, files: Vec::new() }) }
    }

    /// What was found, which is not nothing.
    pub(super) fn of(faults: Vec<Fault>) -> Self {
        debug_assert!(!faults.is_empty(), "what cannot be read has a fault");
        Self { faults, files: Vec::new() }
    }

    /// A single fault of the file as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self { faults: vec![Fault { path: String::new(), message: message.into() }], files: Vec::new() }
    }

    /// After these files were read.
    pub(super) fn after(mut self, files: Vec<Seen>) -> Self {
        self.files = files;
        self
    }

    /// The faults.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.faults.iter()
    }
}

/// One fault a line.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
