//! `/api/v1/log-level`: what is written to the log, changed without a restart. A reload puts the file's level back.

use super::Shared;
use super::reply::{CorrelationId, envelope, problem};
use crate::config::Level;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

/// The level, and what changes it.
pub struct LevelSwitch {
    current: Mutex<Level>,
    apply: Box<dyn Fn(Level) + Send + Sync>,
}

impl LevelSwitch {
    /// At `level` now; `apply` changes it.
    pub fn new(level: Level, apply: impl Fn(Level) + Send + Sync + 'static) -> Self {
        Self { current: Mutex::new(level), apply: Box::new(apply) }
    }

    /// What is written now.
    pub fn get(&self) -> Level {
        *self.current.lock()
    }

    /// From now on `level`.
    pub fn set(&self, level: Level) {
        let mut current = self.current.lock();
        (self.apply)(level);
        *current = level;
    }
}

const LEVELS: [Level; 4] = [Level::Error, Level::Warn, Level::Info, Level::Debug];

#[derive(Deserialize)]
pub(super) struct Wanted {
    level: Option<String>,
}

/// `GET`
pub(super) async fn show(State(view): State<Shared>, Extension(id): Extension<CorrelationId>) -> Response {
    envelope(&view, &id, json!({ "level": view.level.get().as_str() }))
}

/// `PUT ?level=`
pub(super) async fn set(
    State(view): State<Shared>,
    Extension(id): Extension<CorrelationId>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let named = wanted.level.unwrap_or_default();
    let Some(level) = LEVELS.into_iter().find(|level| level.as_str() == named) else {
        return problem(StatusCode::BAD_REQUEST, "level must be error, warn, info or debug");
    };
    view.level.set(level);
    envelope(&view, &id, json!({ "level": level.as_str() }))
}
