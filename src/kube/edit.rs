//! Changes that remember what was there. What they remember is kept in an annotation of the object, so that `uninject` finds its
//! way back whatever else was altered in between: a container is found by its name and not by its place.

use super::annotation::ORIGINAL;
use serde_json::{Map, Value, json};

/// One step of a path: a key, a place in a list, or `=name` for the item of a list that has that name. In JSON a number is a
/// place and all else is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Place(usize),
    Named(String),
}

/// A path as `&["spec", "containers", "=gateway", "ports", "0"]`: what begins with `=` is a name, digits are a place.
pub(super) fn path(steps: &[&str]) -> Vec<Step> {
    let step = |step: &&str| match (step.strip_prefix('='), step.parse()) {
        (Some(name), _) => Step::Named(name.to_owned()),
        (None, Ok(place)) => Step::Place(place),
        (None, Err(_)) => Step::Key((*step).to_owned()),
    };
    steps.iter().map(step).collect()
}

/// Changes to one object, and how each is taken back.
pub(super) struct Edits<'a> {
    object: &'a mut Value,
    undo: Vec<Value>,
}

impl<'a> Edits<'a> {
    /// To an object whose `metadata.annotations` can take what is remembered.
    pub(super) fn to(object: &'a mut Value) -> Self {
        Self { object, undo: Vec::new() }
    }

    /// What is there now.
    pub(super) fn get(&self, at: &[&str]) -> Option<&Value> {
        find(self.object, &path(at))
    }

    /// Sets a value; maps on the way to it are made.
    pub(super) fn set(&mut self, at: &[&str], value: impl Into<Value>) {
        let (Some((last, parents)), value) = (at.split_last(), value.into()) else { return };
        if self.get(at) == Some(&value) {
            return;
        }
        for end in 1..=parents.len() {
            self.make(&at[..end], json!({}));
        }
        let was = self.get(at).cloned();
        if let Some(Value::Object(entries)) = find_mut(self.object, &path(parents)) {
            self.undo.push(match was {
                Some(was) => json!({ "at": steps(at), "was": was }),
                None => json!({ "at": steps(at) }),
            });
            entries.insert((*last).to_owned(), value);
        }
    }

    /// Puts `item`, which has a name, into the list at `at`, at that place or at the end; the list is made.
    pub(super) fn insert(&mut self, at: &[&str], place: Option<usize>, item: Value) {
        self.make(at, json!([]));
        let Some(Value::Array(items)) = find_mut(self.object, &path(at)) else { return };
        let name = format!("={}", item["name"].as_str().unwrap_or_default());
        let mut to = steps(at);
        to.push(json!(name));
        self.undo.push(json!({ "at": to }));
        items.insert(place.unwrap_or(items.len()).min(items.len()), item);
    }

    /// Keeps what is remembered in the object.
    pub(super) fn keep(mut self) {
        if self.undo.is_empty() {
            return;
        }
        self.make(&["metadata"], json!({}));
        self.make(&["metadata", "annotations"], json!({}));
        let undo = Value::Array(self.undo).to_string();
        if let Some(annotations) = self.object["metadata"]["annotations"].as_object_mut() {
            annotations.insert(ORIGINAL.to_owned(), undo.into());
        }
    }

    /// Makes an empty map or list where there is nothing; it goes again when it is empty.
    fn make(&mut self, at: &[&str], empty: Value) {
        let Some((last, parents)) = at.split_last() else { return };
        let undo = match self.get(at) {
            Some(Value::Null) => json!({ "at": steps(at), "was": null }),
            Some(_) => return,
            None => json!({ "at": steps(at), "made": true }),
        };
        if let Some(Value::Object(entries)) = find_mut(self.object, &path(parents)) {
            entries.insert((*last).to_owned(), empty);
            self.undo.push(undo);
        }
    }
}

/// Takes back what [`Edits`] did to an object; whether there was anything. A fault says why what is remembered is of no use.
pub(super) fn take_back(object: &mut Value) -> Result<bool, String> {
    let annotations = object.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    let Some(kept) = annotations.and_then(Value::as_object_mut).and_then(|all| all.shift_remove(ORIGINAL)) else {
        return Ok(false);
    };
    let damaged = || format!("the annotation {ORIGINAL} is damaged: it cannot be taken back");
    let undo: Vec<Value> = kept.as_str().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(damaged)?;
    for undo in undo.iter().rev() {
        let at = undo["at"].as_array().ok_or_else(damaged)?;
        let at: Vec<Step> = at.iter().map(parse).collect::<Option<_>>().ok_or_else(damaged)?;
        take_one_back(object, &at, undo.get("was"), undo.get("made").is_some());
    }
    Ok(true)
}

