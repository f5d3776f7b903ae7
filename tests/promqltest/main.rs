//! An interpreter for Prometheus' `promqltest` scripts (format of Prometheus 3), and our scripts.
//!
//! All `*.test` files beside this one are run. `PROMQLTEST_DIR` names a file or a folder of more of them:
//!
//! ```text
//! PROMQLTEST_DIR=/some/folder cargo test --test promqltest -- --nocapture
//! ```
//!
//! Prometheus drops the names of metrics function by function, or, with a feature flag that its own interpreter sets, when
//! the query is done. Scripts here must pass either way, unless their file name says `names-late` or `names-at-once`. A
//! script from elsewhere must pass one way; which one is printed.
//!
//! Native histograms are not supported: an evaluation that fails and needs them is skipped, and listed.

mod differential;
mod generate;
mod peer;
mod run;
mod script;
mod target;
mod versions;
mod within;

use std::path::{Path, PathBuf};

use run::Report;

fn scripts(place: &Path) -> Vec<(PathBuf, String)> {
    let mut files = vec![place.to_owned()];
    if place.is_dir() {
        let entries = std::fs::read_dir(place).expect("a readable folder");
        files = entries.map(|entry| entry.expect("a readable entry").path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
        files.sort();
    }
    let read = |path: PathBuf| (path.clone(), std::fs::read_to_string(&path).expect("a readable script"));
    files.into_iter().map(read).collect()
}

fn list(path: &Path, report: &Report) -> String {
    let failed = report.failed.iter().map(|failure| format!("  {failure}\n")).collect::<String>();
    format!("{}: {} passed, {} failed\n{failed}", path.display(), report.passed, report.failed.len())
}

#[test]
fn our_scripts_pass_whenever_names_are_dropped() {
    let scripts = scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promqltest"));
    assert!(!scripts.is_empty());
    let mut faults = String::new();
    for (path, text) in &scripts {
        let name = path.to_string_lossy();
        for late in [false, true] {
            let other = if late { "names-at-once" } else { "names-late" };
            if name.contains(other) {
                continue;
            }
            let report = run::run(text, late);
            // Only the script about native histograms may leave something out.
            let skips = report.skipped.len() != text.matches("# skipped").count();
            if !report.failed.is_empty() || skips || report.passed == 0 {
                faults += &format!("names dropped late: {late}; skipped {:?}\n{}", report.skipped, list(path, &report));
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn scripts_from_elsewhere_pass() {
    let Some(place) = std::env::var_os("PROMQLTEST_DIR") else { return };
    let mut faults = String::new();
    let (mut passed, mut skipped) = (0, 0);
    for (path, text) in scripts(Path::new(&place)) {
        let late = run::run(&text, true);
        let (mode, report) = if late.failed.is_empty() {
            ("late", late)
        } else {
            let at_once = run::run(&text, false);
            if at_once.failed.len() < late.failed.len() { ("at once", at_once) } else { ("late", late) }
        };
        println!("names dropped {mode}: {}", list(&path, &report));
        report.skipped.iter().for_each(|line| println!("  skipped, needs native histograms: {line}"));
        passed += report.passed;
        skipped += report.skipped.len();
        if !report.failed.is_empty() {
            faults += &list(&path, &report);
        }
    }
    println!("{passed} evaluations passed, {skipped} skipped");
    assert!(faults.is_empty(), "{faults}");
}
