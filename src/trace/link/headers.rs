//! What is learned of headers: which of them come out of the gateway again with the value that they went in with, route by route.

use std::collections::HashMap;
use std::sync::Arc;

/// Requests whose calls had the value, without a contradiction between them, that make a header trusted.
const TRUSTED: u32 = 50;
/// Contradictions before a header that has more of them than one in [`SHARE`] is not looked at any more.
const PATIENCE: u32 = 3;
const SHARE: u32 = 20;
/// Routes, and headers of each, that are learned of.
const ROUTES: usize = 1024;
const HEADERS: usize = 24;

/// A header of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    route: u32,
    at: u32,
}

/// All of them.
#[derive(Default)]
pub(super) struct Headers {
    routes: HashMap<Arc<str>, u32>,
    known: Vec<Vec<Header>>,
}

#[derive(Default)]
struct Header {
    name: Box<[u8]>,
    hits: u32,
    uses: u32,
    contradictions: u32,
    /// The last request that was a hit: many calls of one prove no more than one.
    last: u64,
}

impl Header {
    fn is_out(&self) -> bool {
        self.contradictions >= PATIENCE && self.contradictions.saturating_mul(SHARE) > self.uses
    }
}

/// What is known of a header of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Learned {
    pub endpoint: Arc<str>,
    pub header: String,
    /// Requests since the last contradiction whose calls had its value.
    pub hits: u32,
    /// Values that two requests had, or that spoke against another header.
    pub contradictions: u32,
    /// Whether it decides.
    pub is_trusted: bool,
}

impl Headers {
    /// The number of `endpoint`; none where there are too many.
    pub(super) fn route(&mut self, endpoint: &Arc<str>) -> Option<u32> {
        if let Some(route) = self.routes.get(endpoint) {
            return Some(*route);
        }
        let route = u32::try_from(self.known.len()).ok().filter(|_| self.known.len() < ROUTES)?;
        self.known.push(Vec::new());
        self.routes.insert(endpoint.clone(), route);
        Some(route)
    }

    /// The place of header `name`; none for one that tells nothing, or where there are too many.
    pub(super) fn place(&mut self, route: u32, name: &[u8]) -> Option<Place> {
        let known = self.known.get_mut(route as usize)?;
        let at = match known.iter().position(|header| header.name.eq_ignore_ascii_case(name)) {
            Some(at) => at,
            None if known.len() < HEADERS => {
                known.push(Header { name: name.to_ascii_lowercase().into(), ..Header::default() });
                known.len() - 1
            }
            None => return None,
        };
        (!known[at].is_out()).then_some(Place { route, at: at as u32 })
    }

    fn header(&mut self, place: Place) -> Option<&mut Header> {
        self.known.get_mut(place.route as usize)?.get_mut(place.at as usize)
    }

    /// A request had a value that no other had.
    pub(super) fn used(&mut self, place: Place) {
        if let Some(header) = self.header(place) {
            header.uses = header.uses.saturating_add(1);
        }
    }

    /// A call of the request `serial` had its value.
    pub(super) fn hit(&mut self, place: Place, serial: u64) {
        if let Some(header) = self.header(place)
            && std::mem::replace(&mut header.last, serial) != serial
        {
            header.hits = header.hits.saturating_add(1);
        }
    }

    /// It was wrong, or said nothing: what it has proved until now counts no more.
    pub(super) fn contradict(&mut self, place: Place) {
        if let Some(header) = self.header(place) {
            header.hits = 0;
            header.contradictions = header.contradictions.saturating_add(1);
        }
    }

    pub(super) fn is_trusted(&self, place: Place) -> bool {
        let header = self.known.get(place.route as usize).and_then(|known| known.get(place.at as usize));
        header.is_some_and(|header| header.hits >= TRUSTED)
    }

    /// Those that have ever come out again.
    pub(super) fn learned(&self) -> Vec<Learned> {
        let mut learned: Vec<Learned> = Vec::new();
        for (endpoint, route) in &self.routes {
            let known = self.known[*route as usize].iter().filter(|header| header.last > 0 && !header.is_out());
            learned.extend(known.map(|header| Learned {
                endpoint: endpoint.clone(),
                header: String::from_utf8_lossy(&header.name).into_owned(),
                hits: header.hits,
                contradictions: header.contradictions,
                is_trusted: header.hits >= TRUSTED,
            }));
        }
        learned.sort_by(|a, b| (&a.endpoint, &a.header).cmp(&(&b.endpoint, &b.header)));
        learned
    }
}
