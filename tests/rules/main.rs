//! `outrider rules` beside `promtool` (Debian's package prometheus), over the same files: the verdicts agree, and where a test
//! fails, so does what is said of it.
//!
//! - `check/`, `unit/`: files whose names say whether they are good or bad
//! - `both`: running one and the other
//! - `generate`: test files by chance
//! - `exported`: what `rules export` writes
//! - `command`: the rest of the command line

mod both;
mod command;
mod exported;
mod generate;

use std::path::{Path, PathBuf};

use both::{outrider, promtool};

fn files(folder: &str, prefix: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(folder);
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).filter(named).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

#[test]
fn verdicts_on_rule_files_are_promtools() {
    for (prefix, good) in [("good-", true), ("bad-", false)] {
        for file in files("check", prefix) {
            let (ours, theirs) = (outrider("check", &file), promtool("check", &file));
            assert_eq!((ours.good, theirs.good), (good, good), "{}\n{}\n{}", file.display(), ours.text, theirs.text);
        }
    }
}

#[test]
fn verdicts_on_unit_tests_are_promtools() {
    for (prefix, good) in [("good-", true), ("bad-", false)] {
        for file in files("unit", prefix) {
            let (ours, theirs) = (outrider("test", &file), promtool("test", &file));
            assert_eq!((ours.good, theirs.good), (good, good), "{}\n{}\n{}", file.display(), ours.text, theirs.text);
        }
    }
}

#[test]
fn what_is_said_of_a_failed_test_is_what_promtool_says() {
    for prefix in ["bad-alert-", "bad-sample-", "bad-second", "bad-no-alertname", "bad-order"] {
        for file in files("unit", prefix) {
            let (ours, theirs) = (outrider("test", &file).failures(), promtool("test", &file).failures());
            assert!(!ours.is_empty());
            assert_eq!(ours, theirs, "{}", file.display());
        }
    }
}

#[test]
fn by_chance_rules_give_the_alerts_and_series_that_promtool_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = 0;
    for seed in 1..=40 {
        let file = generate::files(folder.path(), seed);
        let (ours, theirs) = (outrider("test", &file), promtool("test", &file));
        both::assert_close(&ours.failures(), &theirs.failures(), &format!("seed {seed}\n{}", generate::rules(seed)));
        said += ours.failures().len();
    }
    println!("40 generated files, {said} bytes of results equal to promtool's");
    assert!(said > 100_000, "the rules that chance makes do something: {said}");
}
