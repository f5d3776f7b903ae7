//! One worker's lookups.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::base::Map;

use super::asset::is_asset;
use super::candidates::Candidates;
use super::fold::{Folds, PLACEHOLDER};
use super::shape::{is_identifier, is_rpc};
use super::table::{Endpoint, Table};
use super::target::Target;

/// What stands for the end of a path that is too long for a template.
const REST: &str = "/{rest:path}";
/// Segments of a template that shape makes.
const MAX_SEGMENTS: usize = 12;
/// Bytes of a template that shape makes, [`REST`] not counted.
const MAX_TEMPLATE: usize = 200;
/// The endpoint that all assets share.
const STATIC: &str = "static";

/// Finds endpoints for one worker. Takes the table's lock only when a new endpoint comes up, and allocates only then and for
/// templates that are unknown.
pub struct Router {
    table: Arc<Table>,
    /// Every name of the table, and the folds, as of `version`.
    known: Map<Arc<str>, Endpoint>,
    folds: Arc<Folds>,
    version: u64,
    /// The endpoints of the document's templates, as far as there are any.
    documented: Vec<Option<Endpoint>>,
    /// Requests by endpoint that the table has not been told of.
    hits: Vec<u32>,
    candidates: Candidates,
    target: Target,
    template: String,
    folded: String,
}

impl Router {
    /// A router over `table`; each worker has its own.
    pub fn new(table: Arc<Table>) -> Self {
        Self {
            table,
            known: Map::default(),
            folds: Arc::default(),
            version: 0,
            documented: Vec::new(),
            hits: Vec::new(),
            candidates: Candidates::default(),
            target: Target::default(),
            template: String::new(),
            folded: String::new(),
        }
    }

    /// The table behind this router.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The endpoint of a request target as it stands in the request line (or `:path`). What is not an endpoint yet gets an
    /// id that [`Self::settle`] judges; used as it is, it is `other`.
    pub fn endpoint(&mut self, target: &[u8]) -> Endpoint {
        if !self.target.read(target) {
            return Endpoint::OTHER;
        }
        if let Some(index) = self.table.patterns.find(&self.target) {
            return Endpoint(index);
        }
        if let Some(index) = self.table.documented.find(&self.target) {
            return self.documented(index);
        }
        if self.table.version.load(Ordering::Acquire) != self.version {
            self.learn();
        }
        let last = self.target.len().checked_sub(1).and_then(|last| self.target.get(last));
        if last.is_some_and(is_asset) {
            // A fixed name costs the budget nothing that grows, so no response needs to confirm it.
            return self.known.get(STATIC).copied().unwrap_or_else(|| self.table.admit(STATIC, &mut self.hits));
        }
        self.template.clear();
        shape(&self.target, &mut self.template);
        if !self.folds.is_empty() {
            self.folded.clear();
            self.folds.apply(&self.template, &mut self.folded);
            std::mem::swap(&mut self.template, &mut self.folded);
        }
        match self.known.get(self.template.as_str()) {
            Some(known) => {
                let hits = &mut self.hits[known.index()];
                *hits = hits.saturating_add(1);
                *known
            }
            None => self.candidates.hold(&self.template),
        }
    }

    /// Whether the path that [`Self::endpoint`] read last is marked.
    pub fn is_marked(&self) -> bool {
        self.table.marked.find(&self.target).is_some()
    }

    fn documented(&mut self, index: u32) -> Endpoint {
        let at = index as usize;
        if at >= self.documented.len() {
            self.documented.resize(at + 1, None);
        }
        *self.documented[at].get_or_insert_with(|| self.table.admit_documented(index))
    }

    fn learn(&mut self) {
        let Self { known, hits, .. } = self;
        let from = hits.len();
        (self.folds, self.version) = self.table.since(from, |name, endpoint| {
            known.insert(name, endpoint);
            hits.push(0);
        });
    }

    /// The endpoint to count a request under, once the status of its final response (101 included) is known.
    ///
    /// An endpoint stays what it is. A template becomes an endpoint if the status shows that the gateway has a route there:
    /// not if it is one that servers, proxies and authentication give to any path at all (a redirect, 400, 401, 403, 404,
    /// 405, 429, 502, …). Until a first response does, its requests are `other`. For a request without a response pass 0,
    /// for gRPC's `UNIMPLEMENTED` 404. Settling again gives the same.
    pub fn settle(&mut self, endpoint: Endpoint, status: u16) -> Endpoint {
        if endpoint.is_settled() {
            return endpoint;
        }
        match self.candidates.get(endpoint) {
            Some(template) if shows_a_route(status) => self.table.admit(template, &mut self.hits),
            _ => Endpoint::OTHER,
        }
    }
}

/// Whether only a path that the server knows gets this status.
fn shows_a_route(status: u16) -> bool {
    match status {
        101 | 200..=299 | 304 | 500 => true,
        400 | 401 | 403..=405 | 407 | 408 | 410 | 413 | 414 | 421 | 425 | 426 | 429 | 431 | 451 | 494..=499 => false,
        400..=499 => true,
        _ => false,
    }
}

