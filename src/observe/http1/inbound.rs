//! What the client sends.

use super::carry::{Carry, Piece};
use super::{Http1, InFlight, PIPELINE_LIMIT};
use crate::event::exchange::Version;
use crate::event::{Edits, Side};
use crate::metrics::http::Method;
use crate::metrics::road::Opaque;
#[cfg(feature = "chaos")]
use crate::observe::chaos;
use crate::observe::edits;
use crate::trace::propagate::Reader;
use crate::wire::http1::{self, Body, HEAD_LIMIT, HeadError, Upgrade};
use std::time::Instant;

/// Where the client's stream stands.
pub(super) enum Inbound {
    /// In a head, or between two requests.
    Head(Carry),
    /// In a body.
    Body(Body),
    /// Behind a request to become something else: a copy of what came before its answer.
    Undecided(Vec<u8>),
    /// In WebSocket frames.
    WebSocket,
    /// Not looked at.
    Opaque,
}

/// What the read of a head gave.
enum Read {
    /// A request: what follows its head, which ended behind so many bytes.
    Request(Next, usize),
    /// No whole head; so many bytes may go on.
    More(usize),
    /// Nobody can say.
    Opaque(Opaque),
}

/// What follows a request's head.
struct Next {
    body: Body,
    upgrade: Upgrade,
}

impl Inbound {
    pub(super) fn is_between_requests(&self) -> bool {
        matches!(self, Self::Head(carry) if carry.is_empty())
    }

    /// In front of a head.
    pub(super) fn head() -> Self {
        Self::Head(Carry::default())
    }
}

