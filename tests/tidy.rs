//! What keeps the source in order where neither rustc nor clippy looks. Every rule is a pure function from text to
//! violations, with its own tests beside it; this file runs them all over the tree.
//!
//! - `source`: a file, and its tokens without comments and test code
//! - `imports`: imports point downwards only
//! - `length`: no file passes 400 lines
//! - `heads`: every file opens with what it is, every folder module lists its children
//! - `metric_names`: the name of a metric is written once

#[path = "tidy/heads.rs"]
mod heads;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/length.rs"]
mod length;
#[path = "tidy/metric_names.rs"]
mod metric_names;
#[path = "tidy/source.rs"]
mod source;

use source::File;

/// Fails with one line per violation, so that all are seen at once.
fn none(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn imports_point_downwards() {
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let map = std::fs::read_to_string(map).expect("ARCHITECTURE.md is there");
    let table = imports::Table::parse(&map).expect("ARCHITECTURE.md has a table of folders that points downwards");
    none(File::of_the_library().iter().flat_map(|file| table.upward(file)).collect());
}

#[test]
fn files_stay_small() {
    none(File::of_the_tree().iter().filter_map(length::too_long).collect());
}

#[test]
fn every_file_says_what_it_is() {
    none(File::of_the_tree().iter().filter_map(heads::missing).collect());
}

#[test]
fn every_folder_module_lists_its_children() {
    none(File::of_the_library().iter().flat_map(heads::unlisted_children).collect());
}

#[test]
fn a_metric_name_is_written_once() {
    none(metric_names::repeated(&File::of_the_library()));
}

#[test]
fn the_rules_see_the_tree() {
    let paths: Vec<String> = File::of_the_tree().into_iter().map(|file| file.path).collect();
    for known in ["src/lib.rs", "src/base/labels.rs", "tests/tidy.rs", "tests/tidy/source.rs"] {
        assert!(paths.iter().any(|path| path == known), "{known} is not among {paths:?}");
    }
    assert!(File::of_the_library().iter().all(|file| file.path.starts_with("src/")));
}
