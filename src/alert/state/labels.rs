//! Label sets, annotations and severities as JSON: an object of texts or, in what is sent, a list of pairs; a list of pairs; a word.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serializer};

use crate::base::Labels;

pub(super) fn serialize<S: Serializer>(labels: &Labels, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(labels.iter())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Labels, D::Error> {
    Ok(Labels::new(BTreeMap::<String, String>::deserialize(deserializer)?))
}

/// Label sets as a list of pairs.
pub(in crate::alert) mod pairs {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::Labels;

    pub(in crate::alert) fn serialize<S: Serializer>(labels: &Labels, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(labels.iter())
    }

    pub(in crate::alert) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Labels, D::Error> {
        Ok(Labels::new(Vec::<(String, String)>::deserialize(deserializer)?))
    }
}

/// Annotations as a list of pairs.
pub(in crate::alert) mod annotations {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::alert) fn serialize<S: Serializer>(
        annotations: &Arc<[(String, String)]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        annotations.as_ref().serialize(serializer)
    }

    pub(in crate::alert) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[(String, String)]>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into())
    }
}

/// A severity by its name.
pub(in crate::alert) mod severity {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::config::Severity;

    pub(in crate::alert) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        severity.as_str().serialize(serializer)
    }

    pub(in crate::alert) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
        known.ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no severity")))
    }
}
