//! The commands of the documentation are run. Each block of `sh` in README.md and docs/ has a line before it that says how:
//!
//! - `<!-- run -->`: it must succeed, against a demo that runs where the text says that an agent does;
//! - `<!-- serve -->`: it goes on until it is stopped, and must come to listen;
//! - `<!-- not run: REASON -->`: a test cannot have what it needs.
//!
//! Blocks of one file share a folder, in the order of the text, so a file that one writes is there for the next.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::process::Process;

enum How {
    Run,
    Serve,
    NotRun,
}

struct Block {
    how: How,
    place: String,
    script: String,
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("the folder is there");
    let mut files: Vec<PathBuf> = docs.map(|entry| entry.expect("it is readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "md"));
    files.push(root.join("README.md"));
    files.sort();
    files
}

/// The blocks of a text, or those that do not say how they are run.
fn blocks(path: &Path) -> Result<Vec<Block>, String> {
    let text = fs::read_to_string(path).expect("it is readable");
    let (mut blocks, mut before) = (Vec::new(), "");
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "```sh" {
            let indented = line.strip_prefix("    ").unwrap_or_default();
            let is_command =
                ["outrider ", "curl ", "kubectl ", "docker ", "make "].iter().any(|name| indented.starts_with(name));
            if is_command {
                return Err(format!("{}:{}: a command outside a block of sh", path.display(), number + 1));
            }
            before = if line.trim().is_empty() { before } else { line.trim() };
            continue;
        }
        let place = format!("{}:{}", path.display(), number + 1);
        let how = match before {
            "<!-- run -->" => How::Run,
            "<!-- serve -->" => How::Serve,
            other if other.starts_with("<!-- not run: ") => How::NotRun,
            _ => return Err(format!("{place}: it does not say whether it is run")),
        };
        let script: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        blocks.push(Block { how, place, script: script.join("\n") });
        before = "";
    }
    Ok(blocks)
}

/// A demo, as `outrider demo`; where clients come in, and where people look.
fn demo() -> (Process, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.args(["demo", "--ingress", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let process = Process::start("the demo", &mut command);
    let after =
        |start: &str| process.wait_for_line(start, |line| Some(line.trim().strip_prefix(start)?.trim().to_owned()));
    let (ingress, admin) = (after("clients come in at   http://"), after("look at it here      http://"));
    (process, ingress, admin)
}

#[test]
fn the_commands_of_the_documentation_work() {
    let (_demo, ingress, admin) = demo();
    let binary = Path::new(env!("CARGO_BIN_EXE_outrider"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = format!("{}:{}", binary.parent().expect("a folder").display(), std::env::var("PATH").expect("a PATH"));
    let (mut ran, mut not) = (0, 0);
    for file in files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["agent.yaml", "prometheus", "examples", "ci", "k8s"] {
            std::os::unix::fs::symlink(root.join(name), folder.path().join(name)).expect("a link");
        }
        for Block { how, place, script } in blocks(&file).unwrap_or_else(|fault| panic!("{fault}")) {
            let shell = |script: &str| {
                let mut command = Command::new("bash");
                command.args(["-euo", "pipefail", "-c", script]).current_dir(folder.path()).env("PATH", &path);
                command.env("OUTRIDER_ADMIN", format!("http://{admin}"));
                command
            };
            match how {
                How::Run => {
                    let script = script.replace("127.0.0.1:9600", &admin).replace("127.0.0.1:8080", &ingress);
                    let output = shell(&script).output().expect("bash runs");
                    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
                    assert!(output.status.success(), "{place}:\n{script}\n{text}");
                    ran += 1;
                }
                How::Serve => {
                    let file = folder.path().join("agent.yaml");
                    let config = fs::read_to_string(&file).expect("an earlier block writes it");
                    let config = config.replace("0.0.0.0:8080", "127.0.0.1:0").replace("0.0.0.0:9600", "127.0.0.1:0");
                    let state = folder.path().display();
                    fs::write(&file, format!("{config}\nalerting: {{ state: '{state}' }}\n")).expect("written");
                    let process = Process::start(&place, &mut shell(&format!("exec {script}")));
                    process.wait_for_line("it listens", |line| line.contains("listening").then_some(()));
                    ran += 1;
                }
                How::NotRun => not += 1,
            }
        }
    }
    eprintln!("{ran} blocks ran, {not} say why they are not run");
    assert!(ran >= 10, "{ran} blocks ran");
}
