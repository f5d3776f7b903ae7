//! How long it takes to find the endpoint of a request's path among 1,000 that an OpenAPI document has, by a worker that has seen
//! them before. It must take less than 300 ns and allocate nothing; `tests/route.rs` shows the second, and this fails at the first.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use outrider::route::{Pattern, Router, Table};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUTES: usize = 1_000;
const ROUNDS: usize = 300;
/// Nanoseconds that a lookup may take.
const MOST: f64 = 300.0;

fn main() {
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
    let patterns: Vec<Pattern> = templates.iter().map(|text| Pattern::parse(text).expect("a template")).collect();
    let mut router = Router::new(Arc::new(Table::new(&[], &patterns, ROUTES + 1)));
    let filled = |text: &str, seed: usize| {
        let segments = text.split('/').map(|segment| match segment.starts_with('{') {
            true => format!("value-{}", seed * 7919 % 100_000),
            false => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/") + "?page=2"
    };
    // No two in a row are alike, and no path is asked for that was asked for before it was measured.
    let paths: Vec<String> = (0..ROUTES).map(|at| filled(&templates[at * 379 % ROUTES], at)).collect();
    let mut look = || {
        for path in &paths {
            let endpoint = router.endpoint(path.as_bytes());
            black_box(router.settle(endpoint, 200));
        }
    };
    look();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            look();
            start.elapsed().as_nanos() as f64 / ROUTES as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (median, worst) = (rounds[ROUNDS / 2], rounds[ROUNDS * 9 / 10]);
    println!("a lookup among {ROUTES} routes: median {median:.0} ns, nine of ten rounds {worst:.0} ns");
    assert!(median < MOST, "a lookup takes {MOST} ns or more");
}
