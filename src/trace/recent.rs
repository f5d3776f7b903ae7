//! The last spans, for `/api/v1/traces/recent`. What is older falls out.

use super::export::Item;
use super::span::{hex, value_of};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use parking_lot::Mutex;
use std::cmp::Reverse;
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

/// So many traces are worth a look at once, and those of the last five minutes only.
const WORTH: (usize, u64) = (3, 300_000_000_000);

impl Recent {
    /// The ids of traces that are worth a look at `now` (Unix nanoseconds): the youngest that failed, or where none did the
    /// slowest.
    pub fn worth_a_look(&self, now: u64) -> Vec<String> {
        let (most, late) = WORTH;
        let spans = self.spans.lock();
        let of_late = || spans.iter().rev().filter(|item| now.saturating_sub(item.span.end_time_unix_nano) < late);
        let failed =
            |item: &&Arc<Item>| item.span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        let mut items: Vec<&Arc<Item>> = of_late().filter(failed).collect();
        if items.is_empty() {
            items = of_late().collect();
            items.sort_by_key(|item| {
                Reverse(item.span.end_time_unix_nano.saturating_sub(item.span.start_time_unix_nano))
            });
        }
        let mut ids: Vec<String> = Vec::new();
        for id in items.iter().map(|item| hex(&item.span.trace_id)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
            if ids.len() == most {
                break;
            }
        }
        ids
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

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::trace::v1::{Span, Status};

    fn recent(spans: &[(u8, u64, u64, bool)]) -> Recent {
        let recent = Recent::new(100);
        for (trace, from, to, failed) in spans {
            let second = 1_000_000_000;
            let status = failed.then(|| Status { code: StatusCode::Error.into(), ..Status::default() });
            let (start_time_unix_nano, end_time_unix_nano) = (from * second, to * second);
            let span =
                Span { trace_id: vec![*trace; 2], start_time_unix_nano, end_time_unix_nano, status, ..Span::default() };
            recent.push(Arc::new(Item { span, origin: None }));
        }
        recent
    }

    #[test]
    fn traces_that_failed_are_worth_a_look_and_else_the_slowest() {
        let now = 1_000 * 1_000_000_000;
        let failed =
            [(1, 990, 991, true), (2, 900, 999, false), (3, 995, 996, true), (3, 995, 996, true), (4, 10, 11, true)];
        assert_eq!(recent(&failed).worth_a_look(now), ["0303", "0101"]);
        let slow =
            [(1, 998, 999, false), (2, 990, 995, false), (3, 991, 993, false), (4, 990, 999, false), (5, 0, 9, false)];
        assert_eq!(recent(&slow).worth_a_look(now), ["0404", "0202", "0303"]);
        assert!(recent(&[]).worth_a_look(now).is_empty());
    }
}
