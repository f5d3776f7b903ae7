//! Where Prometheus rule files are. What they hold is for `alert` to read; here they are noted, so that a change of one, or a
//! new one, is a reason to read the configuration again.

use std::path::{Path, PathBuf};

use crate::config::read::Node;
use crate::config::seen::Seen;

/// The patterns of `rule_files`, from the configuration's folder.
pub(super) fn read(node: &Node<'_>) -> Vec<PathBuf> {
    let patterns = node.list(|item| item.file()).unwrap_or_default();
    let found = patterns.iter().flat_map(|pattern| matching(pattern).unwrap_or_else(|_| vec![pattern.clone()]));
    let patterns_seen = patterns.iter().filter(|pattern| is_pattern(pattern)).map(|pattern| Seen::pattern(pattern));
    node.reading.files.borrow_mut().extend(found.map(|path| Seen::now(&path)).chain(patterns_seen));
    patterns
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// The files that `pattern` names: a path without wildcards must be there. Blocks on the file system.
pub fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_str().ok_or("is not UTF-8")?;
    if !is_pattern(pattern) {
        return if pattern.exists() { Ok(vec![pattern.to_owned()]) } else { Err(format!("{text} is not there")) };
    }
    let found = glob::glob(text).map_err(|error| format!("{text} is no pattern: {error}"))?;
    Ok(found.filter_map(Result::ok).filter(|path| path.is_file()).collect())
}
