//! Alerting: rules over PromQL, what they say, what becomes of what they find, and how people come to know.
//!
//! - `channel`: ways to reach someone
//! - `desk`: where people meet the engine
//! - `engine`: what ticks
//! - `message`: what our own rules say, in Python's format strings
//! - `metrics`: what alerting tells about itself
//! - `notify`: from alerts to what is sent
//! - `rule`: rules, from files and from `agent.yaml`, and their evaluation
//! - `state`: the life of every alert
//! - `store`: what must outlive the process
//! - `template`: annotations as Prometheus rule files write them
//! - `workbench`: what the author of rules works with

pub mod channel;
pub mod desk;
pub mod engine;
pub mod message;
mod metrics;
pub mod notify;
pub mod rule;
pub mod state;
pub mod store;
pub mod template;
pub mod workbench;

pub use metrics::AlertMetrics;
