//! Kinds that make pods, and where in them the pod is.

use serde_json::Value;
use std::fmt;

/// Which object of a text is meant, in messages: `Deployment/default/api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Name {
    /// Of any object of Kubernetes; `None` if it is none.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        let name = text(&metadata["name"]).or_else(|| text(&metadata["generateName"]));
        object["apiVersion"].as_str()?;
        Some(Self {
            kind: text(&object["kind"])?,
            namespace: text(&metadata["namespace"]),
            name: name.unwrap_or_else(|| "(without a name)".to_owned()),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

/// The pod that an object is or makes.
pub(super) fn pod<'v>(object: &'v mut Value, kind: &str) -> Option<&'v mut Value> {
    let path: &[&str] = match kind {
        "Pod" => &[],
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            &["spec", "template"]
        }
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        "PodTemplate" => &["template"],
        _ => return None,
    };
    path.iter().try_fold(object, |value, key| value.as_object_mut()?.get_mut(*key))
}

/// Whether what makes the pods wants them to end.
pub(super) fn ends(pod: &Value) -> bool {
    matches!(pod["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure"))
}

/// Every object of a document: itself, or the items of a list.
pub(super) fn objects(document: &mut Value) -> Vec<&mut Value> {
    let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && document["items"].is_array();
    if !is_list {
        return vec![document];
    }
    let items = document.get_mut("items").and_then(Value::as_array_mut);
    items.into_iter().flatten().flat_map(objects).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_leads_to_its_pod() {
        let pod_spec = json!({ "metadata": {}, "spec": {} });
        for (kind, object) in [
            ("Pod", pod_spec.clone()),
            ("Deployment", json!({ "spec": { "template": pod_spec } })),
            ("CronJob", json!({ "spec": { "jobTemplate": { "spec": { "template": pod_spec } } } })),
            ("PodTemplate", json!({ "template": pod_spec })),
        ] {
            assert_eq!(pod(&mut object.clone(), kind), Some(&mut pod_spec.clone()), "{kind}");
        }
        assert_eq!(pod(&mut json!({}), "Deployment"), None);
        assert_eq!(pod(&mut json!({ "spec": {} }), "Service"), None);
    }

    #[test]
    fn lists_are_opened() {
        let mut list =
            json!({ "kind": "List", "items": [{ "kind": "A" }, { "kind": "BList", "items": [{ "kind": "B" }] }] });
        let kinds: Vec<_> = objects(&mut list).iter().map(|object| object["kind"].clone()).collect();
        assert_eq!(kinds, ["A", "B"]);
    }
}
