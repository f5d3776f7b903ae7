//! Real files, changed the ways that people and machines change them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;

/// Events only: looking now and then would take an hour.
const EVENTS: Timing = Timing { quiet: Duration::from_millis(20), poll: Duration::from_secs(3600) };
/// Longer than any of it takes, so that a failure ends.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for one change.
fn told(watch: &mut Watch) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(DEADLINE, watch.changed()).await }).is_ok()
}

fn folder_with(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, text).expect("written");
    (folder, path)
}

#[test]
fn a_file_that_is_written_in_place_is_told() {
    let (_folder, path) = folder_with("agent.yaml", "one");
    let mut watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    fs::write(&path, "two").expect("written");
    assert!(told(&mut watch));
}

#[test]
fn a_file_that_takes_the_others_place_is_told() {
    let (folder, path) = folder_with("agent.yaml", "one");
    let mut watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    for text in ["two", "three"] {
        let new = folder.path().join(".agent.yaml.swp");
        fs::write(&new, text).expect("written");
        fs::rename(&new, &path).expect("moved");
        assert!(told(&mut watch), "{text}");
        watch.follow(vec![Seen::now(&path)]);
    }
}

#[test]
fn a_config_maps_swap_of_its_data_link_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let version = |name: &str, text: &str| {
        fs::create_dir(at(name)).expect("made");
        fs::write(at(name).join("agent.yaml"), text).expect("written");
        symlink(name, at("..data_tmp")).expect("linked");
        fs::rename(at("..data_tmp"), at("..data")).expect("swapped");
    };
    version("..2026_11_24_1", "one");
    let path = at("agent.yaml");
    symlink("..data/agent.yaml", &path).expect("linked");
    let mut watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    for (name, old, text) in
        [("..2026_11_24_2", "..2026_11_24_1", "two"), ("..2026_11_24_3", "..2026_11_24_2", "three")]
    {
        version(name, text);
        fs::remove_dir_all(at(old)).expect("removed");
        assert!(told(&mut watch), "{text}");
        assert_eq!(fs::read_to_string(&path).expect("read"), text);
    }
}

#[test]
fn a_file_that_goes_and_comes_back_is_told_both_times() {
    let (_folder, path) = folder_with("agent.yaml", "one");
    let mut watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    fs::remove_file(&path).expect("removed");
    assert!(told(&mut watch));
    fs::write(&path, "one").expect("written");
    assert!(told(&mut watch));
}

#[test]
fn a_change_before_the_watch_began_is_told() {
    let (_folder, path) = folder_with("agent.yaml", "one");
    let seen = Seen::now(&path);
    fs::write(&path, "two").expect("written");
    assert!(told(&mut Watch::start(vec![seen], EVENTS).expect("a thread")));
}

#[test]
fn what_no_event_tells_is_found_by_looking() {
    let (_elsewhere, real) = folder_with("real.yaml", "one");
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("agent.yaml");
    symlink(&real, &link).expect("linked");
    let timing = Timing { poll: Duration::from_millis(20), ..EVENTS };
    let mut watch = Watch::start(vec![Seen::now(&link)], timing).expect("a thread");
    fs::write(&real, "two").expect("written");
    assert!(told(&mut watch));
}

#[test]
fn a_file_is_watched_from_when_it_is_followed() {
    let (_folder, path) = folder_with("agent.yaml", "one");
    let (_secrets, secret) = folder_with("token", "a");
    let mut watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    watch.follow(vec![Seen::now(&path), Seen::now(&secret)]);
    fs::write(&secret, "b").expect("written");
    assert!(told(&mut watch));
}

#[test]
fn what_is_the_same_or_next_to_it_is_not_told() {
    let (folder, path) = folder_with("agent.yaml", "one");
    let watch = Watch::start(vec![Seen::now(&path)], EVENTS).expect("a thread");
    fs::write(&path, "one").expect("written");
    fs::write(folder.path().join("other.yaml"), "two").expect("written");
    // The watch has looked at all of this before it stops, so what it told is there.
    watch.follow(vec![Seen::now(&path)]);
    let mut changes = watch.changes.clone();
    drop(watch);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert!(runtime.block_on(changes.changed()).is_err(), "the channel closes and nothing was told");
}

#[test]
fn opening_a_file_is_no_change() {
    assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Any))));
    assert!(!is_change(EventKind::Access(AccessKind::Read)));
    assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
    assert!(is_change(EventKind::Any));
}

#[test]
fn a_file_that_a_pattern_names_is_told_when_it_appears_and_when_it_goes() {
    let (folder, _) = folder_with("a.yaml", "one");
    let pattern = folder.path().join("*.yaml");
    let mut watch = Watch::start(vec![Seen::pattern(&pattern)], EVENTS).expect("a thread");
    let other = folder.path().join("b.yaml");
    fs::write(&other, "two").expect("written");
    assert!(told(&mut watch));
    watch.follow(vec![Seen::pattern(&pattern)]);
    fs::remove_file(&other).expect("removed");
    assert!(told(&mut watch));
    assert_eq!(Seen::pattern(Path::new("/etc/rules/*/x?.yaml")).folder(), Path::new("/etc/rules"));
    assert_eq!(Seen::now(Path::new("agent.yaml")).folder(), Path::new("."));
}
