//! The values of an exchange, as far as a rule asks for them.

use super::content::{self, Unread};
use super::pointer::Pointer;
use crate::config::business::Source;
use crate::event::Exchange;
use crate::event::exchange::Message;
use crate::route::Pattern;

/// Places that one rule reads, sorted by where they are so that each body is read once.
pub(super) struct Places {
    sources: Vec<Source>,
    request: Pointers,
    response: Pointers,
    websocket: Pointers,
}

/// Pointers into one body, and which places they are.
#[derive(Default)]
struct Pointers {
    at: Vec<usize>,
    pointers: Vec<Pointer>,
}

/// An exchange, and how much of a body is kept.
pub(super) struct Values<'a> {
    pub(super) exchange: &'a Exchange,
    limit: usize,
}

/// What was found, by place, and what could not be read.
pub(super) struct Found {
    pub(super) values: Vec<Option<String>>,
    pub(super) unread: Option<Unread>,
}

impl Places {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let pointers = |of: fn(&Source) -> Option<&String>| {
            let found = sources.iter().enumerate().filter_map(|(at, source)| Some((at, Pointer::new(of(source)?))));
            let (at, pointers) = found.unzip();
            Pointers { at, pointers }
        };
        Self {
            request: pointers(|source| if let Source::Request(pointer) = source { Some(pointer) } else { None }),
            response: pointers(|source| if let Source::Response(pointer) = source { Some(pointer) } else { None }),
            websocket: pointers(|source| if let Source::Websocket(pointer) = source { Some(pointer) } else { None }),
            sources,
        }
    }

    /// Whether a message of a WebSocket is read.
    pub(super) fn reads_messages(&self) -> bool {
        !self.websocket.at.is_empty()
    }

    /// The values of a message of a WebSocket, or `None` where it is no JSON or has none of them.
    pub(super) fn message(&self, payload: &[u8]) -> Option<Vec<Option<String>>> {
        let mut values = vec![None; self.sources.len()];
        let found = super::pointer::find(payload, &self.websocket.pointers).ok()?;
        self.websocket.at.iter().zip(found).for_each(|(at, value)| values[*at] = value);
        values.iter().any(Option::is_some).then_some(values)
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(exchange: &'a Exchange, limit: usize) -> Self {
        Self { exchange, limit }
    }

    /// The values at `places`. `patterns` are those of which one matched. Of an answer that is not asked for JSON, and is
    /// none, nothing is read.
    pub(super) fn read(&self, places: &Places, patterns: &[Pattern], response: Reading) -> Found {
        let mut found = Found { values: vec![None; places.sources.len()], unread: None };
        for (at, source) in places.sources.iter().enumerate() {
            found.values[at] = self.plain(source, patterns);
        }
        self.body(&self.exchange.request, &places.request, &mut found);
        let is_read = match response {
            Reading::Nothing => false,
            Reading::IfJson => content::is_json(&self.exchange.response),
            Reading::Always => true,
        };
        if is_read {
            self.body(&self.exchange.response, &places.response, &mut found);
        }
        found
    }

    fn body(&self, message: &Message, pointers: &Pointers, found: &mut Found) {
        if pointers.at.is_empty() {
            return;
        }
        match content::read(message, self.limit, &pointers.pointers) {
            Ok(values) => pointers.at.iter().zip(values).for_each(|(at, value)| found.values[*at] = value),
            Err(unread) => found.unread = Some(unread),
        }
    }

    /// A value that is in no body.
    fn plain(&self, source: &Source, patterns: &[Pattern]) -> Option<String> {
        let text = |value: &[u8]| std::str::from_utf8(value).ok().map(str::to_owned);
        match source {
            Source::Header(name) => self.exchange.request.field(name).and_then(text),
            Source::ResponseHeader(name) => self.exchange.response.field(name).and_then(text),
            Source::Query(name) => {
                let target = self.exchange.target();
                let query = &target[target.iter().position(|byte| *byte == b'?')? + 1..];
                let found = form_urlencoded::parse(query).find(|(known, _)| known == name);
                found.map(|(_, value)| value.into_owned())
            }
            Source::Path(name) => patterns.iter().find_map(|pattern| {
                let at = pattern.parameter_names().position(|known| known == name)?;
                pattern.parameters(self.exchange.target())?.get(at).and_then(|value| text(value))
            }),
            Source::Request(_) | Source::Response(_) | Source::Websocket(_) => None,
        }
    }
}

/// When the answer's body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Never: the status says enough.
    Nothing,
    /// Where it says that it is JSON.
    IfJson,
    /// In any case.
    Always,
}
