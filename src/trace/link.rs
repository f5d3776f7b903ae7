//! Which request caused a call of the gateway's, as far as that can be known: by the context that the call carries; else by a value
//! that it shares with one request only, in a header that is named or has proved itself; else by nothing. Where exactly one
//! request is open, that is told as a likelihood, and never as a parent.
//!
//! Values are kept as keyed hashes, for as long as the last few thousand. All workers share one, and hold its lock for as long as
//! it takes to look at a head's fields; where there is no way for calls, there is none.
//!
//! - `requests`: requests that are open, and the last ones that were
//! - `values`: which of them had a value
//! - `headers`: what is learned of headers
//! - `map`: which endpoint calls which service

mod headers;
mod map;
mod requests;
#[cfg(test)]
mod tests;
mod values;

pub use headers::Learned;
pub use map::{By, Edge, Row};

use crate::config::tracing::Link;
use crate::event::{Context, TraceId};
use headers::{Headers, Place};
use map::Map;
use parking_lot::Mutex;
use requests::{Request, Requests};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;
use values::Values;

/// Shorter values are too likely to be the same by chance, and longer ones are no ids.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;
/// Requests that a call is told to be linked with, at most.
pub const MOST: usize = 4;

/// What is known. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

struct Inner {
    named: Vec<String>,
    learn: bool,
    keys: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Requests,
    values: Values,
    headers: Headers,
    map: Map,
}

/// A request that is open, until it is dropped.
pub struct Live {
    links: Links,
    serial: u64,
}

/// What a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It carries a context itself.
    Context,
    /// This request, by a header.
    Header(Context),
    /// One of these, by a header.
    Several([Option<Context>; MOST]),
    /// Perhaps this one, which is the only one that is open.
    Likely(Context),
    /// Nobody can say.
    Unknown,
}

/// What was found of a call, and where it is counted when it is over.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// What it comes from.
    pub origin: Origin,
    edge: Option<Edge>,
}

impl Found {
    /// What it is linked by.
    pub fn by(&self) -> By {
        By::of(&self.origin)
    }
}

/// What can be shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Which endpoint calls which service.
    pub rows: Vec<Row>,
    /// What is known of headers.
    pub headers: Vec<Learned>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.links.0.state.lock().requests.end(self.serial);
    }
}

impl Links {
    /// By `config`.
    pub fn new(config: &Link) -> Self {
        let (named, learn) = (config.headers.clone(), config.learn);
        Self(Arc::new(Inner { named, learn, keys: RandomState::new(), state: Mutex::default() }))
    }

    /// Whether this is what `config` asks for.
    pub fn is_by(&self, config: &Link) -> bool {
        (&self.0.named, self.0.learn) == (&config.headers, config.learn)
    }

    /// A request of `endpoint` with these fields is open. One without a context is kept out of traces.
    pub fn begin<'a>(
        &self,
        context: Option<&Context>,
        endpoint: &Arc<str>,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Live {
        let Inner { keys, state, .. } = &*self.0;
        let state = &mut *state.lock();
        let route = state.headers.route(endpoint);
        let serial = state.requests.begin(context, endpoint);
        if let Some(context) = context {
            state.values.put(keys.hash_one((true, context.trace.bytes())), serial, None);
        }
        for (name, value) in fields {
            let place = match self.is_named(name) {
                true => None,
                false if !self.0.learn || !is_candidate(name) => continue,
                false => match route.and_then(|route| state.headers.place(route, name)) {
                    Some(place) => Some(place),
                    None => continue,
                },
            };
            if !LENGTHS.contains(&value.len()) {
                continue;
            }
            // Two requests with one value: it tells neither from the other.
            match state.values.put(keys.hash_one((false, value)), serial, place) {
                Some(other) => [place, other].into_iter().flatten().for_each(|place| state.headers.contradict(place)),
                None => place.into_iter().for_each(|place| state.headers.used(place)),
            }
        }
        Live { links: self.clone(), serial }
    }

