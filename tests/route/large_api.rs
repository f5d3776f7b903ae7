//! An OpenAPI document of the shape of a large public API, and the time that lookups take.
//!
//! `OUTRIDER_OPENAPI=api.github.com.json` (of the npm package `@octokit/openapi`, say) puts a real one in its place.

use std::sync::Arc;
use std::time::Instant;

use outrider::route::{Document, Router, Source, Table};
use serde_json::{Map, Value, json};

use super::{counted, endpoints, router};

/// A document in the style of a code forge's REST API: some 750 paths, 2 to 10 segments deep, words beside parameters.
fn document() -> (String, Vec<String>) {
    if let Some(path) = std::env::var_os("OUTRIDER_OPENAPI") {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document: Value = serde_json::from_str(&text).expect("OUTRIDER_OPENAPI is JSON");
        let names = document["paths"].as_object().expect("it has paths").keys().cloned().collect();
        return (text, names);
    }
    let scopes = [
        "/repos/{owner}/{repo}",
        "/orgs/{org}",
        "/users/{username}",
        "/user",
        "/teams/{team_id}",
        "/enterprises/{enterprise}",
        "/orgs/{org}/teams/{team_slug}",
        "/gists/{gist_id}",
        "/app/installations/{installation_id}",
    ];
    let collections = [
        "actions/runs",
        "actions/secrets",
        "actions/variables",
        "branches",
        "check-runs",
        "code-scanning/alerts",
        "comments",
        "commits",
        "dependabot/alerts",
        "deployments",
        "environments",
        "events",
        "hooks",
        "invitations",
        "issues",
        "keys",
        "labels",
        "members",
        "milestones",
        "packages",
        "projects",
        "pulls",
        "releases",
        "rulesets",
        "security-advisories",
    ];
    let mut paths = Map::new();
    for scope in scopes {
        paths.insert(scope.to_owned(), json!({"get": {"responses": {}}, "patch": {"responses": {}}}));
        for collection in collections {
            for tail in ["", "/{item}", "/{item}/attempts/{attempt_number}/logs"] {
                paths.insert(format!("{scope}/{collection}{tail}"), json!({"get": {"summary": "x".repeat(200)}}));
            }
        }
    }
    for path in [
        "/",
        "/zen",
        "/rate_limit",
        "/repos/{owner}/{repo}/compare/{base}...{head}",
        "/repos/{owner}/{repo}/contents/{path}",
        "/repos/{owner}/{repo}/issues/events",
        "/user/repos",
        "/search/code",
        "/markdown/raw",
    ] {
        paths.insert(path.to_owned(), json!({"get": {}}));
    }
    let names = paths.keys().cloned().collect();
    let servers = json!([{"url": "https://api.example.com"}]);
    (json!({"openapi": "3.0.3", "servers": servers, "paths": Value::Object(paths)}).to_string(), names)
}

/// A request for a template: parameters filled in.
fn request(template: &str) -> String {
    let filled = template.replace("{base}...{head}", "main...dev").replace("{path}", "src/a%20b/lib.rs");
    filled.split('/').map(|part| if part.starts_with('{') { "some-name" } else { part }).collect::<Vec<_>>().join("/")
}

/// A template without the names of its parameters: two that differ in nothing else match the same paths.
fn unnamed(template: &str) -> String {
    let pieces = template.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    pieces.collect::<Vec<_>>().join("{}")
}

#[test]
fn every_path_of_a_large_document_is_found() {
    let (text, names) = document();
    let document = Document::parse(&text).unwrap();
    assert!(names.len() > 600 && document.skipped == 0);
    let mut router = Router::new(Arc::new(Table::new(&[], &document.templates, 1000)));
    for name in &names {
        assert_eq!(unnamed(&counted(&mut router, request(name), 404)), unnamed(name));
    }
    assert_eq!(&*counted(&mut router, "/repos/a/b/issues/events", 200), "/repos/{owner}/{repo}/issues/events");
    assert_eq!(&*counted(&mut router, "/repos/a/b/undocumented/thing", 404), "other");
    assert_eq!(router.table().report().documented, document.templates.len());
}

#[test]
fn a_document_larger_than_the_budget_stays_within_it() {
    let (text, names) = document();
    let document = Document::parse(&text).unwrap();
    let mut router = Router::new(Arc::new(Table::new(&[], &document.templates, 300)));
    let other = names.iter().filter(|name| *counted(&mut router, request(name), 200) == *"other").count();
    assert_eq!(endpoints(&router), 300);
    assert!(other >= names.len() - 310, "{other} of {}", names.len());
    assert_eq!(router.table().report().sources[1], (Source::OpenApi, 299));
    assert_eq!(&*counted(&mut router, request(&names[0]), 200), names[0].as_str());
}

/// Prints nanoseconds per lookup; a release build must stay below the 300 that are promised. None allocates in any build.
#[test]
fn a_lookup_takes_less_than_300_nanoseconds_where_optimised() {
    let (text, names) = document();
    let document = Document::parse(&text).unwrap();
    let documented = || Router::new(Arc::new(Table::new(&[], &document.templates, 1000)));
    let shapes: Vec<String> = (0..600)
        .map(|at| {
            ["/api/v1/users/#/posts/#", "/api/v1/orders/550e8400-e29b-41d4-a716-4466#", "/health/#"][at % 3]
                .replace('#', &(100_000 + at).to_string())
        })
        .collect();
    let mut folded = router(&[], 60);
    for at in 0..200 {
        let word: String = at.to_string().bytes().map(|digit| char::from(digit + b'g')).collect();
        counted(&mut folded, format!("/shops/{word}"), 200);
        counted(&mut folded, format!("/api/v1/{word}"), 200);
    }
    let folds: Vec<String> = (0..600).map(|at| format!("/shops/some-shop-{}", at % 99)).collect();
    let patterns = ["/api/v1/users/{id}", "/api/v1/orders/{id}", "/files/{rest:path}"];
    let explicit: Vec<String> =
        (0..600).map(|at| ["/api/v1/users/7?x=1", "/api/v1/orders/abc", "/files/a/b/c"][at % 3].to_owned()).collect();
    for (what, mut router, targets) in [
        ("pattern", router(&patterns, 300), explicit),
        ("openapi", documented(), names.iter().map(|name| request(name)).collect()),
        ("shape", router(&[], 300), shapes),
        ("fold", folded, folds),
    ] {
        targets.iter().for_each(|target| drop(counted(&mut router, target, 200)));
        let round = |router: &mut Router| {
            let start = Instant::now();
            for target in &targets {
                let endpoint = router.endpoint(std::hint::black_box(target.as_bytes()));
                assert!(endpoint.is_settled());
            }
            start.elapsed().as_nanos() / targets.len() as u128
        };
        // The best of many short rounds is what the code takes; the rest is what else the machine had to do.
        let nanoseconds = (0..200).map(|_| round(&mut router)).min().unwrap_or_default();
        let allocated = allocation_counter::measure(|| {
            round(&mut router);
        })
        .count_total;
        assert_eq!(allocated, 0, "{what}: a lookup allocates");
        println!("{what}: {nanoseconds} ns per lookup of {} targets", targets.len());
        assert!(cfg!(debug_assertions) || nanoseconds < 300, "{what}: {nanoseconds} ns");
    }
}