impl Http1 {
    /// Reads what the client sent; `edits` is `None` when the bytes have gone on already. Returns how many may go on.
    pub(super) fn read_client(&mut self, now: Instant, bytes: &[u8], mut edits: Option<&mut Edits>) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.inbound {
                Inbound::Head(_) => match self.read_head(now, bytes, at, edits.as_deref_mut()) {
                    Read::Request(next, end) => {
                        at = end;
                        self.follow(next);
                    }
                    Read::More(gone) => return gone,
                    Read::Opaque(reason) => self.opaque(Side::Client, reason),
                },
                // The youngest request in flight is the one whose body comes; it may be answered already.
                Inbound::Body(body) => match body.advance(&bytes[at..], |content| {
                    if let Some(x) = self.in_flight.back_mut() {
                        x.request_body(content);
                    }
                }) {
                    Ok(step) => {
                        at += step.taken;
                        if step.done {
                            let upgrade = self.in_flight.back().map_or(Upgrade::No, |x| x.upgrade);
                            self.follow(Next { body: Body::NONE, upgrade });
                        }
                    }
                    Err(_) => self.opaque(Side::Client, Opaque::Ambiguous),
                },
                Inbound::Undecided(kept) => {
                    kept.extend_from_slice(&bytes[at..]);
                    if kept.len() > HEAD_LIMIT {
                        self.opaque(Side::Client, Opaque::Ambiguous);
                    }
                    return bytes.len();
                }
                Inbound::WebSocket => {
                    self.session_bytes(now, Side::Client, &bytes[at..]);
                    return bytes.len();
                }
                Inbound::Opaque => return bytes.len(),
            }
        }
        at
    }

    /// The answer to an upgrade is here, and it is none: what came since is requests.
    pub(super) fn stay_http(&mut self, now: Instant) {
        if let Inbound::Undecided(kept) = &mut self.inbound {
            let kept = std::mem::take(kept);
            self.inbound = Inbound::head();
            self.read_client(now, &kept, None);
        }
    }

    /// The answer to a WebSocket handshake is 101: what came since is frames.
    pub(super) fn become_websocket(&mut self, now: Instant) {
        if let Inbound::Undecided(kept) = &mut self.inbound {
            let kept = std::mem::take(kept);
            self.inbound = Inbound::WebSocket;
            self.session_bytes(now, Side::Client, &kept);
        }
    }

    /// What comes behind a request's head.
    fn follow(&mut self, next: Next) {
        self.inbound = match next {
            Next { body: Body::Ambiguous, .. } => return self.opaque(Side::Client, Opaque::Ambiguous),
            Next { body, .. } if !body.is_none() => Inbound::Body(body),
            Next { upgrade: Upgrade::No, .. } => Inbound::head(),
            Next { .. } => Inbound::Undecided(Vec::new()),
        };
        if self.in_flight.len() > PIPELINE_LIMIT {
            self.opaque(Side::Client, Opaque::Pipeline);
        }
    }

    /// Reads a head from `bytes[at..]`, whole or behind what was carried of it.
    fn read_head(&mut self, now: Instant, bytes: &[u8], at: usize, mut edits: Option<&mut Edits>) -> Read {
        let Inbound::Head(carry) = &mut self.inbound else { return Read::More(bytes.len()) };
        let mut carry = std::mem::take(carry);
        // What is wrong is told further down, where it does not matter how much of the head is here.
        if carry.is_empty()
            && let Ok(Some((next, len))) = self.request(now, &bytes[at..], at as isize, edits.as_deref_mut())
        {
            return Read::Request(next, at + len);
        }
        // A `CR` that begins the empty line waits, so that an edit still finds its place in front of it.
        let may_edit = edits.is_some() && self.worker.may_edit();
        let waits = may_edit && carry.would_begin_empty_line(&bytes[at..]);
        let may_go = bytes.len() - usize::from(waits);
        let mut from = at;
        loop {
            let carried = carry.bytes().len();
            let end = match carry.add(now, &bytes[from..may_go]) {
                Piece::Line(len) if http1::request(&carry.bytes()[..len], |_| ()).is_err() => {
                    return Read::Opaque(Opaque::Malformed);
                }
                Piece::More | Piece::Line(_) => {
                    self.inbound = Inbound::Head(carry);
                    return Read::More(may_go);
                }
                Piece::TooLong => return Read::Opaque(Opaque::HeadTooLong),
                Piece::Ends(end) => from + end,
            };
            match self.request(now, carry.bytes(), from as isize - carried as isize, edits.as_deref_mut()) {
                Ok(Some((next, len))) if len == carry.bytes().len() => return Read::Request(next, end),
                Ok(Some(_)) | Err(_) => return Read::Opaque(Opaque::Malformed),
                // An empty line in front of the request line.
                Ok(None) => from = end,
            }
        }
    }

    /// Parses a head that begins at `base`, seen from the bytes that are edited, and takes its request up.
    fn request(
        &mut self,
        now: Instant,
        bytes: &[u8],
        base: isize,
        edits: Option<&mut Edits>,
    ) -> Result<Option<(Next, usize)>, HeadError> {
        http1::request(bytes, |head| {
            #[cfg(feature = "chaos")]
            chaos::strike_head("request", head.fields);
            if self.in_flight.is_empty() && !self.worker.is_current(&self.routes) {
                self.routes = self.worker.routes();
            }
            self.routes.metrics().active.inc();
            let (endpoint, is_marked) = self.routes.endpoint(head.target);
            let trace = self.routes.rate(endpoint, head.target).map(|rate| {
                let mut reader = Reader::default();
                head.fields.iter().for_each(|field| reader.field(field.name.as_bytes(), field.value));
                self.worker.tracing.borrow_mut().head(now, rate, &reader)
            });
            let trace = trace.unwrap_or_default();
            if let Some(edits) = edits {
                let client = self.worker.forwarded_for.get().then_some(&self.client);
                edits::head(head, base, &trace.wishes(client), edits);
            }
            let fields = || head.fields.iter().map(|field| (field.name.as_bytes(), field.value));
            let live = self.worker.tracing.borrow().open(&trace, || self.routes.name(endpoint, 0), fields());
            let sampled = trace.traceable.is_some_and(|trace| trace.is_sampled());
            let mut note = self.worker.watch.borrow_mut().request(head, is_marked, sampled);
            if let Some(note) = &mut note {
                note.exchange.is_websocket = head.upgrade == Upgrade::WebSocket;
            }
            self.in_flight.push_back(InFlight {
                started: now,
                method: Method::parse(head.method),
                endpoint,
                upgrade: head.upgrade,
                request_size: 0,
                answer: None,
                response_size: 0,
                note,
                version: if head.minor == 0 { Version::Http10 } else { Version::Http11 },
                trace: trace.traceable,
                live,
            });
            let body = head.body;
            #[cfg(feature = "chaos")]
            let body = chaos::body(body, head.fields);
            (Next { body, upgrade: head.upgrade }, head.bytes.len())
        })
    }
}