    /// What a call to `service` with these fields comes from; `trace` is the one that it says it belongs to.
    pub fn find<'a>(
        &self,
        trace: Option<&TraceId>,
        service: &str,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Found {
        let Inner { keys, state, .. } = &*self.0;
        let state = &mut *state.lock();
        let (origin, endpoint) = match trace {
            Some(trace) => {
                let all = state.values.get(keys.hash_one((true, trace.bytes()))).map(|known| known.requests());
                (Origin::Context, all.and_then(|all| state.requests.endpoint(all)))
            }
            None => {
                let values = fields.filter(|(_, value)| LENGTHS.contains(&value.len()));
                state.by_values(values.map(|(_, value)| keys.hash_one((false, value))))
            }
        };
        let by = By::of(&origin);
        Found { origin, edge: state.map.edge(endpoint.as_ref(), service, by) }
    }

    /// A call is over.
    pub fn ended(&self, found: &Found, took: Duration, failed: bool) {
        if let Some(edge) = found.edge {
            self.0.state.lock().map.ended(edge, took, failed);
        }
    }

    /// All that is known.
    pub fn show(&self) -> Shown {
        let state = self.0.state.lock();
        Shown { rows: state.map.rows(), headers: state.headers.learned() }
    }

    fn is_named(&self, name: &[u8]) -> bool {
        self.0.named.iter().any(|named| named.as_bytes().eq_ignore_ascii_case(name))
    }
}

impl State {
    /// Whose values these are.
    fn by_values(&mut self, hashes: impl Iterator<Item = u64>) -> (Origin, Option<Arc<str>>) {
        let mut found = [0; MOST];
        let mut count = 0;
        // What has not proved itself yet: the one request that each value belongs to.
        let mut weak: [Option<(Place, u64)>; 16] = [None; 16];
        let mut free = weak.iter_mut();
        for hash in hashes {
            let Some(known) = self.values.get(hash) else { continue };
            match known.place {
                Some(place) if !self.headers.is_trusted(place) => {
                    if let ([serial], Some(free)) = (known.requests(), free.next()) {
                        *free = Some((place, *serial));
                    }
                }
                _ => {
                    for serial in known.requests() {
                        if count < MOST && !found[..count].contains(serial) && self.requests.get(*serial).is_some() {
                            found[count] = *serial;
                            count += 1;
                        }
                    }
                }
            }
        }
        self.learn(&found[..count], weak.into_iter().flatten());
        let found = &found[..count];
        let context = |serial: &u64| self.requests.get(*serial).and_then(|request| request.context);
        let origin = match *found {
            [] => match self.requests.only() {
                Some(Request { context: Some(context), endpoint, .. }) => {
                    return (Origin::Likely(*context), Some(endpoint.clone()));
                }
                _ => Origin::Unknown,
            },
            [one] => context(&one).map_or(Origin::Unknown, Origin::Header),
            _ => Origin::Several(std::array::from_fn(|at| found.get(at).and_then(context))),
        };
        (origin, self.requests.endpoint(found))
    }

    /// What this call says of headers: who agrees has one more hit, who points elsewhere is wrong.
    fn learn(&mut self, found: &[u64], weak: impl Iterator<Item = (Place, u64)> + Clone) {
        let first = match found {
            [] => weak.clone().next().map(|(_, serial)| serial),
            [one] => Some(*one),
            _ => return,
        };
        let agree = weak.clone().all(|(_, serial)| Some(serial) == first);
        for (place, serial) in weak {
            match found {
                // Two that contradict each other, and nobody to ask.
                [] if !agree => self.headers.contradict(place),
                _ if Some(serial) != first => self.headers.contradict(place),
                _ if self.requests.is_open(serial) => self.headers.hit(place, serial),
                _ => {}
            }
        }
    }
}

/// Whether a header may be one that tells requests apart: a secret is none, and what carries a context is read as that.
fn is_candidate(name: &[u8]) -> bool {
    const NEVER: [&str; 12] = [
        "host",
        "cookie",
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "traceparent",
        "tracestate",
        "baggage",
        "b3",
        "uber-trace-id",
        "user-agent",
        "x-forwarded-for",
    ];
    !NEVER.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        && !name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"x-b3-"))
}
