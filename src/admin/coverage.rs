//! `GET /api/v1/coverage`: what is seen and what is not, why, and which key shows more.

use super::Shared;
use super::reply::{CorrelationId, envelope};
use crate::event::coverage::Area;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Areas with their families; `unseen` are the families of them all that are not exported now.
pub(super) async fn coverage(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    let gathered = view.registry.gather();
    let exported: BTreeSet<&str> = gathered.iter().map(|family| family.name()).collect();
    let areas = view.coverage.areas();
    let names = || areas.iter().flat_map(|area| area.metrics.split_whitespace());
    let unseen: Vec<&str> = names().filter(|name| !exported.contains(name)).collect();
    let areas: Vec<Value> = areas.iter().map(|area| of(area, &exported)).collect();
    envelope(&view, &id, json!({ "coverage": { "areas": areas, "unseen": unseen } }))
}

fn of(area: &Area, exported: &BTreeSet<&str>) -> Value {
    let metrics = area.metrics.split_whitespace();
    let metrics: Vec<Value> =
        metrics.map(|name| json!({ "name": name, "exported": exported.contains(name) })).collect();
    json!({
        "name": area.name,
        "status": area.status,
        "reason": area.why,
        "enable": area.enable,
        "metrics": metrics,
    })
}
