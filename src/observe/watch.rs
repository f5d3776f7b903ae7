//! What one worker tells of exchanges: decided in line from as little as possible, since most requests have nothing to tell.
//!
//! An exchange that may be worth it is noted while it passes: its heads, and bodies that rules ask for. Notes are reused, so a
//! steady state allocates nothing.

use super::auth;
use super::chance::Chance;
use super::interest::Interests;
use crate::base::ascii::is;
use crate::config::Profile;
use crate::event::exchange::MessageRecord;
use crate::event::{Exchange, Queue, Record, Session, Traced};
use crate::wire::http1::{RequestHead, ResponseHead, Upgrade};
use crate::wire::websocket::Unread;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Instant;

/// Notes kept for reuse by a worker.
const SPARE: usize = 64;
/// Places for what was found harmless; a power of two.
const KNOWN: usize = 1024;
/// A longer target is never judged in line.
const SHORT: usize = 128;

/// A worker's watch.
pub(super) struct Watch {
    interests: Arc<Interests>,
    queue: Queue,
    #[expect(clippy::vec_box, reason = "an exchange is large and moves as a pointer")]
    spare: Vec<Box<Exchange>>,
    harmless: Harmless,
    chance: Chance,
}

/// An exchange that is noted while it passes.
pub(super) struct Note {
    pub(super) exchange: Box<Exchange>,
    /// Bytes of content that are kept of a half whose body is asked for.
    limit: u32,
    keeps_request: bool,
    keeps_response: bool,
    /// It is worth telling.
    pub(super) tell: bool,
}

impl Note {
    pub(super) fn request_body(&mut self, content: &[u8]) {
        if self.keeps_request {
            self.exchange.request.keep_body(content, self.limit as usize);
        }
    }

    /// The answer's head is kept. Of an endless answer the end is what rules want.
    pub(super) fn answer_begins(&mut self) {
        let response = &mut self.exchange.response;
        response.keeps_tail = self.keeps_response
            && response.field("content-type").is_some_and(|kind| kind.starts_with(b"text/event-stream"))
            && response.field("content-encoding").is_none();
    }

    pub(super) fn response_body(&mut self, content: &[u8]) {
        if self.keeps_response {
            self.exchange.response.keep_body(content, self.limit as usize);
        }
    }
}

/// Where the messages of one session are told.
pub struct Talk {
    queue: Queue,
    target: Arc<[u8]>,
    /// Bytes of a message that are kept.
    pub(super) limit: usize,
}

impl Talk {
    pub(super) fn tell(&self, at: Instant, text: Result<&[u8], Unread>) {
        let (target, is_compressed) = (self.target.clone(), text == Err(Unread::Compressed));
        let payload = text.ok().map(<[u8]>::to_vec);
        self.queue.tell(Record::Message(MessageRecord { target, at, payload, is_compressed }));
    }
}

impl Watch {
    pub(super) fn new(interests: Arc<Interests>, queue: Queue) -> Self {
        Self { interests, queue, spare: Vec::new(), harmless: Harmless::default(), chance: Chance::default() }
    }

    pub(super) fn follow(&mut self, interests: Arc<Interests>) {
        self.interests = interests;
        self.harmless = Harmless::default();
    }

    pub(super) fn interests(&self) -> &Interests {
        &self.interests
    }

    /// A note of a request over HTTP/1, if one is to be made. `marked`: its path is one that a pattern names. `sampled`: it has a
    /// span.
    pub(super) fn request(&mut self, head: &RequestHead<'_>, marked: bool, sampled: bool) -> Option<Note> {
        let mut note = self.begin(head.method, marked, sampled)?;
        // What is attacked by being logged (JNDI, shellshock) needs a brace, and few heads have one.
        note.tell = note.tell
            || head.upgrade == Upgrade::WebSocket
            || memchr::memchr(b'{', head.bytes).is_some()
            || !self.is_harmless_target(head.target.as_bytes())
            || head.fields.iter().any(|field| self.asks_for_more(field.name, field.value));
        note.exchange.request.keep_head(head.bytes);
        Some(note)
    }

