//! Folders under `target/` made once from a pinned list, by whichever test comes first; the others wait on its lock.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of the environment that `requirements.txt` pins.
pub fn python() -> PathBuf {
    let pins = include_str!("../requirements.txt");
    let made = made_once("e2e-venv", pins, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        fs::write(folder.join("requirements.txt"), pins).expect("the folder takes a file");
        let pip = folder.join("bin/pip");
        run(Command::new(pip).args(["install", "--quiet", "--no-deps", "-r"]).arg(folder.join("requirements.txt")));
    });
    made.join("bin/python")
}

/// The folder whose `node_modules` the lock file pins.
pub fn node_packages() -> PathBuf {
    let (package, lock) = (include_str!("../package.json"), include_str!("../package-lock.json"));
    made_once("e2e-node", &[package, lock].concat(), |folder| {
        fs::create_dir_all(folder).expect("target/ takes a folder");
        fs::write(folder.join("package.json"), package).expect("the folder takes a file");
        fs::write(folder.join("package-lock.json"), lock).expect("the folder takes a file");
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder));
    })
}

/// `target/NAME/HASH`, complete: `make` has run in it to its end, now or in an earlier run.
fn made_once(name: &str, pins: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the folder is inside target/");
    let parent = target.join(name);
    fs::create_dir_all(&parent).expect("target/ takes a folder");
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    let folder = parent.join(format!("{:016x}", hasher.finish()));

    let lock = File::create(parent.join("lock")).expect("the folder takes a file");
    lock.lock().expect("the lock is granted when the other test is done");
    let complete = folder.join("complete");
    if !complete.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an interrupted run left can go");
        }
        make(&folder);
        fs::write(&complete, "").expect("the folder takes a file");
    }
    folder
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
}
