//! Path → endpoint: a small, bounded, repeatable set of templates such as `/api/v1/users/{id}`, fit to be a metric label.
//!
//! A request target is tried against, in this order,
//!
//! 1. the explicit patterns (`routes.patterns`), the most specific first,
//! 2. static assets, which share the one endpoint `static`,
//! 3. shape: segments that look like identifiers (numbers, UUIDs, hashes, dates, mail addresses, …) become `{id}`,
//! 4. `other`, which takes everything once there are `routes.max` endpoints.
//!
//! What only shape knows becomes an endpoint when a response shows that the gateway serves it ([`Router::settle`]); until
//! then it is `other`, so that a scanner's thousand 404s do not eat the budget. Nothing here is random: the same requests
//! in the same order give the same endpoints after every restart.
//!
//! - `target`: a request target as path segments (query, dots, slashes, percent-encoding, matrix parameters)
//! - `pattern`: one explicit pattern, parsed
//! - `matcher`: many patterns, matched at once
//! - `shape`: which segments are identifiers, and which paths call a method
//! - `asset`: which paths are static assets
//! - `table`: names and ids, shared by the workers
//! - `router`: one worker's lookups
//! - `candidates`: templates that no response has confirmed yet

mod asset;
mod candidates;
mod matcher;
mod pattern;
mod router;
mod shape;
mod table;
mod target;

pub use pattern::{Pattern, PatternError};
pub use router::Router;
pub use table::{Endpoint, Source, Table};