    /// A note of a request over HTTP/2, if one is to be made; `lines` are its fields.
    pub(super) fn fields(
        &mut self,
        method: &str,
        path: &str,
        lines: &[u8],
        marked: bool,
        sampled: bool,
    ) -> Option<Note> {
        let mut note = self.begin(method, marked, sampled)?;
        let head = &mut note.exchange.request.head;
        [method, " ", path, " HTTP/2\r\n"].into_iter().for_each(|piece| head.extend_from_slice(piece.as_bytes()));
        note.exchange.request.keep_head(lines);
        note.tell = note.tell
            || memchr::memchr(b'{', lines).is_some()
            || !self.is_harmless_target(path.as_bytes())
            || note
                .exchange
                .request
                .fields()
                .any(|(name, value)| std::str::from_utf8(name).is_ok_and(|name| self.asks_for_more(name, value)));
        Some(note)
    }

    fn begin(&mut self, method: &str, marked: bool, sampled: bool) -> Option<Note> {
        let bodies = if marked || self.interests.any_path { self.interests.bodies(method) } else { None };
        let full = self.interests.profile == Profile::Full;
        let logged = self.interests.access > 0.0 && self.chance.falls(self.interests.access);
        if !full && bodies.is_none() && !sampled && !logged && self.interests.signatures.is_empty() {
            return None;
        }
        let (keeps_request, keeps_response) = bodies.unwrap_or_default();
        let mut exchange = self.spare();
        exchange.logged = logged;
        let (limit, tell) = (self.interests.body_limit, marked || bodies.is_some() || sampled || logged);
        Some(Note { exchange, limit, keeps_request, keeps_response, tell })
    }

    fn spare(&mut self) -> Box<Exchange> {
        self.spare.pop().unwrap_or_else(|| self.queue.spare())
    }

    /// The answer's head over HTTP/1.
    pub(super) fn answer(&self, note: &mut Note, head: &ResponseHead<'_>) {
        note.tell = note.tell || head.status >= 400 || head.fields.iter().any(|field| self.tells_limit(field.name));
        if !self.interests.signatures.is_empty() {
            let fields = head.fields.iter().map(|field| (field.name.as_bytes(), field.value));
            self.sign(note, head.status, fields);
        }
        if note.tell {
            note.exchange.response.keep_head(head.bytes);
            note.answer_begins();
        }
    }

    /// The answer's fields over HTTP/2 are in the note.
    pub(super) fn answer_fields(&self, note: &mut Note, status: u16, has_failed: bool) {
        let mut names = note.exchange.response.fields().filter_map(|(name, _)| std::str::from_utf8(name).ok());
        note.tell = note.tell || has_failed || status >= 400 || names.any(|name| self.tells_limit(name));
        drop(names);
        for signature in &self.interests.signatures {
            if signature.may_be(status, note.exchange.response.fields()) {
                note.tell = true;
                note.keeps_response |= signature.reads_body();
            }
        }
    }