/// What is not there any more needs no taking back.
fn take_one_back(object: &mut Value, at: &[Step], was: Option<&Value>, made: bool) {
    let Some((last, parents)) = at.split_last() else { return };
    let is_empty = match find(object, at) {
        Some(Value::Object(entries)) => entries.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    match (find_mut(object, parents), last) {
        (Some(Value::Object(entries)), Step::Key(key)) => match was {
            Some(was) => {
                entries.insert(key.clone(), was.clone());
            }
            None if !made || is_empty => {
                entries.shift_remove(key);
            }
            None => {}
        },
        (Some(Value::Array(items)), Step::Named(name)) => items.retain(|item| item["name"] != **name),
        _ => {}
    }
}

fn steps(at: &[&str]) -> Vec<Value> {
    let step = |step: Step| match step {
        Step::Key(key) => json!(key),
        Step::Place(place) => json!(place),
        Step::Named(name) => json!(format!("={name}")),
    };
    path(at).into_iter().map(step).collect()
}

fn parse(step: &Value) -> Option<Step> {
    match step {
        Value::String(text) => Some(match text.strip_prefix('=') {
            Some(name) => Step::Named(name.to_owned()),
            None => Step::Key(text.clone()),
        }),
        other => Some(Step::Place(usize::try_from(other.as_u64()?).ok()?)),
    }
}

fn find<'v>(value: &'v Value, at: &[Step]) -> Option<&'v Value> {
    at.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_object()?.get(key),
        Step::Place(place) => value.as_array()?.get(*place),
        Step::Named(name) => value.as_array()?.iter().find(|item| item["name"] == **name),
    })
}

fn find_mut<'v>(value: &'v mut Value, at: &[Step]) -> Option<&'v mut Value> {
    at.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_object_mut()?.get_mut(key),
        Step::Place(place) => value.as_array_mut()?.get_mut(*place),
        Step::Named(name) => value.as_array_mut()?.iter_mut().find(|item| item["name"] == **name),
    })
}

/// The annotations of an object.
pub(super) fn annotations(object: &Value) -> Option<&Map<String, Value>> {
    object.get("metadata")?.get("annotations")?.as_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Value {
        json!({ "metadata": { "name": "a", "labels": null },
            "spec": { "containers": [{ "name": "gw", "ports": [{ "containerPort": 1 }, { "containerPort": 2, "x": 1 }] }],
                      "volumes": [] } })
    }

    fn changed() -> Value {
        let mut object = pod();
        let mut edits = Edits::to(&mut object);
        edits.set(&["spec", "containers", "=gw", "ports", "1", "containerPort"], 9);
        edits.set(&["metadata", "annotations", "a"], "1");
        edits.set(&["metadata", "labels", "l"], "1");
        edits.insert(&["spec", "containers"], Some(0), json!({ "name": "ours" }));
        edits.insert(&["spec", "volumes"], None, json!({ "name": "ours" }));
        edits.insert(&["spec", "initContainers"], None, json!({ "name": "ours" }));
        edits.keep();
        object
    }

    #[test]
    fn what_was_changed_comes_back_in_its_order() {
        let mut object = changed();
        assert_eq!(object["spec"]["containers"][1]["ports"][1], json!({ "containerPort": 9, "x": 1 }));
        assert_eq!(take_back(&mut object), Ok(true));
        assert_eq!(object.to_string(), pod().to_string());
        assert_eq!(take_back(&mut object), Ok(false));
    }

    #[test]
    fn what_others_changed_in_between_stays() {
        let mut object = changed();
        object["spec"]["containers"].as_array_mut().unwrap().insert(0, json!({ "name": "theirs" }));
        object["spec"]["initContainers"].as_array_mut().unwrap().push(json!({ "name": "theirs" }));
        object["metadata"]["annotations"]["theirs"] = json!("1");
        assert_eq!(take_back(&mut object), Ok(true));
        assert_eq!(object["spec"]["containers"][0]["name"], "theirs");
        assert_eq!(object["spec"]["containers"][1], pod()["spec"]["containers"][0]);
        assert_eq!(object["spec"]["initContainers"], json!([{ "name": "theirs" }]));
        assert_eq!(object["metadata"]["annotations"], json!({ "theirs": "1" }));
    }

    #[test]
    fn a_damaged_memory_is_a_fault() {
        let mut object = json!({ "metadata": { "annotations": { ORIGINAL: "[{" } } });
        assert!(take_back(&mut object).expect_err("no JSON").contains("damaged"));
    }
}
