//! Alerting: rules over PromQL, and what they say.
//!
//! - `message`: what our own rules say, in Python's format strings
//! - `rule`: rules, from files and from `agent.yaml`, and their evaluation
//! - `template`: annotations as Prometheus rule files write them

pub mod message;
pub mod rule;
pub mod template;
