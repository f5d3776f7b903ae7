//! The last spans, for `/api/v1/traces/recent`. What is older falls out.

use super::export::Item;
use super::span::{hex, value_of};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The ring.
#[derive(Default)]
pub struct Recent {
    most: usize,
    spans: Mutex<VecDeque<Arc<Item>>>,
}

/// Which spans are asked for; what is absent does not matter.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// The answer's status code, or its class (`5` for 5xx).
    pub status: Option<u16>,
    /// Whether it is an error.
    pub error: Option<bool>,
    /// The endpoint's template.
    pub endpoint: Option<String>,
    /// How long it took at least.
    pub at_least: Option<Duration>,
    /// The trace's id, 32 hexadecimal digits.
    pub trace: Option<String>,
}

impl Recent {
    /// Room for so many.
    pub fn new(most: usize) -> Self {
        Self { most, spans: Mutex::default() }
    }

    /// One more.
    pub fn push(&self, item: Arc<Item>) {
        if self.most == 0 {
            return;
        }
        let mut spans = self.spans.lock();
        if spans.len() == self.most {
            spans.pop_front();
        }
        spans.push_back(item);
    }

    /// Those that `filter` lets through, the youngest first, `limit` at most.
    pub fn find(&self, filter: &Filter, limit: usize) -> Vec<Arc<Item>> {
        let all: Vec<Arc<Item>> = self.spans.lock().iter().rev().cloned().collect();
        all.into_iter().filter(|item| filter.passes(item)).take(limit).collect()
    }
}

impl Filter {
    fn passes(&self, Item { span, .. }: &Item) -> bool {
        let attribute = |key: &str| span.attributes.iter().find(|one| one.key == key);
        let status = || match attribute("http.response.status_code")?.value.as_ref()?.value.as_ref()? {
            Value::IntValue(status) => u16::try_from(*status).ok(),
            _ => None,
        };
        let is_error = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        let took = Duration::from_nanos(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano));
        self.status.is_none_or(|asked| status().is_some_and(|status| status == asked || status / 100 == asked))
            && self.error.is_none_or(|asked| is_error == asked)
            && self.endpoint.as_deref().is_none_or(|asked| attribute("http.route").and_then(value_of) == Some(asked))
            && self.at_least.is_none_or(|asked| took >= asked)
            && self.trace.as_deref().is_none_or(|asked| hex(&span.trace_id).eq_ignore_ascii_case(asked))
    }
}
