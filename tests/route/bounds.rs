//! Arbitrary input, a million paths, folds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use outrider::config;
use outrider::route::{Endpoint, Pattern, Router, Source, Table};
use proptest::prelude::*;

use super::{Random, counted, endpoints, router};

fn a_target() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"/".to_vec()),
        Just(b"..".to_vec()),
        Just(b"%2f".to_vec()),
        Just(b"%2e".to_vec()),
        Just(b"http://h".to_vec()),
        Just(b"{id}".to_vec()),
        Just(b"a.B/c".to_vec()),
        "[a-z]{1,6}".prop_map(String::into_bytes),
        "[0-9a-fA-F-]{1,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    (any::<bool>(), proptest::collection::vec(piece, 0..40)).prop_map(|(slash, pieces)| {
        let start = if slash { b"/".to_vec() } else { vec![] };
        start.into_iter().chain(pieces.into_iter().flatten()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_bytes_have_a_short_and_printable_endpoint(targets in proptest::collection::vec((a_target(), 100_u16..600), 1..60)) {
        let mut router = router(&["/a/{x}/{rest:path}", "/{x}.b"], 12);
        for (target, status) in &targets {
            let name = counted(&mut router, target, *status);
            prop_assert!(name.len() <= 260, "{}", name);
            prop_assert!(!name.chars().any(|c| c.is_control() || c.is_whitespace()), "{:?}", name);
            prop_assert!(name.starts_with('/') || ["other", "static", "*"].contains(&&*name), "{}", name);
        }
        prop_assert!(endpoints(&router) <= 12);
    }

    #[test]
    fn the_same_requests_give_the_same_endpoints_in_a_new_process(
        targets in proptest::collection::vec((a_target(), 100_u16..600), 1..200)
    ) {
        let names = || {
            let mut router = router(&[], 16);
            targets.iter().map(|(target, status)| counted(&mut router, target, *status)).collect::<Vec<_>>()
        };
        prop_assert_eq!(names(), names());
    }

    #[test]
    fn below_the_limits_the_order_makes_no_difference(mut targets in proptest::collection::vec(a_target(), 1..20), by in 0_usize..20) {
        let learn = |targets: &[Vec<u8>]| {
            let mut router = router(&[], 2000);
            targets.iter().for_each(|target| drop(counted(&mut router, target, 200)));
            router
        };
        let mut one = learn(&targets);
        let turn = by % targets.len();
        targets.rotate_left(turn);
        targets.reverse();
        let mut two = learn(&targets);
        for target in &targets {
            prop_assert_eq!(counted(&mut one, target, 404), counted(&mut two, target, 404));
        }
    }

    #[test]
    fn what_the_config_accepts_as_a_pattern_is_one(text in "/(/|\\{|\\}|:path|[a-c]|\\.|\\{[a-c]+\\}|\\{[a-c]:path\\}|;|[ -~]|é){0,12}") {
        let yaml = format!("routes: {{ patterns: [ {} ] }}", serde_json::to_string(&text).unwrap());
        if let Ok(config) = config::parse(&yaml, std::path::Path::new(""), &|_| None) {
            let pattern = Pattern::from(&config.routes.patterns[0]);
            prop_assert_eq!(pattern.as_str().trim_end_matches('/'), text.trim_end_matches('/'));
        }
    }
}

#[test]
fn a_million_paths_stay_within_the_budget_and_the_busy_endpoints_stay_right() {
    let mut router = router(&[], 300);
    let mut random = Random(7);
    let mut right = HashMap::new();
    let mut known_after_a_tenth = None;
    for at in 0..1_000_000_u32 {
        let word = random.word();
        // A third of the traffic goes to the endpoints of the API, the rest to ever new words, numbers and junk.
        let (target, expected) = match at % 6 {
            0 => ("/api/v1/health".to_owned(), Some("/api/v1/health")),
            1 => (format!("/api/v1/users/{at}/posts"), Some("/api/v1/users/{id}/posts")),
            2 => (format!("/api/v1/{word}"), None),
            3 => (format!("/shops/{word}/items/{}", random.word()), None),
            4 => (format!("/{word}/{}", random.word()), None),
            _ => (format!("/wp-{word}/{at}.php"), None),
        };
        let name = counted(&mut router, &target, if at % 6 == 5 { 404 } else { 200 });
        if let Some(expected) = expected {
            *right.entry((expected, *name == *expected)).or_insert(0) += 1_u32;
        }
        if at == 100_000 {
            known_after_a_tenth = Some(endpoints(&router));
        }
    }
    assert!(endpoints(&router) <= 300);
    assert_eq!(known_after_a_tenth, Some(endpoints(&router)), "nothing is learned any more");
    for expected in ["/api/v1/health", "/api/v1/users/{id}/posts"] {
        assert_eq!(right.get(&(expected, false)), None, "{expected} was counted as something else");
    }
    assert_eq!(&*counted(&mut router, "/shops/never-seen/items/either", 200), "/shops/{id}/items/{id}");
    assert_eq!(&*counted(&mut router, "/api/v1/neverseen", 200), "/api/v1/{id}");
}

