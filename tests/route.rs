//! The route engine as its callers see it: whatever comes in, few and valid endpoints come out, the same ones every time.
//!
//! - `bounds`: arbitrary input, a million paths, folds
//! - `large_api`: the OpenAPI document of a large public API, and the time that lookups take
//! - `github`: that document, and requests that it gives

#[path = "route/bounds.rs"]
mod bounds;
#[path = "route/github.rs"]
mod github;
#[path = "route/large_api.rs"]
mod large_api;

use std::sync::Arc;

use outrider::route::{Pattern, Router, Table};

fn router(patterns: &[&str], max: usize) -> Router {
    let patterns: Vec<_> = patterns.iter().map(|text| Pattern::parse(text).expect("a pattern of a test")).collect();
    Router::new(Arc::new(Table::new(&patterns, &[], max)))
}

/// The name that a request with this response is counted under.
fn counted(router: &mut Router, target: impl AsRef<[u8]>, status: u16) -> Arc<str> {
    let endpoint = router.endpoint(target.as_ref());
    let endpoint = router.settle(endpoint, status);
    router.table().name(endpoint)
}

/// How many endpoints there are.
fn endpoints(router: &Router) -> usize {
    router.table().report().sources.iter().map(|(_, count)| count).sum()
}

/// A small generator, so that every run sees the same traffic.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn word(&mut self) -> String {
        let syllables = ["ka", "lo", "mi", "ren", "tu", "sha", "vel", "do", "pin", "gra", "es", "mon"];
        (0..4).map(|_| syllables[self.below(syllables.len())]).collect()
    }
}
