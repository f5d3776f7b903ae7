//! Which endpoint calls which service, and how long that takes.

use super::Origin;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Pairs of endpoint and service that are told apart.
const MOST: usize = 4096;

/// What a call was linked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The context that it carries.
    Context,
    /// A header, to one request.
    Header,
    /// A header, to one of several.
    Several,
    /// That one request alone was open.
    Likely,
    /// Nothing.
    Nothing,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Context, Self::Header, Self::Several, Self::Likely, Self::Nothing];

    pub(super) fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Context => Self::Context,
            Origin::Header(_) => Self::Header,
            Origin::Several(_) => Self::Several,
            Origin::Likely(_) => Self::Likely,
            Origin::Unknown => Self::Nothing,
        }
    }

    /// As the admin API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Header => "header",
            Self::Several => "several",
            Self::Likely => "likely",
            Self::Nothing => "nothing",
        }
    }
}

/// Where a call is counted when it is over.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    row: usize,
    by: By,
}

/// Calls of one endpoint to one service that are over.
#[derive(Clone, Debug)]
pub struct Row {
    /// The endpoint; none where it is not known.
    pub endpoint: Option<Arc<str>>,
    /// The service, as it is counted.
    pub service: Box<str>,
    /// Calls, as [`By::ALL`] has them.
    pub by: [u64; By::ALL.len()],
    /// Those that had no answer, or one of 400 and above.
    pub failures: u64,
    /// From head to the last byte, together.
    pub time: Duration,
}

/// All of them.
#[derive(Default)]
pub(super) struct Map {
    rows: Vec<Row>,
    known: HashMap<Option<Arc<str>>, Vec<usize>>,
}

impl Map {
    /// Where calls of `endpoint` to `service` are counted; nowhere where there are too many.
    pub(super) fn edge(&mut self, endpoint: Option<&Arc<str>>, service: &str, by: By) -> Option<Edge> {
        let key = endpoint.cloned();
        let rows = self.known.get(&key).map_or(&[][..], Vec::as_slice);
        if let Some(row) = rows.iter().find(|row| *self.rows[**row].service == *service) {
            return Some(Edge { row: *row, by });
        }
        if self.rows.len() == MOST {
            return None;
        }
        let (row, by_of_none) = (self.rows.len(), [0; By::ALL.len()]);
        let (endpoint, service) = (key.clone(), service.into());
        self.rows.push(Row { endpoint, service, by: by_of_none, failures: 0, time: Duration::ZERO });
        self.known.entry(key).or_default().push(row);
        Some(Edge { row, by })
    }

    /// A call is over.
    pub(super) fn ended(&mut self, Edge { row, by }: Edge, took: Duration, failed: bool) {
        let Some(row) = self.rows.get_mut(row) else { return };
        row.by[by as usize] += 1;
        row.failures += u64::from(failed);
        row.time += took;
    }

    /// Those that have ended calls, by endpoint and service.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> =
            self.rows.iter().filter(|row| row.by.iter().any(|count| *count > 0)).cloned().collect();
        rows.sort_by(|a, b| (&a.endpoint, &a.service).cmp(&(&b.endpoint, &b.service)));
        rows
    }
}
