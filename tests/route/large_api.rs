//! The OpenAPI document of a large public API, and the time that lookups take.

use std::sync::Arc;
use std::time::Instant;

use outrider::route::{Document, Pattern, Router, Source, Table};

use super::github::Github;
use super::{counted, endpoints, router};

/// A template without the names of its parameters: two that differ in nothing else match the same paths.
fn unnamed(template: &str) -> String {
    let pieces = template.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    pieces.collect::<Vec<_>>().join("{}")
}

#[test]
fn every_path_of_a_large_document_is_found() {
    let github = Github::read();
    let document = Document::parse(&github.text).unwrap();
    assert!(github.templates.len() > 800 && document.skipped == 0);
    let mut router = Router::new(Arc::new(Table::new(&[], &document.templates, 1000)));
    for (template, request) in github.templates.iter().zip(&github.requests) {
        assert_eq!(unnamed(&counted(&mut router, request, 404)), unnamed(template), "{request}");
    }
    assert_eq!(&*counted(&mut router, "/repos/a/b/issues/events", 200), "/repos/{owner}/{repo}/issues/events");
    assert_eq!(&*counted(&mut router, "/repos/a/b/undocumented/thing", 404), "other");
    assert_eq!(router.table().report().documented, document.templates.len());
}

#[test]
fn a_path_that_a_large_document_tells_has_a_template_that_matches_it_or_none_does() {
    let github = Github::read();
    let document = Document::parse(&github.text).unwrap();
    let patterns: Vec<Pattern> = github.templates.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    let mut router = Router::new(Arc::new(Table::new(&[], &document.templates, 1000)));
    let mut found = 0;
    for path in &github.told {
        match &*counted(&mut router, path, 404) {
            "other" | "static" => {
                let missed = patterns.iter().find(|pattern| pattern.matches(path.as_bytes()));
                assert_eq!(missed, None, "{path}");
            }
            // Contents of a repository: the one template whose parameter takes all that is left.
            name @ "/repos/{owner}/{repo}/contents/{path}" => assert!(path.contains("/contents/"), "{path} is {name}"),
            name => {
                found += 1;
                assert!(Pattern::parse(name).unwrap().matches(path.as_bytes()), "{path} is {name}");
            }
        }
    }
    assert!(found > 600 && found * 10 > github.told.len() * 8, "{found} of {}", github.told.len());
}

#[test]
fn a_document_larger_than_the_budget_stays_within_it() {
    let github = Github::read();
    let document = Document::parse(&github.text).unwrap();
    let mut router = Router::new(Arc::new(Table::new(&[], &document.templates, 300)));
    let other = github.requests.iter().filter(|request| *counted(&mut router, request, 200) == *"other").count();
    assert_eq!(endpoints(&router), 300);
    assert!(other >= github.templates.len() - 310, "{other} of {}", github.templates.len());
    assert_eq!(router.table().report().sources[1], (Source::OpenApi, 299));
    assert_eq!(&*counted(&mut router, &github.requests[0], 200), github.templates[0].as_str());
}

/// Prints nanoseconds per lookup; a release build must stay below the 300 that are promised. None allocates in any build.
#[test]
fn a_lookup_takes_less_than_300_nanoseconds_where_optimised() {
    let github = Github::read();
    let document = Document::parse(&github.text).unwrap();
    let documented = || Router::new(Arc::new(Table::new(&[], &document.templates, 2000)));
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
        ("openapi", documented(), [github.requests, github.told].concat()),
        ("shape", router(&[], 300), shapes),
        ("fold", folded, folds),
    ] {
        // What a level that folds on the way has then has its endpoint at the second time.
        (0..2).for_each(|_| targets.iter().for_each(|target| drop(counted(&mut router, target, 200))));
        let round = |router: &mut Router| {
            let start = Instant::now();
            for target in &targets {
                let endpoint = router.endpoint(std::hint::black_box(target.as_bytes()));
                assert!(endpoint.is_settled(), "{what}: {target}");
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
