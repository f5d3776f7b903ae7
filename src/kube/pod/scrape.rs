//! Who is told about metrics: what `prometheus.io/*` say of the gateway becomes what Outrider merges, and they lead to Outrider.

use super::super::edit::{self, Edits};
use super::super::gateway::Gateway;
use super::super::settings::{Merge, Wishes};
use super::checks::Ports;
use serde_json::Value;

const SCRAPE: &str = "prometheus.io/scrape";
const PORT: &str = "prometheus.io/port";
const PATH: &str = "prometheus.io/path";
const SCHEME: &str = "prometheus.io/scheme";
/// Where our metrics are.
const OURS: &str = "/api/v1/metrics";

/// What is to become of the annotations.
pub(super) struct Scrape {
    /// The gateway's own metrics.
    pub(super) merge: Option<String>,
    /// Why they stay as they are.
    stay: Option<&'static str>,
}

impl Scrape {
    /// What a pod says.
    pub(super) fn read(pod: &Value, wishes: &Wishes, gateway: &Gateway) -> Self {
        let annotations = edit::annotations(pod);
        let text = |key: &str| annotations?.get(key)?.as_str();
        let scraped = text(SCRAPE).is_some_and(|word| word == "true");
        let (merge, stay) = match &wishes.merge {
            Merge::Url(url) => (Some(url.clone()), None),
            Merge::Off => (None, None),
            Merge::AsAnnotated if !scraped => (None, None),
            Merge::AsAnnotated if text(SCHEME) == Some("https") => {
                let why = "the gateway's own metrics are served over https by a certificate that is not for 127.0.0.1: its \
                    prometheus.io/* annotations stay";
                (None, Some(why))
            }
            Merge::AsAnnotated => {
                let port = text(PORT).map_or_else(|| gateway.port.to_string(), str::to_owned);
                (Some(format!("http://127.0.0.1:{port}{}", text(PATH).unwrap_or("/metrics"))), None)
            }
        };
        // Who said that nobody is to scrape this pod meant us too.
        let refused = text(SCRAPE).is_some() && !scraped;
        Self { merge, stay: stay.or(refused.then_some("")) }
    }

    /// Leads scrapers to us; gives what people should know.
    pub(super) fn apply(&self, edits: &mut Edits<'_>, ports: &Ports) -> Option<String> {
        if let Some(why) = self.stay {
            return Some(why.to_owned()).filter(|why| !why.is_empty());
        }
        let annotation = |key| ["metadata", "annotations", key];
        edits.set(&annotation(SCRAPE), "true");
        edits.set(&annotation(PORT), ports.admin.to_string());
        edits.set(&annotation(PATH), OURS);
        if ports.scheme == "https" || edits.get(&annotation(SCHEME)).is_some() {
            edits.set(&annotation(SCHEME), ports.scheme);
        }
        self.merge.as_ref().map(|url| format!("the gateway's own metrics are merged from {url}"))
    }
}
