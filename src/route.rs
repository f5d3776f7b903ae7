//! Path → endpoint: a small, bounded, repeatable set of templates such as `/api/v1/users/{id}`, fit to be a metric label.
//!
//! A request target is tried against, in this order,
//!
//! 1. the explicit patterns (`routes.patterns`), the most specific first,
//! 2. the templates of the gateway's own OpenAPI document, likewise,
//! 3. static assets, which share the one endpoint `static`,
//! 4. shape: segments that look like identifiers (numbers, UUIDs, hashes, dates, mail addresses, …) become `{id}`,
//! 5. folds: on a level that has had too many words, all but the busiest of them become `{id}` too,
//! 6. `other`, which takes everything new once there are `routes.max` endpoints.
//!
//! What only shape knows becomes an endpoint when a response shows that the gateway serves it ([`Router::settle`]); until
//! then it is `other`, so that a scanner's thousand 404s do not eat the budget. The method makes no difference.
//!
//! Nothing here is random or timed: the same requests in the same order give the same endpoints after every restart.
//! Another order gives the same endpoints but for folds and a full table: which words a level has had before it folds, and
//! which templates came first, is the order's. What is a fold's stays so across reloads ([`Table::inherit`]).
//!
//! - `target`: a request target as path segments (query, dots, slashes, percent-encoding, matrix parameters)
//! - `pattern`: one explicit pattern, parsed
//! - `matcher`: many patterns, matched at once
//! - `openapi`: the templates of an OpenAPI document
//! - `shape`: which segments are identifiers, and which paths call a method
//! - `asset`: which paths are static assets
//! - `fold`: templates with the words of crowded levels folded
//! - `levels`: which levels are crowded
//! - `table`: names and ids, shared by the workers
//! - `report`: what a table has found
//! - `router`: one worker's lookups
//! - `candidates`: templates that no response has confirmed yet

mod asset;
mod candidates;
mod fold;
mod levels;
mod matcher;
mod openapi;
mod pattern;
mod report;
mod router;
mod shape;
mod table;
mod target;

pub use openapi::{Document, DocumentError};
pub use pattern::{Pattern, PatternError};
pub use report::{Fold, Report};
pub use router::Router;
pub use table::{Endpoint, Source, Table};
