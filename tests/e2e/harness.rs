//! What the tests stand on: processes, the road, the gateway, raw connections and metrics.
//!
//! - `wait`: deadlines
//! - `process`: a child that ends with its guard, and what it printed
//! - `road`: Outrider and its configuration
//! - `raw`: HTTP over a bare socket
//! - `exposition`: Prometheus text, read

// The clients and the gateway land next and use the rest.
#![allow(dead_code)]

pub mod exposition;
pub mod process;
pub mod raw;
pub mod road;
pub mod wait;