    /// An answer that may show a breaker of the gateway's is told, with its body if that is to be read.
    fn sign<'a>(&self, note: &mut Note, status: u16, fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) {
        for signature in self.interests.signatures.iter().filter(|signature| signature.may_be(status, fields.clone())) {
            note.tell = true;
            note.keeps_response |= signature.reads_body();
        }
    }

    fn tells_limit(&self, name: &str) -> bool {
        matches!(name.as_bytes().first(), Some(b'r' | b'R' | b'x' | b'X')) && self.interests.tells_limit(name)
    }

    /// Where the messages of a session are told whose handshake was `note`, if anybody reads them.
    pub(super) fn talk(&self, note: Option<&Note>) -> Option<Talk> {
        let target = note.map_or(&[][..], |note| note.exchange.target());
        let limit = self.interests.body_limit as usize;
        self.interests.messages.then(|| Talk { queue: self.queue.clone(), target: target.into(), limit })
    }

    /// The exchange is over; `complete` writes what is not known yet. One that has a span after all is told even if nothing was
    /// noted of it.
    pub(super) fn end(&mut self, note: Option<Note>, trace: Option<Traced>, complete: impl FnOnce(&mut Exchange)) {
        let (mut exchange, tell) = match note {
            Some(Note { exchange, tell, .. }) => (exchange, tell || trace.is_some()),
            None if trace.is_some() => (self.spare(), true),
            None => return,
        };
        if tell {
            exchange.trace = trace;
            complete(&mut exchange);
            self.queue.tell(Record::Exchange(exchange));
        } else if self.spare.len() < SPARE {
            exchange.clear();
            self.spare.push(exchange);
        }
    }

    /// A session that has a span is over.
    pub(super) fn session(&self, session: Box<Session>) {
        self.queue.tell(Record::Session(session));
    }

    /// Whether a field of a request is one that something is derived from.
    fn asks_for_more(&mut self, name: &str, value: &[u8]) -> bool {
        match name.len() {
            10 if is(name.as_bytes(), b"user-agent") => !self.is_harmless_agent(value),
            _ => auth::Method::may_be_in(name),
        }
    }

    /// Whether a target is known to be no attack where the gateway serves it. Short and plain ones are judged here, once for
    /// all that differ in numbers alone; the rest is for the observe thread.
    fn is_harmless_target(&mut self, target: &[u8]) -> bool {
        let Some(detector) = &self.interests.detector else { return true };
        let query = memchr::memchr(b'?', target).unwrap_or(target.len());
        let plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-');
        let is_plain = target.len() <= SHORT
            && target[..query].iter().all(|byte| plain(byte) || matches!(byte, b'/' | b'.'))
            && target[query..].iter().all(|byte| plain(byte) || matches!(byte, b'?' | b'=' | b'&'));
        is_plain && self.harmless.is(&target[..query], &target[query..], || detector.target(target, 200).is_empty())
    }

    fn is_harmless_agent(&mut self, agent: &[u8]) -> bool {
        let Some(detector) = &self.interests.detector else { return true };
        self.harmless.is(&[], agent, || detector.agent(agent).is_empty())
    }
}

/// What was found harmless before, by hashes that nobody outside can foresee, which no faster hash promises: an attack must not
/// pass for what is known. What finds its place taken pushes the other out.
struct Harmless {
    hash: RandomState,
    places: Box<[u64; KNOWN]>,
}

impl Default for Harmless {
    fn default() -> Self {
        Self { hash: RandomState::new(), places: Box::new([0; KNOWN]) }
    }
}

impl Harmless {
    /// Whether `path`, whose numbers make no difference, and `rest` are known as harmless, or found to be now.
    fn is(&mut self, path: &[u8], rest: &[u8], find_out: impl FnOnce() -> bool) -> bool {
        let mut hasher = self.hash.build_hasher();
        path.chunk_by(|one, two| one.is_ascii_digit() == two.is_ascii_digit()).for_each(|run| match run {
            [b'0'..=b'9', ..] => hasher.write_u8(b'0'),
            words => hasher.write(words),
        });
        hasher.write_u8(0xff);
        hasher.write(rest);
        let hash = hasher.finish();
        let place = &mut self.places[hash as usize % KNOWN];
        if *place == hash {
            return true;
        }
        let is_harmless = find_out();
        if is_harmless {
            *place = hash;
        }
        is_harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::queue::queue;
    use crate::observe::seen::INTERESTS;

    fn watch() -> Watch {
        Watch::new(INTERESTS.clone(), queue().0)
    }

    /// The corpus of attacks: what the observe thread would find must reach it.
    #[test]
    fn every_attack_that_can_be_found_is_told() {
        let mut watch = watch();
        let corpus = include_str!("../../tests/corpus/security/attacks.txt");
        let targets = corpus.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
        let mut found = 0;
        for (_, target) in targets {
            let detector = watch.interests.detector.as_ref().unwrap();
            if !detector.target(target.as_bytes(), 200).is_empty() {
                found += 1;
                assert!(!watch.is_harmless_target(target.as_bytes()), "{target}");
                assert!(!watch.is_harmless_target(target.as_bytes()), "{target}, again");
            }
        }
        assert!(found > 150, "{found}");
    }

    #[test]
    fn plain_requests_are_harmless_and_scanners_are_not() {
        let mut watch = watch();
        for target in ["/", "/api/v1/users/17", "/api/v1/users?page=2&sort=name"] {
            assert!(watch.is_harmless_target(target.as_bytes()), "{target}");
        }
        assert!(watch.is_harmless_agent(b"curl/8.5.0") && watch.is_harmless_agent(b"curl/8.5.0"));
        assert!(!watch.is_harmless_agent(b"sqlmap/1.7") && !watch.is_harmless_agent(b"sqlmap/1.7"));
    }
}
