//! How long it takes to find the endpoint of a request's path, by a worker that has seen it before: among the 811 paths of GitHub's
//! REST API, with requests that its OpenAPI document gives, and among 1,000 routes that are made. It must take less than 300 ns
//! and allocate nothing; `tests/route.rs` shows the second, and this fails at the first.
//!
//! `ci/setup.sh openapi` fetches the document.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use outrider::route::{Document, Pattern, Router, Table};

#[path = "../tests/route/github.rs"]
mod github;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUTES: usize = 1_000;
const ROUNDS: usize = 300;
/// Nanoseconds that a lookup may take.
const MOST: f64 = 300.0;

fn main() {
    let github = github::Github::read();
    let document = Document::parse(&github.text).expect("a document");
    let among = format!("the {} paths of GitHub's OpenAPI document", github.templates.len());
    measure(&among, &document.templates, &mixed([github.requests, github.told].concat()));

    let templates = made();
    let patterns: Vec<Pattern> = templates.iter().map(|text| Pattern::parse(text).expect("a template")).collect();
    let paths = templates.iter().enumerate().map(|(at, text)| filled(text, at)).collect();
    measure(&format!("{ROUTES} routes that are made"), &patterns, &mixed(paths));
}

fn measure(among: &str, documented: &[Pattern], paths: &[String]) {
    let mut router = Router::new(Arc::new(Table::new(&[], documented, 2 * ROUTES)));
    let mut look = || {
        for path in paths {
            let endpoint = router.endpoint(path.as_bytes());
            black_box(router.settle(endpoint, 200));
        }
    };
    look();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            look();
            start.elapsed().as_nanos() as f64 / paths.len() as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (median, worst) = (rounds[ROUNDS / 2], rounds[ROUNDS * 9 / 10]);
    println!(
        "a lookup among {among}: median {median:.0} ns, nine of ten rounds {worst:.0} ns ({} requests)",
        paths.len()
    );
    assert!(median < MOST, "a lookup takes {MOST} ns or more");
}

/// All of them, in an order in which neighbours are not alike.
fn mixed(paths: Vec<String>) -> Vec<String> {
    // A prime that divides no count of ours, so that every path has its turn.
    const STEP: usize = 379;
    assert!(!paths.len().is_multiple_of(STEP), "some paths would never be asked for");
    (0..paths.len()).map(|at| paths[at * STEP % paths.len()].clone()).collect()
}

fn made() -> Vec<String> {
    let scopes = ["repos/{owner}/{repo}", "orgs/{org}", "users/{username}", "teams/{team_id}", "gists/{gist_id}"];
    let words = ["actions", "branches", "commits", "hooks", "issues", "keys", "labels", "pulls", "releases", "events"];
    let tails = ["", "/{item}", "/{item}/files", "/{item}/attempts/{number}/logs"];
    let mut templates = Vec::new();
    for version in 0.. {
        let all =
            scopes.iter().flat_map(|scope| words.iter().flat_map(move |word| tails.map(|tail| (scope, word, tail))));
        templates.extend(all.map(|(scope, word, tail)| format!("/v{version}/{scope}/{word}{tail}")));
        if templates.len() >= ROUTES {
            break;
        }
    }
    templates.truncate(ROUTES);
    templates
}

fn filled(text: &str, seed: usize) -> String {
    let segments = text.split('/').map(|segment| match segment.starts_with('{') {
        true => format!("value-{}", seed * 7919 % 100_000),
        false => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/") + "?page=2"
}
