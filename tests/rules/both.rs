//! Running Outrider and promtool over a file.

use std::path::Path;
use std::process::Command;

/// What a run said, and whether it was content.
pub struct Said {
    pub good: bool,
    pub text: String,
}

impl Said {
    /// What stands behind `FAILED:`, line ends at its end left out.
    pub fn failures(&self) -> String {
        let after = self.text.split_once("  FAILED:\n").map_or("", |(_, after)| after);
        let ours_ends = after.split("\noutrider: ").next().unwrap_or_default();
        ours_ends.trim_end().to_owned()
    }
}

fn run(mut command: Command) -> Said {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; is it installed?"));
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "{command:?} ended with {code:?}:\n{}", String::from_utf8_lossy(&text));
    Said { good: code == Some(0), text: String::from_utf8(text).expect("UTF-8") }
}

/// `outrider rules <what> <file>`
pub fn outrider(what: &str, file: &Path) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.args(["rules", what]).arg(file);
    run(command)
}

/// `outrider rules …`
pub fn outrider_with(args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.arg("rules").args(args);
    run(command)
}

/// `promtool <what> rules <file>`
pub fn promtool(what: &str, file: &Path) -> Said {
    let mut command = Command::new("promtool");
    command.args([what, "rules"]).arg(file);
    run(command)
}

/// Equal texts, but that numbers in them may differ in their last digits: Prometheus 2.42 adds up without compensation.
pub fn assert_close(ours: &str, theirs: &str, about: &str) {
    for (at, (our, their)) in ours.lines().zip(theirs.lines()).enumerate() {
        let (our_words, their_words) = (words(our), words(their));
        let close = our_words.len() == their_words.len() && our_words.iter().zip(&their_words).all(|(a, b)| same(a, b));
        assert!(
            close,
            "line {}: {our}\npromtool: {their}\n{about}\nall of ours:\n{ours}\nall of promtool's:\n{theirs}",
            at + 1
        );
    }
    assert_eq!(ours.lines().count(), theirs.lines().count(), "{about}\n{ours}\n\n{theirs}");
}

/// Numbers, and what stands between them.
fn words(line: &str) -> Vec<String> {
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'E' | 'e' | '+' | '-');
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for c in line.chars() {
        match words.last_mut() {
            Some(word) if last == Some(number(c)) => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = Some(number(c));
    }
    words
}

fn same(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
        _ => a == b,
    }
}
