//! How many endpoints there are.

use super::family::Family;
use super::registry::Registry;
use prometheus::IntGauge;

/// The name of the family.
pub const ROUTES: &str = "outrider_routes";

/// Endpoints by where their names come from.
#[derive(Clone)]
pub struct RouteMetrics {
    routes: Family<IntGauge>,
}

impl RouteMetrics {
    /// Registers the family.
    pub fn register(registry: &Registry) -> Self {
        Self { routes: Family::register(registry, ROUTES, "Endpoints by where their names come from.", &["source"]) }
    }

    /// So many of `source`.
    pub fn endpoints(&self, source: &str, count: usize) {
        self.routes.with(&[source]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
