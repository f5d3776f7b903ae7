//! Is it valid: every fault of rule files, and what is valid but probably not meant.

use std::path::{Path, PathBuf};

use crate::alert::rule::{Group, Rule, RuleError, file};

/// What is to be said of one file.
#[derive(Debug)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// How many rules it has, or what is wrong with it.
    pub result: Result<usize, Vec<RuleError>>,
    /// What is valid, but probably not meant.
    pub warnings: Vec<String>,
}

/// Checks a rule file.
pub fn file(path: &Path) -> Checked {
    let loaded = file::load(path);
    let warnings = loaded.as_deref().map(duplicates).unwrap_or_default();
    let result = loaded.map(|groups| groups.iter().map(|group| group.rules.len()).sum());
    Checked { path: path.to_owned(), result, warnings }
}

/// Rules that make the same series or alerts as another one: which of them counts is chance.
pub fn duplicates(groups: &[Group]) -> Vec<String> {
    let identity = |rule: &Rule| match rule {
        Rule::Recording(rule) => (rule.record.clone(), rule.labels.clone()),
        Rule::Alerting(rule) => {
            let labels = rule.labels.iter().map(|(name, text)| (name.clone(), text.source().to_owned()));
            (rule.name.clone(), labels.collect())
        }
    };
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for (group, rule) in groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule))) {
        let identity = identity(rule);
        if seen.contains(&identity) {
            found.push(format!("group {:?}: another rule makes {} with the same labels", group.name, rule.name()));
        } else {
            seen.push(identity);
        }
    }
    found
}

/// As `promtool check rules` says it.
impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Checking {}", self.path.display())?;
        match &self.result {
            Ok(count) => writeln!(f, "  SUCCESS: {count} rules found")?,
            Err(faults) => {
                writeln!(f, "  FAILED:")?;
                for fault in faults {
                    writeln!(f, "    {fault}")?;
                }
            }
        }
        for warning in &self.warnings {
            writeln!(f, "  WARNING: {warning}")?;
        }
        Ok(())
    }
}
