//! PromQL as of Prometheus 3 over any source of series, for samples that are floats.
//!
//! [`Query::parse`] checks a query once; [`Query::instant`] and [`Query::range`] evaluate it as often as wanted, against any
//! [`Series`], within [`Limits`]. Errors carry their position in the query. What Prometheus has behind feature flags
//! (experimental functions, duration expressions, `anchored` and `smoothed`, `fill`) is always there; native histograms
//! and `info()` are not.
//!
//! - `annotations`: warnings that go with a result
//! - `ast`: the tree of a query
//! - `error`: what is wrong with a query, and where
//! - `eval`: evaluation
//! - `function`: the functions of the language
//! - `lex`, `parse`: text to tree
//! - `memory`: series in memory
//! - `notation`: series as test files write them
//! - `number`, `quote`, `pattern`: numbers, strings and regular expressions as PromQL has them
//! - `query`: the interface
//! - `series`: what a source of samples is
//!
//! The parser is our own: the `promql-parser` crate has no positions in its tree or errors, panics on `foo[1e30]`, and
//! refuses numbers such as `1_000` that the language documents. It is a peer in the tests instead.

mod annotations;
mod ast;
mod error;
mod eval;
mod function;
mod lex;
pub mod memory;
pub mod notation;
pub mod number;
mod parse;
pub mod pattern;
mod query;
pub mod quote;
pub mod series;

pub use annotations::Annotation;
pub use ast::ValueType;
pub use error::{Error, ErrorKind, Span};
pub use memory::Memory;
pub use query::{Answer, Element, Limits, Options, Query, Value};
pub use series::Series;
