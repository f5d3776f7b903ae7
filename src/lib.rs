//! Outrider rides beside an API gateway and derives metrics, traces and alerts from its traffic alone.
//!
//! The folders and what each may import are in `ARCHITECTURE.md`; `tests/tidy.rs` holds the code to it.

pub mod admin;
pub mod alert;
pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod event;
pub mod gateway;
pub mod history;
pub mod kube;
pub mod metrics;
pub mod observe;
pub mod promql;
pub mod proxy;
pub mod reload;
pub mod route;
pub mod service;
pub mod trace;
pub mod wire;
