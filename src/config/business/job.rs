//! Work that goes on after the answer.

use std::time::Duration;

use serde::Serialize;

use super::{Source, values};
use crate::config::quantity::{as_text, duration_in};
use crate::config::read::{Keys, Node};
use crate::config::routes::{Pattern, pattern};

/// Work that is accepted first (202 and an id) and done later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Where the answer has the id.
    pub id: Source,
    /// The endpoint that tells how it goes; its one parameter is the id.
    pub poll: Option<Pattern>,
    /// Where a WebSocket message has the id.
    pub message_id: Option<Source>,
    /// Where a poll's answer or a message has the state.
    pub state: Source,
    /// States that mean success.
    pub done: Vec<String>,
    /// States that mean failure.
    pub failed: Vec<String>,
    /// After how long a job without an end counts as a failure.
    #[serde(serialize_with = "as_text")]
    pub timeout: Duration,
}

impl Job {
    pub(super) fn read(node: &Node<'_>, keys: &mut Keys<'_>) -> Option<Self> {
        let source = |node: Node<'_>| {
            if !node.is_set() {
                node.fault("is missing");
            }
            node.optional(|keys| Source::need(&node, keys))
        };
        let id = source(keys.key("id"));
        let poll_node = keys.key("poll");
        let poll = poll_node.get(pattern);
        if poll.as_ref().is_some_and(|poll| poll.as_str().matches('{').count() != 1) {
            poll_node.fault("needs exactly one {parameter}, which is the id");
        }
        let message_node = keys.key("message_id");
        let message_id = if message_node.is_set() { source(message_node) } else { None };
        if poll.is_none() && message_id.is_none() {
            node.fault("needs `poll` or `message_id`, or its end is never seen");
        }
        let state = source(keys.key("state"));
        let (done, failed) = (values(&keys.key("done")), values(&keys.key("failed")));
        let limits = Duration::from_secs(1)..=Duration::from_secs(86_400);
        let timeout = keys.key("timeout").get(duration_in(limits)).unwrap_or(Duration::from_secs(600));
        Some(Self { id: id?, poll, message_id, state: state?, done: done?, failed: failed?, timeout })
    }
}
