//! PromQL over any source of series. Parsing is the `promql-parser` crate's; evaluation is ours.
//!
//! - `series`: what a source of samples is

pub mod series;