/// Writes the template that the segments' shape gives.
fn shape(target: &Target, template: &mut String) {
    let count = target.len();
    if target.get(0) == Some(b"*") && count == 1 {
        template.push('*');
        return;
    }
    let method = count.checked_sub(2).filter(
        |at| matches!((target.get(*at), target.get(at + 1)), (Some(service), Some(method)) if is_rpc(service, method)),
    );
    for at in 0..count {
        let Some(segment) = target.get(at) else { break };
        let word = std::str::from_utf8(segment).ok();
        let kept = word.filter(|_| method.is_some_and(|from| at >= from) || !is_identifier(segment));
        let part = kept.unwrap_or(PLACEHOLDER);
        if at >= MAX_SEGMENTS || template.len() + 1 + part.len() > MAX_TEMPLATE {
            template.push_str(REST);
            return;
        }
        template.push('/');
        template.push_str(part);
    }
    if count == 0 {
        template.push('/');
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Pattern;
    use super::*;

    fn router(patterns: &[&str], max: usize) -> Router {
        let patterns: Vec<_> = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        Router::new(Arc::new(Table::new(&patterns, &[], max)))
    }

    impl Router {
        fn known(&self) -> usize {
            self.table.report().sources.iter().map(|(_, count)| count).sum()
        }

        /// The name that a request is counted under.
        fn counted(&mut self, target: &str, status: u16) -> String {
            let endpoint = self.endpoint(target.as_bytes());
            let endpoint = self.settle(endpoint, status);
            self.table.name(endpoint).to_string()
        }
    }

    #[test]
    fn a_pattern_is_an_endpoint_whatever_the_response() {
        let mut router = router(&["/api/v1/users/{user}"], 10);
        assert_eq!(router.counted("/api/v1/users/alice?x=1", 404), "/api/v1/users/{user}");
        assert_eq!(router.counted("//api/v1/./users/7/", 200), "/api/v1/users/{user}");
    }

    #[test]
    fn a_path_becomes_an_endpoint_when_a_response_shows_a_route() {
        let mut router = router(&[], 10);
        for status in [0, 301, 302, 400, 401, 403, 404, 405, 429, 502, 503, 504] {
            assert_eq!(router.counted("/users/7", status), "other", "{status}");
        }
        assert_eq!(router.counted("/users/7", 200), "/users/{id}");
        assert_eq!(router.counted("/users/8", 404), "/users/{id}");
        assert_eq!(router.counted("/ws", 101), "/ws");
        assert_eq!(router.counted("/things", 422), "/things");
    }

    #[test]
    fn a_template_that_waits_counts_as_other_and_settles_for_all_its_requests() {
        let mut router = router(&[], 10);
        let (first, second) = (router.endpoint(b"/a/1"), router.endpoint(b"/a/2"));
        assert_eq!((first.index(), &*router.table().name(first)), (0, "other"));
        assert_eq!(router.settle(second, 404), Endpoint::OTHER);
        let settled = router.settle(first, 200);
        assert_eq!(&*router.table().name(settled), "/a/{id}");
        assert_eq!(router.settle(second, 404), Endpoint::OTHER);
        assert_eq!(router.settle(second, 200), settled);
        assert_eq!(router.endpoint(b"/a/3"), settled);
    }

    #[test]
    fn what_one_worker_learned_the_others_know() {
        let mut one = router(&[], 10);
        let mut two = Router::new(one.table().clone());
        assert_eq!(two.counted("/a", 404), "other");
        assert_eq!(one.counted("/a", 200), "/a");
        assert_eq!(two.counted("/a", 404), "/a");
    }

    #[test]
    fn a_full_table_answers_other_and_knows_what_it_knew() {
        let mut router = router(&["/p"], 4);
        for path in ["/a", "/b", "/c", "/d"] {
            router.counted(path, 200);
        }
        assert_eq!(router.known(), 4);
        assert_eq!(router.counted("/b", 500), "/b");
        assert_eq!(router.counted("/c", 200), "other");
        assert_eq!(router.counted("/x.css", 200), "other");
        assert_eq!(router.counted("/p", 200), "/p");
    }

    #[test]
    fn assets_share_one_endpoint() {
        let mut router = router(&["/img/{name}.svg"], 10);
        assert_eq!(router.counted("/static/js/main.3f2a1b9c.js", 404), "static");
        assert_eq!(router.counted("/favicon.ico?v=2", 200), "static");
        assert_eq!(router.counted("/img/a.svg", 200), "/img/{name}.svg");
        assert_eq!(router.known(), 3);
    }

    #[test]
    fn the_methods_of_an_rpc_service_stay() {
        let mut router = router(&[], 10);
        for path in ["/shop.v1.Cart/Feed12345", "/twirp/shop.v1.Cart/AddItem"] {
            assert_eq!(router.counted(path, 200), path);
        }
    }

    #[test]
    fn odd_targets_have_a_template_too() {
        let mut router = router(&[], 100);
        for (target, expected) in [
            ("/", "/"),
            ("*", "*"),
            ("http://host/a/7?b", "/a/{id}"),
            ("host:443", "other"),
            ("", "other"),
            ("/a/%00/b", "/a/{id}/b"),
            ("/a/%ff%fe", "/a/{id}"),
            ("/users/{user_id}", "/users/{id}"),
            ("/a/b;jsessionid=1", "/a/b"),
        ] {
            assert_eq!(router.counted(target, 200), expected, "{target}");
        }
        let deep = router.counted(&"/a".repeat(4000), 200);
        assert_eq!(deep, format!("{}/{{rest:path}}", "/a".repeat(12)));
        let long = router.counted(&format!("/{}", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst/".repeat(9)), 200);
        assert!(long.len() <= MAX_TEMPLATE + REST.len() && long.ends_with(REST), "{long}");
    }
}
