//! The gateway's OpenAPI document, from a URL or a file, read now and then.

use super::fetch::Fetcher;
use crate::config::{OpenApi, Routes};
use crate::route::Document;
use std::time::{Duration, Instant};

/// Bytes of a document, at most.
const LIMIT: usize = 32 << 20;
/// How long a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A gateway that is not up yet is asked again after this long.
const RETRY: Duration = Duration::from_secs(2);

/// Reads it, when it is time to.
pub struct Reader {
    fetcher: Fetcher,
    source: Option<OpenApi>,
    refresh: Duration,
    due: Option<Instant>,
    /// What was read last, to see whether it is another.
    last: Option<String>,
    error: Option<String>,
}

/// Without a document yet.
impl Default for Reader {
    fn default() -> Self {
        let fetcher = Fetcher::new(|builder| builder.timeout(TIMEOUT));
        Self { fetcher, source: None, refresh: RETRY, due: None, last: None, error: None }
    }
}

impl Reader {
    /// From now on what `routes` names.
    pub fn follow(&mut self, routes: &Routes, now: Instant) {
        self.refresh = routes.refresh;
        if self.source != routes.openapi {
            (self.last, self.error) = (None, None);
            self.source.clone_from(&routes.openapi);
            self.due = self.source.as_ref().map(|_| now);
        }
    }

    /// When it is to be read next.
    pub fn next(&self) -> Option<Instant> {
        self.due
    }

    /// What went wrong at the last read.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Reads it, if it is due; a document that is another than before.
    pub async fn read(&mut self, now: Instant) -> Option<Document> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        let text = match self.source.as_ref()? {
            OpenApi::Url(url) => self.fetcher.text(url.as_str(), "application/json, */*;q=0.5", LIMIT).await,
            OpenApi::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
        };
        let read = match text {
            Ok(text) if self.last.as_ref() == Some(&text) => Ok(None),
            Ok(text) => Document::parse(&text).map_err(|error| error.to_string()).map(|document| {
                self.last = Some(text);
                Some(document)
            }),
            Err(error) => Err(error),
        };
        let known = self.last.is_some();
        self.due = Some(now + if read.is_err() && !known { RETRY.min(self.refresh) } else { self.refresh });
        match read {
            Ok(document) => {
                self.error = None;
                document
            }
            Err(error) => {
                // Once for each cause: a gateway that is not up yet would fill the log.
                if self.error.as_ref() != Some(&error) {
                    tracing::warn!(error, "routes.openapi: the document cannot be read");
                }
                self.error = Some(error);
                None
            }
        }
    }
}
