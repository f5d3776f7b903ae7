//! What PagerDuty and Slack get is what they say they take: their published schemas, in `tests/e2e/schemas`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::receiver::Receiver;
use super::{alerts, json, road};
use crate::harness::installed;
use crate::harness::wait;

/// What the schema says of `payloads`.
fn validate(schema: &str, payloads: &[Value]) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
    let mut validator = Command::new(installed::python())
        .arg(tests.join("clients/validate.py"))
        .arg(tests.join("schemas").join(schema))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let lines: String = payloads.iter().map(|payload| format!("{payload}\n")).collect();
    validator.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("it reads");
    String::from_utf8(validator.wait_with_output().expect("it ends").stdout).expect("UTF-8").trim().to_owned()
}

/// Ten alerts with what is hard to write: markup, braces, quotes, line ends, emoji, and much of it. They are over when the
/// clock says so.
fn rules() -> String {
    let long = "x".repeat(4_000);
    let odd = format!("<!channel> *b* `c` & > \\\" \\\\ {{{{}}}} \\n 🔥 ünï {long}");
    let condition = "label_replace(vector(time() % 8 < bool 4), \\\"of\\\", \\\"<a|b> & c\\\", \\\"\\\", \\\"\\\") > 0";
    let rule = |(at, severity): (usize, &str)| {
        format!(
            "  - {{ name: r{at}, condition: \"{condition}\", severity: {severity}, message: \"{odd}\", \
             runbook: 'https://runbooks.example.com/r{at}?a=b&c', annotations: {{ detail: \"{odd}\" }} }}"
        )
    };
    let severities = ["critical", "high", "medium", "low", "info"];
    (0..10).map(|at| (at, severities[at % 5])).map(rule).collect::<Vec<_>>().join("\n")
}

/// Everything that a channel may be told: alerts that fire, together and alone, that are acknowledged, again, over; a drill.
fn told(channel: &str) -> Vec<Value> {
    let (state, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::start());
    std::fs::write(state.path().join("url"), receiver.url()).expect("written");
    std::fs::write(state.path().join("key"), "0123456789abcdef0123456789abcdef").expect("written");
    let channel = channel.replace("FOLDER", &state.path().display().to_string()).replace("URL", &receiver.url());
    let lines = format!(
        "flap: {{ times: 0 }}\nrate_limit: {{ per_channel: 1000/s }}\nrules:\n{}\nchannels:\n  it: {channel}\n",
        rules()
    );
    let (road, _) = road(state.path(), &lines);
    receiver.wait_for("an alert", |_| true);
    let active = || json(&road, "/api/v1/alerts?status=firing")["alerts"][0]["fingerprint"].as_str().map(str::to_owned);
    // One that is over before its acknowledgement is told is told as over alone: so there is to be time.
    let phase = || std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs() % 8);
    wait::until("the alerts' beginning", || (1..=2).contains(&phase()).then_some(()));
    wait::until("an alert that is acknowledged", || {
        let (good, _) = alerts(&road, &["ack", &active()?, "--by", "Ann <ann@example.com>"]);
        good.then_some(())
    });
    let (good, said) = alerts(&road, &["test", "--message", "<Test> & co"]);
    assert!(good, "{said}");
    let before = receiver.got().len();
    wait::until("the alerts, over and back", || (receiver.got().len() >= before + 12).then_some(()));
    receiver.got()
}

#[test]
fn pagerduty_gets_events_of_its_published_schema() {
    let got = told("{ pagerduty: { routing_key: { file: 'FOLDER/key' }, url: 'URL' } }");
    let actions = |action: &str| got.iter().filter(|event| event["event_action"] == action).count();
    assert!(actions("trigger") > 0 && actions("resolve") > 0 && actions("acknowledge") > 0, "{got:?}");
    assert_eq!(validate("pagerduty.json", &got), "valid");
    // The schema can say no.
    let mut wrong = got.into_iter().find(|event| event["event_action"] == "trigger").expect("counted above");
    wrong["payload"]["severity"] = "high".into();
    assert!(validate("pagerduty.json", &[wrong]).contains("line 1: $.payload.severity"));
}

#[test]
fn slack_gets_messages_of_its_published_schema() {
    let mut got = told("{ slack: { webhook_url: { file: 'FOLDER/url' } } }");
    let colours: Vec<&Value> = got.iter().map(|message| &message["attachments"][0]["color"]).collect();
    assert!(colours.contains(&&"#2eb67d".into()) && colours.contains(&&"#8b0000".into()), "{colours:?}");
    assert_eq!(validate("slack.json", &got), "valid");
    got[0]["attachments"][0]["blocks"][0]["text"]["text"] = "x".repeat(151).into();
    assert!(validate("slack.json", &got[..1]).starts_with("line 1: $.attachments[0].blocks[0]"));
}
