//! Whole texts: every workload gets its sidecar, Services are led to it, and all else stays. What has a sidecar already is taken
//! back first, so that injecting twice is injecting once, and a newer Outrider can take an older one's place.
//!
//! - `tests`: manifests of the shapes that charts have

#[cfg(test)]
mod tests;

use super::annotation::PREFIX;
use super::pod::{self, Outcome};
use super::service::{self, Target};
use super::settings::Defaults;
use super::stream::{self, Document};
use super::workload::{self, Name};
use serde_json::Value;

/// A text with what was done to it, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The manifests.
    pub text: String,
    /// For people.
    pub said: Vec<String>,
}

/// Puts sidecars in. The error holds every fault, one line each, with the document and the object.
pub fn inject(text: &str, defaults: &Defaults) -> Result<Done, Vec<String>> {
    let mut documents = stream::read(text).map_err(|fault| vec![fault])?;
    let (mut said, mut faults, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    each(&mut documents, &mut faults, |object, name| take_back(object, name).map(drop));
    each(&mut documents, &mut faults, |object, name| {
        if is_misplaced(object, name) {
            return Err(vec![format!(
                "{PREFIX}* belong to the pod: put them under the template's metadata.annotations"
            )]);
        }
        let Some(pod) = workload::pod(object, &name.kind) else { return Ok(()) };
        match pod::inject(pod, name, defaults)? {
            Outcome::Skipped(reason) => said.push(format!("{name}: skipped: {reason}")),
            Outcome::Injected(injected) => {
                let notes = injected.notes.iter().map(|note| format!("; {note}")).collect::<String>();
                said.push(format!("{name}: {}{notes}", injected.said));
                let labels = pod["metadata"]["labels"].as_object().cloned().unwrap_or_default();
                targets.push(Target { name: name.clone(), labels, injected });
            }
        }
        Ok(())
    });
    each(&mut documents, &mut faults, |object, name| {
        match &*name.kind {
            "Service" => {
                let lines = service::redirect(object, name, &targets).map_err(|fault| vec![fault])?;
                said.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
            }
            "NetworkPolicy" => {
                let lines = service::policy(object, name, &targets);
                said.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
            }
            _ => {}
        }
        Ok(())
    });
    finish(&documents, said, faults)
}

/// Takes sidecars out again.
pub fn uninject(text: &str) -> Result<Done, Vec<String>> {
    let mut documents = stream::read(text).map_err(|fault| vec![fault])?;
    let (mut said, mut faults) = (Vec::new(), Vec::new());
    each(&mut documents, &mut faults, |object, name| {
        if take_back(object, name)? {
            said.push(format!("{name}: as it was before"));
        }
        Ok(())
    });
    finish(&documents, said, faults)
}

fn finish(documents: &[Document], said: Vec<String>, faults: Vec<String>) -> Result<Done, Vec<String>> {
    if faults.is_empty() { Ok(Done { text: stream::write(documents), said }) } else { Err(faults) }
}

fn take_back(object: &mut Value, name: &Name) -> Result<bool, Vec<String>> {
    let taken = match &*name.kind {
        "Service" => service::restore(object),
        kind => match workload::pod(object, kind) {
            Some(pod) => pod::uninject(pod),
            None => return Ok(false),
        },
    };
    taken.map_err(|fault| vec![fault])
}

/// Whether what makes pods has annotations of ours itself, where nobody would read them.
fn is_misplaced(object: &Value, name: &Name) -> bool {
    let ours =
        object["metadata"]["annotations"].as_object().is_some_and(|all| all.keys().any(|key| key.starts_with(PREFIX)));
    ours && !matches!(&*name.kind, "Pod" | "Service" | "Namespace")
        && workload::pod(&mut object.clone(), &name.kind).is_some()
}

/// Does `what` to every object; a fault is told with the document and the object.
fn each(
    documents: &mut [Document],
    faults: &mut Vec<String>,
    mut what: impl FnMut(&mut Value, &Name) -> Result<(), Vec<String>>,
) {
    for document in documents {
        let number = document.number;
        let Some(value) = &mut document.value else { continue };
        for object in workload::objects(value) {
            let Some(name) = Name::of(object) else { continue };
            if let Err(found) = what(object, &name) {
                faults.extend(found.into_iter().map(|fault| format!("document {number}: {name}: {fault}")));
            }
        }
    }
}
