//! `series`, `labels`, `label/{name}/values` and `metadata`.

use super::answer::{Failure, metric, success};
use super::params::Params;
use crate::admin::Shared;
use crate::base::Labels;
use ::prometheus::proto::MetricType;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use std::collections::BTreeSet;

/// `GET|POST /api/v1/series`
pub(super) async fn series(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    if params.selectors()?.is_empty() {
        return Err(Failure::bad("no match[] parameter provided"));
    }
    let found: BTreeSet<Labels> = found(&view, &params)?.into_iter().collect();
    Ok(success(found.iter().take(params.limit()?).map(metric).collect()))
}

/// `GET|POST /api/v1/labels`
pub(super) async fn labels(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    let found = found(&view, &params)?;
    let names: BTreeSet<&str> = found.iter().flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
    Ok(success(names.into_iter().take(params.limit()?).collect()))
}

/// `GET /api/v1/label/{name}/values`
pub(super) async fn values(
    State(view): State<Shared>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, Failure> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(word) {
        return Err(Failure::bad(format!("invalid label name: {name:?}")));
    }
    let found = found(&view, &params)?;
    let values: BTreeSet<&str> =
        found.iter().map(|labels| labels.get(&name)).filter(|value| !value.is_empty()).collect();
    Ok(success(values.into_iter().take(params.limit()?).collect()))
}

/// The labels of the series that any of the selectors selects; of all where there is none.
fn found(view: &Shared, params: &Params) -> Result<Vec<Labels>, Failure> {
    let (from, to) = params.window()?;
    let selectors = params.selectors()?;
    if selectors.is_empty() {
        return Ok(view.history.labels(&[], from, to));
    }
    Ok(selectors.iter().flat_map(|matchers| view.history.labels(matchers, from, to)).collect())
}

/// `GET /api/v1/metadata`: types and help of our own families.
pub(super) async fn metadata(State(view): State<Shared>, params: Params) -> Result<Response, Failure> {
    let (limit, only) = (params.limit()?, params.get("metric"));
    let families = view.registry.gather();
    let wanted = families.iter().filter(|family| only.is_none_or(|only| only == family.name())).take(limit);
    let entry = |family: &::prometheus::proto::MetricFamily| {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            MetricType::SUMMARY => "summary",
            MetricType::UNTYPED => "unknown",
        };
        (family.name().to_owned(), json!([{ "type": kind, "help": family.help(), "unit": "" }]))
    };
    Ok(success(wanted.map(entry).collect::<serde_json::Map<_, _>>().into()))
}
