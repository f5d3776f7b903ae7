//! Outrider rides beside an API gateway and derives metrics, traces and alerts from its traffic alone.
//!
//! The folders and what each may import are in `ARCHITECTURE.md`; `tests/tidy.rs` holds the code to it.

pub mod base;
pub mod config;
pub mod history;
pub mod promql;
pub mod route;
pub mod wire;
