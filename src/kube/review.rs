//! What an API server asks of an admission webhook (`AdmissionReview` of `admission.k8s.io/v1`): a pod comes, and the changes that
//! give it its sidecar go back as a JSON patch (RFC 6902). A pod that cannot have one is let in as it is, with a warning.
//!
//! - `patch`: what leads from one value to another

mod patch;

use super::pod::{self, Outcome};
use super::settings::Defaults;
use super::workload::Name;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The answer to a review, and what was done in one line. An error means that it is no review.
pub fn answer(body: &[u8], defaults: &Defaults) -> Result<(Value, String), String> {
    let review: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    if review["kind"] != "AdmissionReview" || review["apiVersion"] != "admission.k8s.io/v1" {
        return Err("expected an AdmissionReview of admission.k8s.io/v1".to_owned());
    }
    let request = &review["request"];
    let uid = request["uid"].as_str().ok_or("request.uid is missing")?;
    let (patch, warnings, said) = look(request, defaults);
    let mut response = json!({ "uid": uid, "allowed": true });
    if let Some(patch) = patch {
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(STANDARD.encode(patch.to_string()));
    }
    if !warnings.is_empty() {
        response["warnings"] = json!(warnings);
    }
    Ok((json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response }), said))
}

/// The patch, warnings for who created the pod, and what was done.
fn look(request: &Value, defaults: &Defaults) -> (Option<Value>, Vec<String>, String) {
    let object = &request["object"];
    let namespace = request["namespace"].as_str().unwrap_or_default();
    let name = Name {
        kind: request["kind"]["kind"].as_str().unwrap_or("nothing").to_owned(),
        namespace: Some(namespace.to_owned()),
        name: owner(object),
    };
    let warning = |text: &str| vec![format!("outrider: {text}")];
    let is_creation = request["operation"].as_str().is_none_or(|operation| operation == "CREATE");
    if name.kind != "Pod" || request["subResource"].is_string() || !is_creation {
        return (None, Vec::new(), format!("{name}: only the creation of pods is looked at"));
    }
    if pod::is_injected(object) {
        // Its template went through `outrider inject`, or this is asked again after another webhook.
        return (None, Vec::new(), format!("{name}: it has its sidecar"));
    }
    let mut injected = object.clone();
    match pod::inject(&mut injected, &name, defaults) {
        Ok(Outcome::Injected(done)) => {
            let mut warnings = Vec::new();
            if let (Some((from, to)), None) = (done.moved, &done.port_name) {
                let text = format!(
                    "port {from} has no name: Services must name {to} as their targetPort to pass through the sidecar"
                );
                warnings = warning(&text);
            }
            (Some(patch::between(object, &injected)), warnings, format!("{name}: {}", done.said))
        }
        Ok(Outcome::Skipped(reason)) => (None, Vec::new(), format!("{name}: skipped: {reason}")),
        Err(faults) => {
            let faults = faults.join("; ");
            (None, warning(&format!("no sidecar: {faults}")), format!("{name}: no sidecar: {faults}"))
        }
    }
}

/// What a person calls a pod: its application, or the workload that made it, without what was added to make it unique.
fn owner(pod: &Value) -> String {
    let metadata = &pod["metadata"];
    let labels = &metadata["labels"];
    let hash = labels["pod-template-hash"].as_str().map(|hash| format!("-{hash}"));
    let controller = metadata["ownerReferences"][0]["name"].as_str();
    let named = match (controller, hash) {
        (Some(name), Some(hash)) => name.strip_suffix(&*hash).or(Some(name)),
        (Some(name), None) => Some(name),
        (None, _) => metadata["name"].as_str().or(metadata["generateName"].as_str()),
    };
    named.unwrap_or("api-gateway").trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            image: "outrider:1".to_owned(),
            redirect_image: "outrider:1-redirect".to_owned(),
            plain: false,
            config: None,
        }
    }

    fn review(pod: Value) -> Value {
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "7", "kind": { "group": "", "version": "v1", "kind": "Pod" }, "operation": "CREATE", "namespace": "shop", "object": pod } })
    }

    fn pod() -> Value {
        json!({ "metadata": { "generateName": "api-5d4-", "labels": { "pod-template-hash": "5d4" },
                "ownerReferences": [{ "kind": "ReplicaSet", "name": "api-5d4" }] },
            "spec": { "containers": [{ "name": "gw", "ports": [{ "name": "http", "containerPort": 8000 }] }] } })
    }

    fn asked(review: &Value) -> (Value, String) {
        answer(review.to_string().as_bytes(), &defaults()).expect("a review")
    }

    #[test]
    fn a_pod_gets_a_patch_and_the_workloads_name() {
        let (answer, said) = asked(&review(pod()));
        let response = &answer["response"];
        assert_eq!(
            (&response["uid"], &response["allowed"], &response["patchType"]),
            (&json!("7"), &json!(true), &json!("JSONPatch"))
        );
        let patch = STANDARD.decode(response["patch"].as_str().expect("a patch")).expect("base64");
        let patch = String::from_utf8(patch).expect("JSON");
        assert!(patch.contains(r#"{"name":"OTEL_SERVICE_NAME","value":"api"}"#), "{patch}");
        assert!(said.starts_with("Pod/shop/api: injected beside gw: port http 8000 is now 15080"), "{said}");
    }

    #[test]
    fn whatever_cannot_be_is_let_in_as_it_is() {
        let mut wrong = pod();
        wrong["metadata"]["annotations"] = json!({ "outrider.dev/port": "x" });
        let (answer, _) = asked(&review(wrong));
        assert_eq!((&answer["response"]["allowed"], answer["response"].get("patch")), (&json!(true), None));
        let warning = answer["response"]["warnings"][0].as_str().expect("a warning");
        assert!(warning.contains("outrider.dev/port: expected a port"), "{warning}");
        let mut disabled = pod();
        disabled["metadata"]["annotations"] = json!({ "outrider.dev/inject": "disabled" });
        let (answer, said) = asked(&review(disabled));
        assert!(answer["response"].get("patch").is_none() && answer["response"].get("warnings").is_none());
        assert!(said.ends_with("skipped: outrider.dev/inject is disabled"), "{said}");
    }

    #[test]
    fn a_pod_that_has_its_sidecar_is_left_alone() {
        let mut pod = pod();
        pod::inject(&mut pod, &Name { kind: "Pod".to_owned(), namespace: None, name: "api".to_owned() }, &defaults())
            .expect("injected");
        assert!(asked(&review(pod)).0["response"].get("patch").is_none());
    }

    #[test]
    fn what_is_no_review_is_an_error() {
        for body in [
            "",
            "{}",
            r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}"#,
            r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}"#,
        ] {
            assert!(answer(body.as_bytes(), &defaults()).is_err(), "{body}");
        }
    }
}
