//! Commands that ask an agent that runs.

use std::process::Command;

use serde_json::Value;

use super::road;
use crate::harness::gateway::Gateway;
use crate::harness::raw;
use crate::harness::road::Road;
use crate::harness::wait;

/// The exit code, what was printed, and what was said on standard error.
fn outrider(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_outrider")).args(arguments).output().expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn status_tells_how_an_agent_is_and_whether_traffic_may_come() {
    let gateway = Gateway::start();
    let ready = Road::to(gateway.address);
    raw::get(ready.ingress, "/items/7");
    let at = format!("http://{}", ready.admin());
    assert_eq!(outrider(&["status", "--ready", "--admin", &at]), (0, "ready\n".to_owned(), String::new()));
    let (code, told, _) = outrider(&["status", "--admin", &at]);
    assert_eq!(code, 0, "{told}");
    assert!(told.starts_with("e2e (production) is ready\nup        "), "{told}");
    assert!(told.contains(" 1 requests, 100 % succeeded") && told.contains("\nconfig    current "), "{told}");
    let (code, told, _) = outrider(&["status", "--admin", &at, "--output", "json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, &told["ready"], &told["metrics_summary"]["total_requests"]), (0, &true.into(), &1.into()));

    let (alone, _) = road("");
    let (code, _, said) = outrider(&["status", "--ready", "--admin", &alone.admin().to_string()]);
    assert_eq!(code, 1);
    assert!(said.contains("not ready: the gateway at 127.0.0.1:1 cannot be reached"), "{said}");
    let (code, _, said) = outrider(&["status", "--admin", "http://127.0.0.1:1"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("no agent answers at http://127.0.0.1:1") && said.contains("--admin or OUTRIDER_ADMIN"),
        "{said}"
    );
}

#[test]
fn top_shows_endpoints_with_what_passes() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    let at = format!("http://{}", road.admin());
    wait::until("a row", || {
        for _ in 0..5 {
            raw::get(road.ingress, "/items/7");
        }
        let (code, told, said) = outrider(&["top", "--admin", &at]);
        assert_eq!(code, 0, "{said}");
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].contains(" requests/s ") && lines[2].ends_with("METHOD  ENDPOINT"), "{told}");
        lines.get(3).filter(|row| row.ends_with("GET     /items/{id}")).map(drop)
    });
    let (code, told, _) = outrider(&["top", "--admin", &at, "--output", "json", "--times", "2"]);
    assert_eq!((code, told.lines().count()), (0, 2));
    for line in told.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON lines");
        assert_eq!(event["endpoints"][0]["endpoint"], "/items/{id}");
    }
}

#[test]
fn a_token_is_asked_for_by_its_file_and_shells_complete_commands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "secret\n").expect("written");
    let lines = "anonymous: none\ntokens: [ { name: me, role: read, token: { file: '{folder}/token' } } ]";
    let (road, _) = super::road_in(folder, lines);
    let at = road.admin().to_string();
    let (code, _, said) = outrider(&["alerts", "list", "--admin", &at]);
    assert_eq!(code, 1);
    assert!(said.contains("401") && said.contains("--token-file or OUTRIDER_TOKEN_FILE"), "{said}");
    let (code, told, _) = outrider(&["alerts", "list", "--admin", &at, "--token-file", &token.display().to_string()]);
    assert_eq!((code, told.as_str()), (0, "no alerts\n"));
    for (shell, part) in [("bash", "_outrider()"), ("zsh", "#compdef outrider"), ("fish", "complete -c outrider")] {
        let (code, script, _) = outrider(&["completions", shell]);
        assert!(code == 0 && script.contains(part), "{shell}");
    }
}
