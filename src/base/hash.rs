//! Maps and sets whose keys are texts, or label sets of a dozen of them: the standard ones, with a hash that takes a text in words
//! of 16 bytes instead of SipHash's 8. It is seeded anew by each process and not proof against somebody who can time it, so it is
//! for what is bounded by other means, as series are.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A map.
pub type Map<K, V> = HashMap<K, V, RandomState>;

/// A set.
pub type Set<K> = HashSet<K, RandomState>;
