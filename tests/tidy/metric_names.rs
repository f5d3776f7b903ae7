//! The name of a metric is written once in `src/`: what registers it owns the literal, everybody else uses the constant.
//! Test code may spell names out, and a name inside a longer text (PromQL, help) is not a name.

use crate::source::{File, Kind, TestCode};
use std::collections::BTreeMap;

/// How the families' names begin, by area; and those that are ours whatever follows.
const FAMILIES: [&str; 10] = [
    "http_",
    "websocket_",
    "code_generation",
    "image_generation",
    "service_",
    "circuit_breaker_",
    "connection_pool_",
    "auth_",
    "rate_limit_",
    "security_",
];
const OURS: [&str; 3] = ["outrider_", "gateway_", "process_"];

/// How the name of a metric ends: in its unit, or in what is counted.
const ENDINGS: [&str; 7] = ["_total", "_seconds", "_bytes", "_active", "_ratio", "_info", "_state"];

/// Names of the contract that end in none of [`ENDINGS`].
const OTHERS: [&str; 1] = ["circuit_breaker_failure_rate"];

/// Whether a literal is a metric's name and not, say, a key of the config (`http_proxy`) or a signal (`error_rate`).
pub fn is_metric_name(text: &str) -> bool {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.chars().all(name) {
        return false;
    }
    let ours = OURS.iter().any(|start| text.len() > start.len() && text.starts_with(start));
    let family = FAMILIES.iter().any(|start| text.starts_with(start));
    ours || (family && ENDINGS.iter().any(|end| text.ends_with(end))) || OTHERS.contains(&text)
}

/// One violation for each name that non-test code writes more than once, with every place.
pub fn repeated(files: &[File]) -> Vec<String> {
    let tests = test_files(files);
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !tests.iter().any(|test| is_or_is_below(&file.path, test))) {
        for token in file.tokens(TestCode::Dropped) {
            if let Kind::Text(text) = token.kind
                && is_metric_name(&text)
            {
                places.entry(text).or_default().push(format!("{}:{}", file.path, token.line));
            }
        }
    }
    places.retain(|_, at| at.len() > 1);
    places.iter().map(|(name, at)| format!("{name} is written at {}: make it one constant", at.join(" and "))).collect()
}

/// Modules in files of their own that are compiled for tests only, as paths without `.rs`.
fn test_files(files: &[File]) -> Vec<String> {
    let of = |file: &File| {
        let folder = format!("src/{}", file.module().join("/"));
        let tokens = file.tokens(TestCode::Kept).into_iter();
        let tests = tokens.filter_map(move |token| match token.kind {
            Kind::Module { name, test: true } => Some(format!("{}/{name}", folder.trim_end_matches('/'))),
            _ => None,
        });
        tests.collect::<Vec<_>>()
    };
    files.iter().flat_map(of).collect()
}

fn is_or_is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_written_in_two_files_is_found() {
        let files = [
            File::new("src/a.rs", "//! A.\nconst A: &str = \"http_requests_total\";"),
            File::new("src/b.rs", "//! B.\n\nfn b() { find(\"http_requests_total\") }"),
            File::new(
                "src/c.rs",
                "//! C.\nconst C: &str = \"rate(http_requests_total[5m])\"; // \"http_requests_total\"",
            ),
        ];
        let found = "http_requests_total is written at src/a.rs:2 and src/b.rs:3: make it one constant";
        assert_eq!(repeated(&files), [found]);
    }

    #[test]
    fn a_name_written_twice_in_one_file_is_found() {
        let text = "//! A.\nfn a() { (\"outrider_drops_total\", \"outrider_drops_total\") }";
        assert_eq!(repeated(&[File::new("src/a.rs", text)]).len(), 1);
    }

    #[test]
    fn test_code_may_spell_names_out() {
        let files = [
            File::new(
                "src/a.rs",
                "//! A.\nconst A: &str = \"gateway_up\";\n#[cfg(test)]\nmod tests { const B: &str = \"gateway_up\"; }",
            ),
            File::new("src/b.rs", "//! B.\n#[cfg(test)]\nmod checks;"),
            File::new("src/b/checks.rs", "//! C.\nconst C: &str = \"gateway_up\";"),
            File::new("src/b/checks/deep.rs", "//! D.\nconst D: &str = \"gateway_up\";"),
        ];
        assert!(repeated(&files).is_empty());
    }

    #[test]
    fn keys_and_signals_are_not_metrics() {
        for name in
            ["http_request_duration_seconds", "websocket_connections_active", "circuit_breaker_state", "gateway_up"]
        {
            assert!(is_metric_name(name), "{name}");
        }
        for other in [
            "http_proxy",
            "circuit_breaker",
            "circuit_breaker_open",
            "error_rate",
            "outrider_",
            "service_Total",
            "a_total",
        ] {
            assert!(!is_metric_name(other), "{other}");
        }
    }
}
