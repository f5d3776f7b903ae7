//! A good file, spoilt: nothing that is wrong goes unsaid, and nothing makes us panic.

use proptest::prelude::*;

use super::*;
use crate::config::read::{Node, Reading};
use crate::config::yaml::Yaml;

/// Where a value is, as keys and indices from the root.
type Place = Vec<usize>;

/// Every place in a tree with its path, as faults write it.
fn places(tree: &Yaml, at: &mut Place, path: &str, all: &mut Vec<(Place, String)>) {
    if !path.is_empty() {
        all.push((at.clone(), path.to_owned()));
    }
    let children: Vec<(String, &Yaml)> = match tree {
        Yaml::Map(entries) => {
            let path = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            entries.iter().map(|(key, value)| (path(key), value)).collect()
        }
        Yaml::List(items) => items.iter().enumerate().map(|(at, item)| (format!("{path}[{at}]"), item)).collect(),
        _ => Vec::new(),
    };
    for (index, (path, child)) in children.into_iter().enumerate() {
        at.push(index);
        places(child, at, &path, all);
        at.pop();
    }
}

fn at<'t>(tree: &'t mut Yaml, place: &[usize]) -> &'t mut Yaml {
    place.iter().fold(tree, |tree, index| match tree {
        Yaml::Map(entries) => &mut entries[*index].1,
        Yaml::List(items) => &mut items[*index],
        _ => panic!("places lead through lists and maps"),
    })
}

fn faults_of(tree: &Yaml) -> Vec<Fault> {
    let env = |_: &str| None;
    let reading = Reading::new(Path::new("/etc"), &env, false);
    Config::read(&Node::root(&reading, tree));
    reading.faults.into_inner()
}

#[test]
fn whatever_is_of_a_wrong_kind_is_told_with_its_path() {
    let whole = Yaml::parse(&shipped::with_all_examples()).expect("the examples are YAML");
    assert_eq!(faults_of(&whole), []);
    let mut all = Vec::new();
    places(&whole, &mut Vec::new(), "", &mut all);
    assert!(all.len() > 300, "{}", all.len());
    // Neither is right anywhere: no list holds such a list, and no map has such a key.
    let list = Yaml::List(vec![Yaml::List(vec![Yaml::Null])]);
    let map = Yaml::Map(vec![("no such key".to_owned(), Yaml::List(Vec::new()))]);
    for (place, path) in all {
        for wrong in [&list, &map] {
            let mut spoilt = whole.clone();
            *at(&mut spoilt, &place) = wrong.clone();
            let faults = faults_of(&spoilt);
            assert!(faults.iter().any(|fault| fault.path.starts_with(&path)), "{path}: {wrong:?}: {faults:?}");
        }
    }
}

proptest! {
    #[test]
    fn a_spoilt_text_never_makes_us_panic(
        from in 0.0..1.0_f64,
        length in 0..40_usize,
        new in r#"([a-z]{1,3}|[0-9]{1,22}|[-{}\[\]:,#&*!|>'"%@?~ .]|\n {0,6}|\PC|: \{\}|\.inf|1e999|<<: |0x|\t){0,6}"#,
    ) {
        let text = shipped::with_all_examples();
        let byte = (text.len() as f64 * from) as usize;
        let start = text.floor_char_boundary(byte);
        let end = text.floor_char_boundary((start + length).min(text.len()));
        let spoilt = format!("{}{new}{}", &text[..start], &text[end..]);
        match parse(&spoilt, Path::new("/etc"), &|_| Some("value".to_owned())) {
            Ok(config) => prop_assert!(serde_json::to_string(&config).is_ok()),
            Err(errors) => prop_assert!(errors.iter().all(|fault| !fault.message.is_empty())),
        }
    }
}
