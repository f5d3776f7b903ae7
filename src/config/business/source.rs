//! Places in an exchange that hold a value.

use serde::Serialize;

use crate::config::read::{Keys, Node};
use crate::config::scalar::{header_name, text};
use crate::config::yaml::Yaml;

/// A place in an exchange that holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A JSON pointer (RFC 6901) into the request's body.
    Request(String),
    /// A JSON pointer into the response's body, or the last event of a stream that has it.
    Response(String),
    /// A JSON pointer into a WebSocket message.
    Websocket(String),
    /// A header of the request.
    Header(String),
    /// A header of the response.
    ResponseHeader(String),
    /// A parameter of the query.
    Query(String),
    /// A parameter of the endpoint's template.
    Path(String),
}

impl Source {
    /// Exactly one of the keys that name a place; `node` is the map they are in.
    pub(super) fn need(node: &Node<'_>, keys: &mut Keys<'_>) -> Option<Self> {
        let found = [
            keys.key("request").get(pointer).map(Self::Request),
            keys.key("response").get(pointer).map(Self::Response),
            keys.key("websocket").get(pointer).map(Self::Websocket),
            keys.key("header").get(header_name).map(Self::Header),
            keys.key("response_header").get(header_name).map(Self::ResponseHeader),
            keys.key("query").get(text).map(Self::Query),
            keys.key("path").get(text).map(Self::Path),
        ];
        let mut found = found.into_iter().flatten();
        let first = found.next();
        if first.is_none() || found.next().is_some() {
            const PLACES: &str = "request, response, websocket, header, response_header, query, path";
            node.fault(format!("needs exactly one of {PLACES}"));
        }
        first
    }
}

/// A JSON pointer, RFC 6901; the empty one is the whole document and has no use here.
fn pointer(value: &Yaml) -> Result<String, String> {
    let pointer = text(value)?;
    let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    match pointer.starts_with('/') && escapes {
        true => Ok(pointer),
        false => Err(format!("expected a JSON pointer such as /usage/total_tokens, found `{pointer}`")),
    }
}