#[test]
fn what_is_unknown_does_not_grow_the_memory() {
    let mut router = router(&[], 100);
    let mut random = Random(11);
    let mut seen = |router: &mut Router, count: usize| {
        for at in 0..count {
            let target = format!("/{}/{}/{}", random.word(), random.word(), random.word());
            counted(router, target, if at % 2 == 0 { 200 } else { 404 });
        }
    };
    // Fills the table and the ring of templates that wait.
    seen(&mut router, 20_000);
    let grown = allocation_counter::measure(|| seen(&mut router, 20_000)).bytes_current;
    assert!(grown.abs() < 4096, "{grown} bytes more after 20,000 new paths");
}

#[test]
fn scanners_learn_nothing() {
    let mut router = router(&["/login"], 20);
    let mut random = Random(3);
    for _ in 0..50_000 {
        let target = format!("/{}/{}", random.word(), random.word());
        assert_eq!(&*counted(&mut router, target, 404), "other");
    }
    assert_eq!(endpoints(&router), 2);
    assert_eq!(&*counted(&mut router, "/users", 200), "/users");
}

#[test]
fn a_fold_is_reported_with_the_patterns_that_replace_it() {
    let mut router = router(&[], 60);
    let mut random = Random(5);
    for _ in 0..200 {
        counted(&mut router, "/shops/all", 200);
        counted(&mut router, format!("/shops/{}/items/7", random.word()), 200);
        counted(&mut router, format!("/shops/{}", random.word()), 200);
    }
    let report = router.table().report();
    let count = |source| report.sources.iter().find(|(s, _)| *s == source).unwrap().1;
    assert_eq!((count(Source::Fold), count(Source::Other), report.refused), (2, 1, 0));
    let [fold] = &report.folds[..] else { panic!("{report:?}") };
    assert_eq!(fold.level, "/shops/{id}");
    assert_eq!(fold.words, 12);
    assert_eq!(fold.patterns, ["/shops/{id}", "/shops/{id}/items/{id2}"]);
    // The busiest word of the level stays, and the patterns give the same.
    assert_eq!(&*counted(&mut router, "/shops/all", 200), "/shops/all");
    for pattern in &fold.patterns {
        Pattern::parse(pattern).unwrap();
    }
}

#[test]
fn a_reload_keeps_what_was_learned_and_not_what_is_covered_now() {
    let mut before = router(&[], 60);
    let mut random = Random(5);
    for path in ["/health", "/users/7", "/x.css"] {
        counted(&mut before, path, 200);
    }
    for _ in 0..50 {
        counted(&mut before, format!("/shops/{}", random.word()), 200);
    }
    let patterns = [Pattern::parse("/users/{user}").unwrap()];
    let mut after = Router::new(Arc::new(Table::new(&patterns, &[], 60).inherit(before.table())));
    for (path, expected) in [("/health", "/health"), ("/users/7", "/users/{user}"), ("/shops/new", "/shops/{id}")] {
        assert_eq!(&*counted(&mut after, path, 404), expected);
    }
    // Of the shops that came before the fold, none is left.
    let report = after.table().report();
    assert_eq!(report.sources.iter().map(|(_, count)| count).sum::<usize>(), 5, "{report:?}");
    assert_eq!(&*before.table().name(Endpoint::OTHER), "other");
    assert_eq!(before.table().report().folds, report.folds);
}

#[test]
fn every_endpoint_has_an_index_of_its_own_below_the_capacity() {
    let mut router = router(&["/p/{id}", "/q"], 10);
    let mut seen = BTreeSet::new();
    for target in ["/p/1", "/q", "/r", "/s", "/t.css", "host:1"] {
        let endpoint = router.endpoint(target.as_bytes());
        seen.insert(router.settle(endpoint, 200).index());
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.iter().all(|index| *index < router.table().capacity()));
}
