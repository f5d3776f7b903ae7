//! Keys that are read and checked, and whose part this build does not have yet. `outrider check` and the log say so. Who
//! builds a part takes its lines out; an empty table is the goal.

use super::fault::Fault;
use super::yaml::Yaml;

/// What is to be said about the keys that are set.
pub(super) fn notices(tree: &Yaml) -> impl Iterator<Item = Fault> {
    let set =
        move |path: &str| path.split('.').try_fold(tree, |at, key| at.get(key)).is_some_and(|at| *at != Yaml::Null);
    let pending = PENDING.iter().filter(move |(key, _)| set(key)).copied();
    pending
        .map(|(key, what)| Fault { path: key.to_owned(), message: format!("does nothing in this build yet: {what}") })
}

/// A key, and what it does not do yet.
const PENDING: &[(&str, &str)] = &[
    ("routes.exclude", "signals have everything"),
    ("tracing.link", "calls are linked by the context that the gateway forwards, and by nothing else"),
];
